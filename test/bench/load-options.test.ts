import { describe, expect, it } from 'vitest';
import { loadHelp, parseLoad } from '../../native-free-bench/command/load-options.ts';
import { UsageError } from '../../native-free-bench/command/usage-error.ts';

describe('the command line of one load', () => {
  it('reads 10,000 keys with 64 connections of 16 unless told otherwise', () => {
    expect(parseLoad([])).toEqual({
      servers: [{ host: '127.0.0.1', port: 2181 }],
      mix: { get: 1 },
      connections: 64,
      depth: 16,
      keys: 10_000,
      keyChoice: 'uniform',
      dataBytes: 100,
      warmupSeconds: 2,
      seconds: 5,
      seed: 1,
    });
  });

  it('takes a mix, a rate, several servers and their processes', () => {
    const args = '--operation get:90,set:10 --rate 5000 --port 1,2 --server-pid 7,8 --zipf';
    expect(parseLoad([...args.split(' '), '--operations', '100'])).toMatchObject({
      servers: [{ port: 1 }, { port: 2 }],
      mix: { get: 90, set: 10 },
      ratePerSecond: 5000,
      serverPids: [7, 8],
      keyChoice: 'zipf',
      requests: 100,
    });
  });

  it.each([
    ['--operation', 'exist', "did you mean 'exists'?"],
    ['--depth', 'many', '--depth takes a number'],
    ['--port', '2181,', '--port takes a number'],
    ['--other', '1', '--other'],
  ])('refuses %s %s', (name, value, message) => {
    expect(() => parseLoad([name, value])).toThrow(UsageError);
    expect(() => parseLoad([name, value])).toThrow(message);
  });

  it('helps', () => {
    expect(parseLoad(['--help'])).toBeNull();
    expect(loadHelp).toContain('getChildren');
  });
});
