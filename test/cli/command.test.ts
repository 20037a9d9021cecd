/** From the words of the command line to a command. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Command, parseCommand, type ServerCommand } from '../../src/cli/command.ts';
import { ExitCode, exitMeaning } from '../../src/cli/exit-codes.ts';
import { serverOptions, versionLine } from '../../src/cli/help.ts';
import { readConfiguration } from '../../src/config/read-configuration.ts';
import { keyOfName } from '../../src/config/settings.ts';

function parsed(line: string, environment: Record<string, string> = {}): Command {
  return parseCommand(line.split(' ').filter(Boolean), environment);
}

function server(line: string, environment: Record<string, string> = {}): ServerCommand {
  const command = parsed(line, environment);
  if (command.kind !== 'server') throw new Error(`not a server: ${JSON.stringify(command)}`);
  return command;
}

function settingsOf(command: ServerCommand) {
  const text = 'dataDir=/from-file\nclientPort=1\n';
  const readText = (path: string) => (path === 'zoo.cfg' ? text : null);
  return readConfiguration({ ...command, environment: {}, readText }).settings;
}

describe('server', () => {
  test('alone runs for development, without a file', () => {
    expect(server('server')).toEqual({
      kind: 'server',
      configFile: null,
      defaults: 'development',
      flags: [],
      options: [],
    });
  });

  test('takes the path of a configuration file, before or after the options', () => {
    expect(server('server conf/zoo.cfg --port 5').configFile).toBe('conf/zoo.cfg');
    expect(server('server --port 5 conf/zoo.cfg').configFile).toBe('conf/zoo.cfg');
    expect(server('server --port=5 -- -odd.cfg').configFile).toBe('-odd.cfg');
  });

  test('every option sets its key, over what the file says', () => {
    const words = 'server zoo.cfg --data-dir /d --port 7 --host ::1 --placement inline';
    const settings = settingsOf(server(`${words} --log-level=debug --log-format json`));
    expect(settings).toMatchObject({
      dataDir: '/d',
      clientPort: 7,
      clientPortAddress: '::1',
      'ringkeeper.placement': 'inline',
      'ringkeeper.logLevel': 'debug',
      'ringkeeper.logFormat': 'json',
    });
    const keys = [...serverOptions.values()].map(({ key }) => key);
    expect(keys.filter((key) => keyOfName(key) === undefined)).toEqual([]);
  });

  test('flags are kept in their order, joined or apart', () => {
    const { flags } = server('server -Dzookeeper.snapCount=5 zoo.cfg -D tickTime=6 -Dempty');
    expect(flags).toEqual(['-Dzookeeper.snapCount=5', '-DtickTime=6', '-Dempty']);
  });

  test('the form of Apache sets up to four values and has the defaults of Apache', () => {
    const full = settingsOf(server('server 2183 /zk 500 7'));
    expect(full).toMatchObject({
      clientPort: 2183,
      dataDir: '/zk',
      tickTime: 500,
      maxClientCnxns: 7,
      clientPortAddress: null,
    });
    expect(settingsOf(server('server 2183 /zk')).tickTime).toBe(3000);
    expect(settingsOf(server('server 2183 /zk --port 9')).clientPort).toBe(9);
    expect(() => settingsOf(server('server x /zk'))).toThrow('clientPort=x (option <clientPort>)');
  });

  test('the file can come from the variables of the scripts', () => {
    expect(server('server', { ZOOCFGDIR: '/conf' }).configFile).toBe('/conf/zoo.cfg');
    expect(server('server', { ZOOCFGDIR: '/conf', ZOOCFG: 'a.cfg' }).configFile).toBe(
      '/conf/a.cfg',
    );
    expect(server('server', { ZOOCFGDIR: '/conf', ZOOCFG: '/b.cfg' }).configFile).toBe('/b.cfg');
    expect(server('server', { ZOOCFG: 'c.cfg' }).configFile).toBe('c.cfg');
    expect(server('server mine.cfg', { ZOOCFGDIR: '/conf' }).configFile).toBe('mine.cfg');
    expect(server('server 1 /d', { ZOOCFGDIR: '/conf' }).configFile).toBeNull();
  });
});

describe('mistakes', () => {
  test.each([
    ['sever', 'unknown command sever; did you mean server?'],
    ['start', 'unknown command start; known are server, ensemble, check, version, help'],
    ['conf/zoo.cfg', 'to start a server: ringkeeper server conf/zoo.cfg'],
    ['server --prot 5', 'unknown option --prot (did you mean --port?)'],
    ['server --constructor 5', 'unknown option --constructor;'],
    ['server -x', 'unknown option -x;'],
    ['server --port', '--port needs a value'],
    ['server --port=', '--port needs a value'],
    ['server -D', '-D needs a value'],
    ['server 2181', 'server 2181 needs a data directory after the port'],
    ['server 1 2 3 4 5 6', 'too many words: 5 6'],
  ])('%s is explained', (line, message) => {
    const command = parsed(line);
    expect(command.kind).toBe('invalid');
    expect(command.kind === 'invalid' && command.message).toContain(message);
  });

  test('no words, however odd, make it throw', () => {
    const word = fc.oneof(
      fc.constantFrom('server', '--port', '-D', '--', '-', '--help', '-Da=b', '--no-port'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const kinds = ['server', 'check', 'version', 'help', 'invalid'];
        expect(kinds).toContain(parseCommand(words, {}).kind);
        expect(kinds).toContain(parseCommand(['server', ...words], {}).kind);
      }),
    );
  });
});

describe('texts', () => {
  test('help tells about every command, option and exit code', () => {
    const text = ['', 'help', '-h', '--help'].map((line) => parsed(line));
    expect(new Set(text.map((command) => command.kind === 'help' && command.text)).size).toBe(1);
    const command = parsed('help server');
    expect(command).toEqual(parsed('server zoo.cfg --help'));
    const help = command.kind === 'help' ? command.text : '';
    for (const name of serverOptions.keys()) expect(help).toContain(`--${name} `);
    for (const code of Object.values(ExitCode)) expect(help).toContain(exitMeaning(code));
    expect(help.split('\n').every((line) => line.length <= 100)).toBe(true);
  });

  test('version is a command and an option', () => {
    expect([parsed('version'), parsed('--version')]).toEqual([
      { kind: 'version' },
      { kind: 'version' },
    ]);
    expect(versionLine('0.1.0')).toContain('ringkeeper 0.1.0');
    expect(versionLine('0.1.0')).toContain('version 3.9.5');
  });

  test('the exit codes that Apache has are the same', () => {
    const { logWriteFailed, threadDied, ...apache } = ExitCode;
    expect(Object.values(apache)).toEqual([0, 1, 2, 3, 4, 10, 12, 13, 14]);
    expect(new Set([logWriteFailed, threadDied, ...Object.values(apache)]).size).toBe(11);
  });
});

describe('check', () => {
  test('takes one run directory', () => {
    expect(parsed('check runs/7')).toEqual({ kind: 'check', directory: 'runs/7' });
    expect(parsed('check').kind).toBe('invalid');
    expect(parsed('check one two').kind).toBe('invalid');
  });
});

describe('ensemble', () => {
  test('has three servers from Apache’s port on, unless told otherwise', () => {
    expect(parsed('ensemble')).toEqual({ kind: 'ensemble', size: 3, firstPort: 2181 });
    expect(parsed('ensemble --size 5 --port 9000')).toEqual({
      ...{ kind: 'ensemble', size: 5, firstPort: 9000 },
    });
  });

  test.each([
    ['ensemble --size 1', '--size takes'],
    ['ensemble --size x', '--size takes'],
    ['ensemble --port 65535', '--port takes'],
    ['ensemble zoo.cfg', 'zoo.cfg is not understood'],
    ['ensemble --sise 3', 'sise is not understood'],
  ])('%s is refused', (line, message) => {
    expect(parsed(line)).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(message),
    });
  });
});
