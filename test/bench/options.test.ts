import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { helpText, optionTable } from '../../native-free-bench/command/option-table.ts';
import { parseOptions } from '../../native-free-bench/command/options.ts';
import { UsageError } from '../../native-free-bench/command/usage-error.ts';
import { fullSize, quickSize, shortSize } from '../../native-free-bench/harness/size.ts';
import { scenarios } from '../../native-free-bench/scenarios/index.ts';

function namesOf(args: string[]): string[] {
  return parseOptions(args).scenarios.map(({ name }) => name);
}

describe('the command line of a bench', () => {
  it('measures our server alone in the default scenarios unless told otherwise', () => {
    const options = parseOptions([]);
    expect(options.contenders.map(({ name }) => name)).toEqual(['ringkeeper']);
    expect(options.scenarios).toEqual(scenarios.filter(({ isDefault }) => isDefault));
    expect(options).toMatchObject({ wants: 'run', size: shortSize, recordFile: null });
  });

  it('takes the sizes of a quick and of a full run', () => {
    expect(parseOptions(['--quick']).size).toEqual(quickSize);
    expect(parseOptions(['--full']).size).toEqual(fullSize);
    expect(parseOptions(['--full']).scenarios).toEqual(scenarios);
    expect(() => parseOptions(['--quick', '--full'])).toThrow('exclude each other');
  });

  it('puts Apache before ours, as the baseline', () => {
    const { contenders } = parseOptions(['--vs', 'apache']);
    expect(contenders.map(({ name }) => name)).toEqual(['apache', 'ringkeeper']);
  });

  it('takes the jars of Apache from where the user has them', () => {
    const { contenders } = parseOptions(['--vs', 'apache', '--apache-home', 'some/zookeeper']);
    expect(contenders[0]).toMatchObject({ memberKind: `apache ${resolve('some/zookeeper')}` });
    expect(() => parseOptions(['--apache-home', '/x'])).toThrow('--vs apache');
  });

  it('measures servers that run already, in the scenarios that need no others', async () => {
    const options = parseOptions(['--full', '--target', 'zoo1:2182,[::1]:2183,zoo3']);
    expect(options.scenarios).toEqual(scenarios.filter((each) => !each.needsOwnServer));
    const { addresses, pids } = await options.contenders[0]!.acquire();
    expect(pids).toEqual([]);
    expect(addresses).toEqual([
      { host: 'zoo1', port: 2182 },
      { host: '::1', port: 2183 },
      { host: 'zoo3', port: 2181 },
    ]);
  });

  it.each(['zoo:x', 'zoo:99999', '', 'a:1:2'])('refuses the target %j', (target) => {
    expect(() => parseOptions(['--target', target])).toThrow(UsageError);
  });

  it('refuses a scenario that needs its own servers for a target', () => {
    const args = ['--target', 'zoo', '--scenario', 'failover'];
    expect(() => parseOptions(args)).toThrow("scenario 'failover' starts and stops servers");
  });

  it('takes scenarios in the order in which they are named', () => {
    expect(namesOf(['--scenario', 'failover,speed'])).toEqual(['failover', 'speed']);
  });

  it('says what may have been meant', () => {
    expect(() => parseOptions(['--scenario', 'sped'])).toThrow("did you mean 'speed'?");
    expect(() => parseOptions(['--scenario', 'nothing-near'])).toThrow('one of: speed');
    expect(() => parseOptions(['--repeat', '3'])).toThrow("did you mean 'repeats'?");
    expect(() => parseOptions(['--vs', 'etcd'])).toThrow('one of: apache');
    expect(() => parseOptions(['speed'])).toThrow(UsageError);
  });

  it('changes the loads as wanted and leaves the rest to the scenarios', () => {
    const args = '--repeats 7 --duration 0.5 --warmup 0 --seed 3 --depth 4 --value-size 0';
    const { size } = parseOptions(args.split(' '));
    expect(size).toMatchObject({ repeats: 7, seconds: 0.5, firstWarmupSeconds: 0, seed: 3 });
    expect(size.wanted).toEqual({ depth: 4, valueBytes: 0 });
  });

  it.each([
    ['--repeats', '0'],
    ['--repeats', '1.5'],
    ['--duration', 'long'],
    ['--rate', ''],
    ['--depth', '-1'],
  ])('refuses %s %j', (name, value) => {
    expect(() => parseOptions([`${name}=${value}`])).toThrow(`${name} is a`);
  });

  it('helps with every option', () => {
    for (const { name } of optionTable) expect(helpText()).toContain(`--${name}`);
    expect(parseOptions(['--help']).wants).toBe('help');
    expect(parseOptions(['--list']).wants).toBe('list');
  });
});
