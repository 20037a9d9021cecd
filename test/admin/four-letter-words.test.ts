/** Every word's text, to the byte, against what Apache's server prints in the same situation. */
import { describe, expect, test } from 'vitest';
import {
  refusalText,
  traceMaskOf,
  type Word,
  whitelistOf,
  wordAnswer,
  wordNames,
  wordOf,
} from '../../src/admin/four-letter-words.ts';
import { formatMembership, parseMembership } from '../../src/config/server-lines.ts';
import { apacheVersion, connection, serverFacts } from './facts.ts';

const telnetClose = 0xfff4fffd;

function codeOf(name: string): number {
  return Buffer.from(name, 'latin1').readInt32BE();
}

function word(name: string): Word {
  return wordOf(name === 'telnet close' ? telnetClose : codeOf(name))!;
}

function answer(name: string, changes: Parameters<typeof serverFacts>[0] = {}): string {
  return wordAnswer(word(name), serverFacts(changes));
}

const statistics = `Latency min/avg/max: 0/2.1905/12
Received: 47
Sent: 45
Connections: 1
Outstanding: 0
Zxid: 0x2a
Mode: standalone
Node count: 35
`;

const session = {
  id: 0x100001bcdf60000n,
  lastOperation: 'MULT',
  establishedMs: 1795302612200,
  timeoutMs: 300_000,
  lastCxid: 0x13,
  lastZxid: 0xcn,
  lastResponseMs: 1828484,
  lastLatencyMs: 4,
  minLatencyMs: 0,
  averageLatencyMs: 4,
  maxLatencyMs: 12,
};

describe('server and connections', () => {
  test('ruok is answered without a newline', () => {
    expect(answer('ruok')).toBe('imok');
  });

  test('srvr prints version and statistics', () => {
    expect(answer('srvr')).toBe(`Zookeeper version: ${apacheVersion}\n${statistics}`);
  });

  test('srvr of an idle server has an average of 0.0', () => {
    const { stats } = serverFacts();
    const idle = { ...stats, latency: { min: 0, average: 0, max: 0 } };
    expect(answer('srvr', { stats: idle })).toContain('Latency min/avg/max: 0/0.0/0\n');
  });

  test('srvr of a leader ends with the sizes of proposals', () => {
    const { stats } = serverFacts();
    const leading = { ...stats, proposals: { last: 36, min: 32, max: 548 } };
    const text = answer('srvr', { mode: 'leader', stats: leading });
    expect(text.endsWith('\nProposal sizes last/min/max: 36/32/548\n')).toBe(true);
    expect(answer('srvr', { mode: 'follower', stats: leading })).not.toContain('Proposal');
  });

  test('srvr and stat of a read-only server say so in the second line', () => {
    const second = 'READ-ONLY mode; serving only read-only clients';
    expect(answer('srvr', { state: 'readOnly' }).split('\n')[1]).toBe(second);
    expect(answer('stat', { state: 'readOnly' }).split('\n')[1]).toBe(second);
  });

  test('stat lists the connections in brief before the statistics', () => {
    const asking = connection({ remoteAddress: '/[0:0:0:0:0:0:0:1]:9', interestOps: 0 });
    expect(answer('stat', { connections: [connection({ session }), asking] })).toBe(
      `Zookeeper version: ${apacheVersion}\nClients:\n` +
        ' /127.0.0.1:53092[1](queued=0,recved=20,sent=23)\n' +
        ` /[0:0:0:0:0:0:0:1]:9[0](queued=0,recved=20,sent=23)\n\n${statistics}`,
    );
  });

  test('cons prints everything about a connection with a session', () => {
    expect(answer('cons', { connections: [connection({ session }), connection()] })).toBe(
      ' /127.0.0.1:53092[1](queued=0,recved=20,sent=23,sid=0x100001bcdf60000,lop=MULT,' +
        'est=1795302612200,to=300000,lcxid=0x13,lzxid=0xc,lresp=1828484,llat=4,minlat=0,' +
        'avglat=4,maxlat=12)\n' +
        ' /127.0.0.1:53092[1](queued=0,recved=20,sent=23)\n\n',
    );
  });

  test('cons leaves out a cxid below 0 and prints a zxid of -1 as Java does', () => {
    const fresh = { ...session, lastOperation: 'NA', lastCxid: -1, lastZxid: -1n };
    const text = answer('cons', { connections: [connection({ session: fresh })] });
    expect(text).toContain(',to=300000,lzxid=0xffffffffffffffff,lresp=');
  });

  test('conf of a standalone server', () => {
    expect(answer('conf')).toBe(`clientPort=24182
secureClientPort=-1
dataDir=/data/version-2
dataDirSize=478
dataLogDir=/data/version-2
dataLogSize=479
tickTime=2000
maxClientCnxns=60
minSessionTimeout=4000
maxSessionTimeout=40000
clientPortListenBacklog=-1
serverId=0
`);
  });

  test('conf of a quorum member ends with the membership, without a newline', () => {
    const lines = [1, 2, 3].map((id) => ({
      key: `server.${id}`,
      value: `127.0.0.1:${24186 + id}:${24190 + id}:participant;127.0.0.1:${24183 + id}`,
      origin: { kind: 'default' } as const,
    }));
    const membership = parseMembership(lines, { multiAddress: false, version: 0x100000000n });
    const quorum = {
      initLimit: 20,
      syncLimit: 10,
      electionAlg: 3,
      electionPorts: [24193],
      quorumPorts: [24189],
      peerType: 'participant' as const,
      membership: formatMembership(membership),
    };
    const conf = {
      ...serverFacts().conf,
      clientPort: 24186,
      tickTime: 500,
      minSessionTimeout: 1000,
      maxSessionTimeout: 600_000,
      serverId: 3,
      quorum,
    };
    const directories = { dataBytes: 666, logBytes: 666 };
    const text = answer('conf', { conf, directories });
    expect(text).toBe(`clientPort=24186
secureClientPort=-1
dataDir=/data/version-2
dataDirSize=666
dataLogDir=/data/version-2
dataLogSize=666
tickTime=500
maxClientCnxns=60
minSessionTimeout=1000
maxSessionTimeout=600000
clientPortListenBacklog=-1
serverId=3
initLimit=20
syncLimit=10
electionAlg=3
electionPort=24193
quorumPort=24189
peerType=0
membership: 
server.1=127.0.0.1:24187:24191:participant;127.0.0.1:24184
server.2=127.0.0.1:24188:24192:participant;127.0.0.1:24185
server.3=127.0.0.1:24189:24193:participant;127.0.0.1:24186
version=100000000`);
    const readOnly = answer('conf', { conf, directories, state: 'readOnly' });
    expect(readOnly.endsWith('\npeerType=0\n')).toBe(true);
    const several = { ...conf, quorum: { ...quorum, electionPorts: [1, 2], peerType: 'observer' } };
    expect(answer('conf', { conf: several as never })).toContain('electionPort=1|2\n');
    expect(answer('conf', { conf: several as never })).toContain('peerType=1\n');
  });

  test('envi and dirs', () => {
    expect(answer('envi')).toBe(
      `Environment:\nzookeeper.version=${apacheVersion}\nos.name=Linux\n`,
    );
    expect(answer('dirs')).toBe('datadir_size: 478\nlogdir_size: 479\n');
  });

  test('isro tells the three states apart, without a newline', () => {
    const states = ['serving', 'readOnly', 'notServing'] as const;
    expect(states.map((state) => answer('isro', { state }))).toEqual(['rw', 'ro', 'null']);
  });
});

