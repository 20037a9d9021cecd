/** From the sources to one configuration: precedence, kinds of values, rules, and messages. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { readConfiguration } from '../../src/config/read-configuration.ts';
import { problem } from '../../src/config/validity.ts';

interface Given {
  readonly cfg?: string;
  readonly files?: Record<string, string>;
  readonly flags?: string[];
  readonly environment?: Record<string, string>;
  readonly options?: Record<string, string>;
}

function configure({ cfg, files = {}, flags = [], environment = {}, options = {} }: Given) {
  const all: Record<string, string> = cfg === undefined ? files : { ...files, 'zoo.cfg': cfg };
  return readConfiguration({
    configFile: cfg === undefined ? null : 'zoo.cfg',
    defaults: 'development',
    flags,
    environment,
    options: Object.entries(options).map(([name, value]) => {
      return { name, value, origin: { kind: 'option', name: `--${name}` } };
    }),
    readText: (path) => (Object.hasOwn(all, path) ? all[path]! : null),
  });
}

const nothing = {
  configFile: null,
  defaults: 'apache',
  flags: [],
  environment: {},
  options: [],
  readText: () => null,
} as const;

const base = 'dataDir=/data\nclientPort=2181\n';

function warningsOf(given: Given): string[] {
  return configure(given).warnings.map(({ message }) => message);
}

describe('values', () => {
  test('what nobody said has the default of Apache, with everything derived filled in', () => {
    const { settings, isDistributed, membership } = configure({ cfg: base });
    expect(settings).toMatchObject({
      dataDir: '/data',
      dataLogDir: '/data',
      clientPort: 2181,
      clientPortAddress: null,
      tickTime: 3000,
      minSessionTimeout: 6000,
      maxSessionTimeout: 60_000,
      snapCount: 100_000,
      forceSync: true,
      skipACL: false,
      'jute.maxbuffer': 1_048_575,
      'jute.maxbuffer.extrasize': 1_048_575,
      '4lw.commands.whitelist': [],
      'autopurge.purgeInterval': 1,
    });
    expect({ isDistributed, membership }).toEqual({ isDistributed: false, membership: null });
  });

  test('without a file the server is one for development, on this machine only', () => {
    const { settings, warnings } = configure({});
    expect(settings).toMatchObject({
      dataDir: './data',
      clientPort: 2181,
      clientPortAddress: '127.0.0.1',
      tickTime: 2000,
    });
    expect(settings['4lw.commands.whitelist']).toContain('ruok');
    expect(warnings).toEqual([]);
  });

  test.each([
    ['tickTime=0x10', 'a whole number'],
    ['tickTime=', 'a whole number'],
    ['clientPort=70000', 'between 0 and 65535'],
    ['maxClientCnxns=3000000000', 'a whole number of at most 32 bits'],
    ['standaloneEnabled=yes', 'true or false'],
    ['peerType=leader', 'participant or observer'],
    ['ringkeeper.placement=many', 'auto, threads, paired or inline'],
    ['metricsProvider.className=Mine', 'DefaultMetricsProvider'],
  ])('%s is an error: its reader does not guess', (line, allowed) => {
    expect(() => configure({ cfg: `${base}# first\n${line}\n` })).toThrow(allowed);
    expect(() => configure({ cfg: `${base}# first\n${line}\n` })).toThrow('(zoo.cfg, line 4)');
  });

  test.each([
    ['snapCount=0x10', 'snapCount', 16],
    ['snapCount=010', 'snapCount', 8],
    ['snapCount=#1f', 'snapCount', 31],
    ['snapCount=+12', 'snapCount', 12],
    ['snapSizeLimitInKb=-0x1', 'snapSizeLimitInKb', -1],
    ['extendedTypesEnabled=TRUE', 'extendedTypesEnabled', true],
    ['extendedTypesEnabled=1', 'extendedTypesEnabled', false],
    ['forceSync=NO', 'forceSync', true],
    ['forceSync=no', 'forceSync', false],
    ['skipACL=true', 'skipACL', false],
    ['skipACL=yes', 'skipACL', true],
    ['maxCnxns=  7 ', 'maxCnxns', 7],
    ['4lw.commands.whitelist= stat , ,ruok', '4lw.commands.whitelist', ['stat', 'ruok']],
  ] as const)('%s is read as Java reads a property', (line, key, expected) => {
    expect(configure({ cfg: base + line }).settings[key]).toEqual(expected);
  });

  test.each(['snapCount=many', 'snapCount=09', 'snapCount=99999999999'])(
    '%s keeps the default, with a warning',
    (line) => {
      const { settings, warnings } = configure({ cfg: base + line });
      expect(settings.snapCount).toBe(100_000);
      expect(warnings.map(({ message }) => message)).toEqual([
        `${line} (zoo.cfg, line 3) is not understood and ignored; ` +
          'allowed is a whole number of at most 32 bits',
      ]);
    },
  );

  test('a secret never stands in a message', () => {
    const key = 'DigestAuthenticationProvider.superDigest';
    const { settings, origins } = configure({ cfg: `${base}${key}=super:abc` });
    const { message } = problem({ ...settings }, origins, { key, allowed: 'something else' });
    expect(message).toContain(`${key}=(hidden) (zoo.cfg, line 3)`);
    expect(message).not.toContain('abc');
  });

  test('any file gives a configuration or a ConfigError', () => {
    const word = fc.constantFrom('tickTime', 'clientPort', 'server.1', 'x', '0x1', '-1', 'h:1:2');
    const line = fc.tuple(word, fc.oneof(word, fc.string())).map(([k, v]) => `${k}=${v}`);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        try {
          configure({ cfg: base + lines.join('\n') });
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
    );
  });
});

describe('sources', () => {
  test('file, flags of the scripts, flags, environment and options win in this order', () => {
    const layers: Given[] = [
      { cfg: `${base}snapCount=1001` },
      { environment: { SERVER_JVMFLAGS: '-Xmx1g -Dzookeeper.snapCount=1002' } },
      { environment: { JVMFLAGS: '"-Dzookeeper.snapCount=1003" -server' } },
      { flags: ['-Dzookeeper.snapCount=1004'] },
      { environment: { RINGKEEPER_SNAP_COUNT: '1005' } },
      { options: { snapCount: '1006' } },
    ];
    const seen = layers.map((_, at) => {
      const used = layers.slice(0, at + 1);
      const environment = Object.assign({}, ...used.map((layer) => layer.environment));
      return configure({ ...Object.assign({}, ...used), environment }).settings.snapCount;
    });
    expect(seen).toEqual([1001, 1002, 1003, 1004, 1005, 1006]);
  });

  test('every key can be a flag, with or without the prefix of Apache', () => {
    const flags = ['-DtickTime=500', '-Dzookeeper.clientPort=1', '-Djute.maxbuffer=4096'];
    expect(configure({ cfg: base, flags }).settings).toMatchObject({
      tickTime: 500,
      clientPort: 1,
      'jute.maxbuffer': 4096,
    });
  });

  test('display names of the admin guide and second property names are understood', () => {
    const cfg = `${base}requestThrottleLimit=5\n`;
    const flags = ['-Dzookeeper.observer.syncEnabled=false', '-Dfsync.warningthresholdms=5'];
    const { settings } = configure({ cfg, flags });
    expect(settings.request_throttle_max_requests).toBe(5);
    expect(settings.syncEnabled).toBe(false);
    expect(settings['fsync.warningthresholdms']).toBe(5);
  });

  test('flags of the Java machine and of other libraries are passed over in silence', () => {
    const flags = ['-Xss1m', '-Dcom.sun.management.jmxremote', '-Dzookeeper.log.dir=/var/log'];
    expect(warningsOf({ cfg: base, flags })).toEqual([]);
  });

  test('quotes and backslashes in flag texts work as in a shell', () => {
    const JVMFLAGS = `-DdataDir="/a b" '-DdataLogDir=/c d' -Dzookeeper.ensembleAuthName=e\\ f`;
    const { settings } = configure({ cfg: base, environment: { JVMFLAGS } });
    expect([settings.dataDir, settings.dataLogDir]).toEqual(['/a b', '/c d']);
    expect(settings.ensembleAuthName).toEqual(['e f']);
  });

  test('an empty environment variable is as good as none', () => {
    const environment = { RINGKEEPER_TICK_TIME: '' };
    expect(configure({ cfg: base, environment }).settings.tickTime).toBe(3000);
  });

  test('the variables of the container image count only without a file', () => {
    const environment = {
      ZOO_TICK_TIME: '700',
      ZOO_DATA_DIR: '/zk',
      ZOO_MY_ID: '1',
      ZOO_SERVERS: 'server.1=localhost:2888:3888;2182',
      ZOO_CFG_EXTRA: 'snapCount=77 maxCnxns=5',
    };
    const made = configure({ environment });
    expect(made.settings).toMatchObject({
      dataDir: '/zk',
      tickTime: 700,
      snapCount: 77,
      maxCnxns: 5,
      clientPort: 2182,
      clientPortAddress: '0.0.0.0',
    });
    expect(made.myId).toBe(1);
    expect(configure({ cfg: base, environment }).settings.tickTime).toBe(3000);
  });

  test('a missing configuration file is an error that names it', () => {
    expect(() => readConfiguration({ ...nothing, configFile: '/etc/zoo.cfg' })).toThrow(
      'configuration file=/etc/zoo.cfg',
    );
  });

  test('without a file, the defaults of Apache can be had too', () => {
    const options = [
      { name: 'dataDir', value: '/d', origin: { kind: 'option', name: 'dataDir' } as const },
      { name: 'clientPort', value: '1', origin: { kind: 'option', name: 'port' } as const },
    ];
    const { settings } = readConfiguration({ ...nothing, options });
    expect(settings).toMatchObject({ tickTime: 3000, clientPortAddress: null });
    expect(settings['4lw.commands.whitelist']).toEqual([]);
  });

  test('a wrong option is named as it was typed', () => {
    expect(() => configure({ cfg: base, options: { tickTime: 'x' } })).toThrow(
      'tickTime=x (option --tickTime)',
    );
  });

  test('numbered keys are kept as text', () => {
    const { families } = configure({ cfg: `${base}authProvider.1=com.example.Auth` });
    expect([...families]).toEqual([['authProvider.1', 'com.example.Auth']]);
  });
});

describe('warnings', () => {
  test.each([
    ['tickTme=1', 'tickTme (zoo.cfg, line 3) has no effect; did you mean tickTime?'],
    ['clientport=1', 'did you mean clientPort?'],
    ['autopurge.purgeIntervall=1', 'did you mean autopurge.purgeInterval?'],
    ['dataLgoDir=/x', 'did you mean dataLogDir?'],
    ['4lw.command.whitelist=*', 'did you mean 4lw.commands.whitelist?'],
    ['wholly.unlike.anything=1', 'unknown setting wholly.unlike.anything (zoo.cfg, line 3)'],
    ['zookeeper.snapCount=5', 'zoo.cfg spells it snapCount'],
  ])('%s is reported', (line, message) => {
    const [first, ...rest] = warningsOf({ cfg: base + line });
    expect(first).toContain(message);
    expect(rest).toEqual([]);
  });

  test('a name like nothing gets no suggestion', () => {
    expect(warningsOf({ cfg: `${base}wholly.unlike.anything=1` })[0]).not.toContain('did you mean');
  });

  test('a mistyped flag or variable is reported too', () => {
    const flags = ['-Dzookeeper.snapCuont=5'];
    const environment = { RINGKEEPER_TICKTMIE: '5' };
    const [flag, variable] = warningsOf({ cfg: base, flags, environment });
    expect(flag).toContain('(flag -Dzookeeper.snapCuont) has no effect; did you mean snapCount?');
    expect(variable).toContain('RINGKEEPER_TICKTMIE) has no effect; did you mean tickTime?');
  });

  test('a setting without effect is reported once, however often it is said', () => {
    const flags = ['-Dzookeeper.nio.numWorkerThreads=4'];
    expect(warningsOf({ cfg: `${base}nio.numWorkerThreads=8`, flags })).toEqual([
      'nio.numWorkerThreads is accepted and has no effect in ringkeeper',
    ]);
  });

  test('the sample configuration of Apache starts without any warning', () => {
    const cfg = 'tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/tmp/zookeeper\nclientPort=2181';
    expect(warningsOf({ cfg })).toEqual([]);
  });

  test('values that are too low are raised', () => {
    const cfg = `${base}snapCount=1\nautopurge.snapRetainCount=2\ncommitLogCount=3`;
    const { settings, warnings } = configure({ cfg });
    expect(settings.snapCount).toBe(2);
    expect(settings['autopurge.snapRetainCount']).toBe(3);
    expect(settings.commitLogCount).toBe(500);
    expect(warnings).toHaveLength(3);
  });

  test('values that are too high are lowered, and the message says to what', () => {
    const cfg = `${base}jute.maxbuffer=500000000`;
    const { settings, warnings } = configure({ cfg });
    expect(settings['jute.maxbuffer']).toBe(134_217_728);
    expect(settings['jute.maxbuffer.extrasize']).toBe(134_217_728);
    const message = 'jute.maxbuffer=500000000 is too high and lowered to 134217728';
    expect(warnings).toEqual([{ key: 'jute.maxbuffer', message }]);
  });
});

describe('rules', () => {
  test.each([
    ['clientPort=1', 'dataDir is not set'],
    ['dataDir=/d', 'clientPort is not set'],
    ['dataDir=/d\nsecureClientPort=2281', 'the secure port is not served yet'],
    ['dataDir=/d\nclientPortAddress=h', 'an address together with clientPort'],
    [`${base}secureClientPortAddress=h`, 'an address together with secureClientPort'],
    [`${base}tickTime=0`, 'tickTime=0 (zoo.cfg, line 3)'],
    [`${base}tickTime=100\nminSessionTimeout=3000`, 'at most maxSessionTimeout, which is 2000'],
    [`${base}enforce.auth.enabled=true`, 'at least one scheme when enforce.auth.enabled=true'],
    [`${base}electionAlg=1`, 'electionAlg=1 (zoo.cfg, line 3); allowed is 3'],
    [`${base}quorum.auth.learnerRequireSasl=true`, 'quorum.auth.enableSasl=true'],
    [`${base}quorum.auth.serverRequireSasl=true`, 'quorum.auth.learnerRequireSasl=true'],
    [`${base}sessionRequireClientSASLAuth=true`, 'more than that is not supported yet'],
    [`${base}standaloneEnabled=false`, 'unless server lines name at least one voter'],
    [`${base}server.1=a:1:2:observer`, '1 observers and 0 voters'],
    [`${base}server.1=a:1:2\nserver.2=b:1:2:observer`, '1 observers and 1 voters'],
    [`${base}dynamicConfigFile=/dyn\nserver.1=a:1:2`, 'in the dynamic file /dyn only'],
    [`${base}dynamicConfigFile=/missing`, 'configuration file=/missing'],
  ])('%j is refused', (cfg, message) => {
    expect(() => configure({ cfg })).toThrow(ConfigError);
    expect(() => configure({ cfg })).toThrow(message);
  });

  test('an ensemble needs its limits, and the number of this server', () => {
    const lines = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n';
    const limits = 'initLimit=10\nsyncLimit=5\n';
    expect(() => configure({ cfg: base + lines })).toThrow('initLimit');
    expect(() => configure({ cfg: base + lines + limits })).toThrow('/data/myid');
  });

  test('the number of this server leaves room for the marks of other owners', () => {
    const lines = 'server.1=a:1:2\nserver.128=b:1:2\nserver.255=c:1:2\ninitLimit=5\nsyncLimit=2\n';
    const start = (own: string, settings: string) => () =>
      configure({ cfg: base + lines + settings, files: { '/data/myid': own } });
    const extended = 'extendedTypesEnabled=true\n';
    const emulating = `${extended}emulate353TTLNodes=true\n`;
    expect(start('255', 'emulate353TTLNodes=true\n')).not.toThrow();
    expect(start('255', extended)).toThrow('at most 254 with extendedTypesEnabled=true');
    expect(start('128', extended)).not.toThrow();
    expect(start('128', emulating)).toThrow('at most 127 with emulate353TTLNodes=true');
    expect(start('1', emulating)).not.toThrow();
  });

  test('the server line says who votes, and a peerType that says otherwise is told so', () => {
    const lines = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n';
    const cfg = `${base}${lines}initLimit=10\nsyncLimit=5\n`;
    const warned = (own: string, peerType: string) =>
      configure({ cfg: `${cfg}peerType=${peerType}\n`, files: { '/data/myid': own } }).warnings;
    expect(warned('3', 'observer')).toEqual([]);
    expect(warned('1', 'participant')).toEqual([]);
    expect(warned('1', 'observer').map(({ message }) => message)).toEqual([
      'peerType is observer, but the line server.1 says participant, and that counts',
    ]);
    expect(warned('3', 'participant')).toHaveLength(1);
  });

  test('one server line runs standalone, on the client port of the line', () => {
    const cfg = 'dataDir=/data\nserver.1=localhost:2888:3888;2183\n';
    const { settings, isDistributed, warnings } = configure({ cfg });
    expect(settings).toMatchObject({ clientPort: 2183, clientPortAddress: '0.0.0.0' });
    expect(isDistributed).toBe(false);
    expect(warnings.map(({ key }) => key)).toEqual(['server.N']);
  });

  test('a client port in zoo.cfg must agree with the server line', () => {
    const line = 'server.1=localhost:2888:3888;2183\n';
    expect(() => configure({ cfg: base + line })).toThrow('server.1 says, 0.0.0.0:2183');
    const agreeing = `dataDir=/data\nclientPort=2183\n${line}`;
    expect(configure({ cfg: agreeing }).settings.clientPort).toBe(2183);
  });

  test('a dynamic file is read, and holds nothing but members', () => {
    const cfg = `${base}dynamicConfigFile=/data/zoo.cfg.dynamic.10000000d`;
    const read = (text: string) =>
      configure({ cfg, files: { '/data/zoo.cfg.dynamic.10000000d': text } });
    const { membership } = read('server.1=localhost:2888:3888;2181\n');
    expect(membership?.version).toBe(0x10000000dn);
    expect(() => read('server.1=h:1:2\ntickTime=5')).toThrow('in this file');
    expect(() => read('server.1=h:1:2\nversion=5')).toThrow('in this file');
  });

  test('the file myid is read, its first line only', () => {
    const read = (text: string) => configure({ cfg: base, files: { '/data/myid': text } }).myId;
    expect(read(' 7 \nrest')).toBe(7);
    expect(() => read('seven')).toThrow('myid=seven (/data/myid, line 1)');
    expect(configure({ cfg: base }).myId).toBeNull();
  });
});
