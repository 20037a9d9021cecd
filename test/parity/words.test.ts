/** Four-letter words: section J of docs/parity.md, as monitoring sees them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../../src/index.ts';
import { CreateFlag } from '../../src/jute/proto.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { freePort } from '../support/free-port.ts';
import { encodeConnectRequest, type RawClient } from '../support/raw-client.ts';
import { create, getData, setData } from '../support/raw-requests.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { exists } from './requests.ts';
import { useSite } from './site.ts';

/** Key and value of each line. */
function pairsOf(text: string, separator: string): Map<string, string> {
  const pairs = text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(separator));
  return new Map(pairs.map(([key, value]) => [key ?? '', value ?? '']));
}

const notServing = 'This ZooKeeper instance is not currently serving requests\n';

describe('a server with a client, an ephemeral node and watches', () => {
  const site = useSite();
  let client: RawClient;
  let id = '';

  beforeAll(async () => {
    client = await site.connect();
    id = `0x${client.session.id.toString(16)}`;
    await create(client, '/e', { flags: CreateFlag.ephemeral });
    await getData(client, '/e', true);
    await exists(client, '/none', true);
  });

  it('answers ruok', async () => {
    expect(await site.ask('ruok')).toBe('imok');
  });

  it('tells with srvr and stat what it has done', async () => {
    const statistics =
      /Latency min\/avg\/max: \d+\/\d+\.\d+\/\d+\nReceived: \d+\nSent: \d+\nConnections: 2\n/;
    const head = /^Zookeeper version: 3\.9\.\d+-\S+, built on \d{4}-\d\d-\d\d \d\d:\d\d UTC\n/;
    const srvr = await site.ask('srvr');
    expect(srvr).toMatch(head);
    expect(srvr).toMatch(statistics);
    expect(srvr).toMatch(/Outstanding: 0\nZxid: 0x2\nMode: standalone\nNode count: 6\n$/);
    const stat = await site.ask('stat');
    expect(stat).toMatch(head);
    expect(stat).toMatch(
      /\nClients:\n( \/127\.0\.0\.1:\d+\[\d\]\(queued=\d,recved=\d+,sent=\d+\)\n){2}/,
    );
    expect(stat).toMatch(statistics);
  });

  it('shows its settings with conf', async () => {
    const conf = pairsOf(await site.ask('conf'), '=');
    expect(Object.fromEntries(conf)).toMatchObject({
      clientPort: `${site.port}`,
      secureClientPort: '-1',
      dataDir: `${site.server.dataDir}/version-2`,
      tickTime: '2000',
      maxClientCnxns: '0',
      minSessionTimeout: '4000',
      maxSessionTimeout: '120000',
      serverId: '0',
    });
    expect(Number(conf.get('dataDirSize'))).toBeGreaterThan(0);
  });

  it('shows its connections with cons', async () => {
    const [line] = (await site.ask('cons')).split('\n').filter((each) => each.includes(id));
    expect(line).toMatch(
      /^ \/127\.0\.0\.1:\d+\[1\]\(queued=0,recved=4,sent=4,sid=0x\w+,lop=EXIS,est=\d{13},to=60000,/,
    );
  });

  it('shows its environment with envi', async () => {
    const envi = await site.ask('envi');
    expect(envi).toMatch(/^Environment:\nzookeeper\.version=3\.9\.\d+-/);
    expect(envi).toContain(`node.version=${process.version}\n`);
  });

  it('shows sessions and ephemerals with dump', async () => {
    const dump = await site.ask('dump');
    expect(dump).toMatch(/^SessionTracker dump:\nSession Sets \(1\)\/\(1\):\n1 expire at .+:\n/);
    expect(dump).toContain(`\t${id}\n`);
    expect(dump).toContain(`Sessions with Ephemerals (1):\n${id}:\n\t/e\n`);
    expect(dump).toContain('Connections dump:\n');
  });

  it('shows watches by number, by session and by path', async () => {
    const wchs = '1 connections watching 2 paths\nTotal watches:2\n';
    expect(await site.ask('wchs')).toBe(wchs);
    expect(await site.ask('wchc')).toMatch(new RegExp(`^${id}\n(\t/(e|none)\n){2}\n$`));
    const byPath = (await site.ask('wchp')).split('\n');
    expect(byPath[byPath.indexOf('/e') + 1]).toBe(`\t${id}`);
    expect(byPath[byPath.indexOf('/none') + 1]).toBe(`\t${id}`);
  });

  it('gives monitoring its numbers with mntr', async () => {
    const mntr = await site.ask('mntr');
    const values = pairsOf(mntr, '\t');
    expect(Object.fromEntries(values)).toMatchObject({
      zk_server_state: 'standalone',
      zk_znode_count: '6',
      zk_ephemerals_count: '1',
      zk_watch_count: '2',
      zk_global_sessions: '1',
      zk_num_alive_connections: '2',
      zk_outstanding_requests: '0',
      zk_digest_mismatches_count: '0',
    });
    expect(Number(values.get('zk_cnt_fsynctime'))).toBeGreaterThan(0);
    expect(values.get('zk_version')).toMatch(/^3\.9\.\d+-/);
    expect(mntr).toMatch(/^(zk_\S+\t\S.*\n)+$/);
  });

  it('says that it takes writes', async () => {
    expect(await site.ask('isro')).toBe('rw');
  });

  it('tells how much its files take', async () => {
    expect(await site.ask('dirs')).toMatch(/^datadir_size: [1-9]\d*\nlogdir_size: [1-9]\d*\n$/);
  });

  it('keeps the trace mask', async () => {
    expect(await site.ask('gtmk')).toBe('306');
    expect(await site.ask('stmk\0\0\0\0\0\0\u0001\u0002')).toBe('258');
    expect(await site.ask('gtmk')).toBe('258');
  });

  it('shows the digest of every 128th zxid with hash', async () => {
    expect(await site.ask('hash')).toBe('');
    await Promise.all(Array.from({ length: 260 }, () => setData(client, '/', null)));
    expect(await site.ask('hash')).toMatch(/^80: -?\d+\n100: -?\d+\n$/);
  });

  it('forgets what it counted, for connections and for the server', async () => {
    const receivedBy = (cons: string) => {
      const [line] = cons.split('\n').filter((each) => each.includes(id));
      return Number(/recved=(\d+)/.exec(line!)![1]);
    };
    expect(receivedBy(await site.ask('cons'))).toBeGreaterThan(3);
    expect(await site.ask('crst')).toBe('Connection stats reset.\n');
    expect(receivedBy(await site.ask('cons'))).toBe(0);
    expect(await site.ask('srst')).toBe('Server stats reset.\n');
    const srvr = await site.ask('srvr');
    expect(Number(/Received: (\d+)/.exec(srvr)![1])).toBeLessThan(5);
  });

  it('takes a word in pieces, and none behind a handshake', async () => {
    const socket = await RawSocket.open(site.port);
    socket.write(Buffer.from('ru'));
    await site.ask('ruok');
    socket.write(Buffer.from('ok'));
    await socket.closed;
    expect(socket.bytesReceived).toBe(4);
    const other = await site.connect();
    other.socket.write(Buffer.from('ruok'));
    await other.socket.closed;
    expect(other.strays).toEqual([]);
  });

  it('closes at four letters that are no word', async () => {
    expect(await site.ask('help')).toBe('');
  });
});

describe('a server with a whitelist', () => {
  const site = useSite({ settings: { '4lw.commands.whitelist': 'ruok, isro' } });

  it.each(['ruok', 'isro', 'srvr'])('answers %s', async (word) => {
    expect(await site.ask(word)).not.toContain('whitelist');
  });

  it.each(['stat', 'mntr', 'conf', 'gtmk', 'wchc'])('refuses %s', async (word) => {
    const refusal = `${word} is not executed because it is not in the whitelist.\n`;
    expect(await site.ask(word)).toBe(refusal);
  });
});

describe('a server that does not serve', () => {
  it('says so while it starts, and takes no session', async () => {
    const port = await freePort();
    const starting = startServer({ port, placement: 'threads', logLevel: 'fatal' });
    let socket: RawSocket | null = null;
    while (socket === null) socket = await RawSocket.open(port).catch(() => null);
    const words = ['srvr', 'mntr', 'ruok', 'isro'];
    const answers = await Promise.all(words.map((word) => askFourLetterWord(port, word)));
    expect(answers).toEqual([notServing, notServing, 'imok', 'null']);
    socket.writeFrame(encodeConnectRequest({}));
    await socket.closed;
    expect(socket.bytesReceived).toBe(0);
    const server = await starting;
    expect(await askFourLetterWord(port, 'isro')).toBe('rw');
    await server.close();
  });
});