describe('state of the keeper', () => {
  const connections = [
    { expiresMs: 1_005_000, items: [] },
    { expiresMs: 1_015_000, items: [connection({ remoteAddress: '/127.0.0.1:47816' })] },
  ];
  const ephemerals = new Map([[0x100001002f80000n, ['/multi/eph', '/eph/z1-a']]]);

  test('dump of a standalone server lists buckets, empty ones too, in order of time', () => {
    const buckets = [
      { expiresMs: 1_297_000, items: [0x100001002f80000n] },
      { expiresMs: 1_017_000, items: [] },
    ];
    const sessions = { kind: 'buckets', buckets } as const;
    const report = { sessions, localSessions: null, ephemerals, connections };
    expect(answer('dump', { sessions: report })).toBe(`SessionTracker dump:
Session Sets (2)/(1):
0 expire at Sat Nov 21 22:57:47 UTC 2026:
1 expire at Sat Nov 21 23:02:27 UTC 2026:
	0x100001002f80000
ephemeral nodes dump:
Sessions with Ephemerals (1):
0x100001002f80000:
	/multi/eph
	/eph/z1-a
Connections dump:
Connections Sets (2)/(1):
0 expire at Sat Nov 21 22:57:35 UTC 2026:
1 expire at Sat Nov 21 22:57:45 UTC 2026:
	ip: /127.0.0.1:47816 sessionId: 0x0
`);
  });

  test('dump of a follower lists global sessions by id', () => {
    const timeouts = new Map([
      [0x2000017a9490000n, 300_000],
      [0x20000158cb80000n, 300_000],
    ]);
    const sessions = { kind: 'global', timeouts } as const;
    const report = { sessions, localSessions: null, ephemerals: new Map(), connections: [] };
    expect(answer('dump', { sessions: report })).toBe(`SessionTracker dump:
Global Sessions(2):
0x20000158cb80000	300000ms
0x2000017a9490000	300000ms
ephemeral nodes dump:
Sessions with Ephemerals (0):
Connections dump:
Connections Sets (0)/(0):
`);
  });

  test('dump with local sessions lists them first', () => {
    const sessions = { kind: 'buckets', buckets: [] } as const;
    const local = [{ expiresMs: 1_000_000, items: [5n] }];
    const report = { sessions, localSessions: local, ephemerals: new Map(), connections: [] };
    expect(answer('dump', { sessions: report }).split('\n').slice(1, 5)).toEqual([
      'Local Session Sets (1)/(1):',
      '1 expire at Sat Nov 21 22:57:30 UTC 2026:',
      '\t0x5',
      'Global Session Sets (0)/(0):',
    ]);
  });

  const pathsBySession = new Map([
    [0x100001bcdf60000n, ['/b', '/a', '/c']],
    [0x100001bcdf60001n, ['/a']],
  ]);

  test('wchs counts connections, paths and watches', () => {
    expect(answer('wchs', { watches: { pathsBySession } })).toBe(
      '2 connections watching 3 paths\nTotal watches:4\n',
    );
  });

  test('wchc lists paths by session, wchp sessions by path', () => {
    expect(answer('wchc', { watches: { pathsBySession } })).toBe(
      '0x100001bcdf60000\n\t/b\n\t/a\n\t/c\n0x100001bcdf60001\n\t/a\n\n',
    );
    expect(answer('wchp', { watches: { pathsBySession } })).toBe(
      '/b\n\t0x100001bcdf60000\n' +
        '/a\n\t0x100001bcdf60000\n\t0x100001bcdf60001\n' +
        '/c\n\t0x100001bcdf60000\n\n',
    );
    expect(answer('wchc', { watches: { pathsBySession: new Map() } })).toBe('\n');
  });

  test('hash prints the zxid in hex and the digest as a signed number', () => {
    const digests = [
      { zxid: 0x80n, digest: 4525395396n },
      { zxid: 0x100000100n, digest: 2n ** 64n - 5n },
    ];
    expect(answer('hash', { digests })).toBe('80: 4525395396\n100000100: -5\n');
    expect(answer('hash', { digests: [] })).toBe('');
  });

  test('the words that reset things say so, and name their effect', () => {
    expect(answer('crst')).toBe('Connection stats reset.\n');
    expect(answer('srst')).toBe('Server stats reset.\n');
    const effects = ['crst', 'srst', 'stmk', 'stat'].map((name) => word(name).effect);
    expect(effects).toEqual(['resetConnections', 'resetServer', 'setTraceMask', 'none']);
  });

  test('the trace mask is decimal, without a newline, and read from eight bytes', () => {
    expect(answer('gtmk')).toBe('306');
    expect(answer('stmk', { traceMask: -1n })).toBe('-1');
    expect(word('stmk').argumentBytes).toBe(8);
    const bytes = new Uint8Array([9, 0, 0, 0, 0, 0, 0, 1, 0x32]);
    expect(traceMaskOf(bytes, 1)).toBe(306n);
  });
});

