/**
 * The same work on Apache's server and ours, and then every four-letter word: the same lines in the
 * same order, but for what only one of them has, such as times, ports and versions.
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApache } from '../../native-free-bench/apache/server.ts';
import { CreateFlag } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { exists } from '../parity/requests.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { startRingkeeper } from '../support/ringkeeper-process.ts';
import type { ServerProcess } from '../support/server-process.ts';

class Side {
  readonly server: ServerProcess;
  readonly clients: RawClient[] = [];

  constructor(server: ServerProcess) {
    this.server = server;
  }

  /** Three clients: two with nodes and watches, and one that has only connected. */
  async work(): Promise<void> {
    const { port } = this.server;
    for (const timeoutMs of [20_000, 30_000, 40_000]) {
      this.clients.push(await RawClient.connect({ port, timeoutMs }));
    }
    const [one, two] = this.clients as [RawClient, RawClient];
    await requests.create(one, '/a');
    await requests.create(one, '/one', { flags: CreateFlag.ephemeral });
    await requests.create(two, '/two', { flags: CreateFlag.ephemeral });
    await requests.create(two, '/a');
    await exists(one, '/missing', true);
    await requests.getData(two, '/a', true);
    await requests.setData(one, '/a', encodeUtf8('x'));
    await requests.getData(two, '/a', true);
    await requests.getData(two, '/one', true);
    await two.ping();
  }

  async ask(word: string): Promise<string> {
    return this.normal(await askFourLetterWord(this.server.port, word));
  }

  /** Without what differs from run to run, and without the empty buckets that Apache keeps. */
  private normal(text: string): string {
    const named = this.clients.reduce(
      (all, { session }, i) => all.replaceAll(`0x${session.id.toString(16)}`, `<session ${i}>`),
      text
        .replaceAll(this.server.dataDir, '<dir>')
        .replaceAll(`=${this.server.port}\n`, '=<port>\n'),
    );
    return named
      .replace(/\/127\.0\.0\.1:\d+/g, '<address>')
      .replace(/^0 expire at .*:\n/gm, '')
      .replace(/expire at .*:/g, 'expire at <date>:')
      .replace(/Sets \(\d+\)/g, 'Sets (<buckets>)')
      .replace(/(ersion[:=] ?3\.9\.5)-.*/g, '$1')
      .replace(/(Size=|dir_size: )\d+/g, '$1<bytes>')
      .replace(/(est|lresp|llat|minlat|avglat|maxlat)=\d+/g, '$1=<ms>')
      .replace(/(Latency min\/avg\/max: )\d+\/\d+(\.\d+)?\/\d+/g, '$1<ms>');
  }

  async stop(): Promise<void> {
    for (const client of this.clients) await client.close();
    await this.server.stop();
    rmSync(this.server.dataDir, { recursive: true, force: true });
  }
}

const settings = { snapCount: '100000' };
/** With Apache, the connection of the word itself shows no interest in reading. */
const withoutOwn = (line: string) => !/^ <address>\[[01]\]\(queued=0,recved=1,sent=0\)$/.test(line);
/** Connections, sessions and paths come in no order. */
const sorted = (text: string) => text.split('\n').filter(withoutOwn).sort();

describe('the four-letter words of both servers', () => {
  let apache: Side;
  let ours: Side;

  beforeAll(async () => {
    apache = new Side(await startApache({ settings, heap: '512m' }));
    ours = new Side(await startRingkeeper({ settings }));
    // How often a word was asked until the server was there is a matter of time.
    for (const side of [apache, ours]) {
      await side.ask('srst');
      await side.work();
    }
  });

  afterAll(() => Promise.all([apache.stop(), ours.stop()]));

  const exact = ['conf', 'dirs', 'gtmk', 'hash', 'isro', 'ruok', 'srvr', 'wchs'];

  it.each(exact)('%s is the same to the byte', async (word) => {
    const answer = await ours.ask(word);
    expect(answer).toBe(await apache.ask(word));
  });

  it.each(['cons', 'stat', 'dump', 'wchc', 'wchp'])('%s has the same lines', async (word) => {
    const answer = sorted(await ours.ask(word));
    expect(answer).toEqual(sorted(await apache.ask(word)));
    expect(answer.length).toBeGreaterThan(3);
  });

  it('envi has the same names, and those of Node.js behind them', async () => {
    const names = (text: string) => text.split('\n').map((line) => line.split('=')[0]);
    const theirs = names(await apache.ask('envi'));
    expect(names(await ours.ask('envi')).slice(0, theirs.length - 1)).toEqual(theirs.slice(0, -1));
  });

  it.each(['crst', 'srst'])('%s leaves the same behind', async (word) => {
    expect(await ours.ask(word)).toBe(await apache.ask(word));
    for (const after of ['cons', 'stat']) {
      expect(sorted(await ours.ask(after))).toEqual(sorted(await apache.ask(after)));
    }
  });

  it('srst sets back what mntr says of packets and replies', async () => {
    const figures = async (side: Side) => {
      await side.ask('srst');
      const lines = (await side.ask('mntr')).split('\n');
      return lines.filter((line) => /^zk_(packets_|\w+_client_response_size)/.test(line)).sort();
    };
    const answer = await figures(ours);
    expect(answer).toHaveLength(5);
    expect(answer).toEqual(await figures(apache));
  });
});