describe('recognition', () => {
  test('all nineteen words are known, whatever the sign of the number', () => {
    expect([...wordNames].sort()).toEqual(
      (
        'conf cons crst dirs dump envi gtmk hash isro mntr ruok srst srvr stat stmk ' +
        'telnet close wchc wchp wchs'
      )
        .replace('telnet close', 'telnet_close')
        .split(' ')
        .map((name) => name.replace('_', ' ')),
    );
    const nameOf = (code: number) => wordOf(code)?.name;
    expect(nameOf(0x72756f6b)).toBe('ruok');
    expect([telnetClose, telnetClose | 0].map(nameOf)).toEqual(['telnet close', 'telnet close']);
    expect([codeOf('RUOK'), 45, -1].map(nameOf)).toEqual([undefined, undefined, undefined]);
  });

  test.each([
    { listed: [], readOnlyMode: false, enabled: ['srvr'] },
    { listed: [], readOnlyMode: true, enabled: ['isro', 'srvr'] },
    { listed: ['stat', 'ruok', 'nope'], readOnlyMode: false, enabled: ['ruok', 'srvr', 'stat'] },
    { listed: ['stat', '*'], readOnlyMode: false, enabled: [...wordNames].sort() },
  ])('with $listed listed, $enabled are answered', ({ listed, readOnlyMode, enabled }) => {
    const whitelist = whitelistOf(listed, readOnlyMode);
    const answered = wordNames.filter((name) => whitelist.isEnabled(word(name)));
    expect(answered.sort()).toEqual(enabled);
  });

  test('a word that is not listed is refused by name', () => {
    expect(refusalText(word('wchp'))).toBe(
      'wchp is not executed because it is not in the whitelist.\n',
    );
    expect(refusalText(word('telnet close'))).toContain('telnet close is not executed');
    expect(answer('telnet close')).toBe('');
  });

  test('a server that is not serving says so, but for the words that always work', () => {
    const sentence = 'This ZooKeeper instance is not currently serving requests';
    const spoken = wordNames.filter((name) =>
      answer(name, { state: 'notServing' }).startsWith(sentence),
    );
    const silent = wordNames.filter((name) => !spoken.includes(name));
    expect(silent.sort()).toEqual(['envi', 'gtmk', 'isro', 'ruok', 'stmk', 'telnet close']);
    expect(answer('mntr', { state: 'notServing' })).toBe(`${sentence}\n`);
    expect(answer('hash', { state: 'notServing' })).toBe(sentence);
  });

  test('a word that lacks what it needs stops the process instead of printing nonsense', () => {
    const needy = wordNames.filter((name) => word(name).needs.length > 0);
    expect(needy.sort()).toEqual('conf dirs dump hash wchc wchp wchs'.split(' '));
    for (const name of needy) {
      expect(() => answer(name, { directories: null })).toThrow('need');
    }
  });
});
