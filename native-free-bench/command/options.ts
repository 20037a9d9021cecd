/** Reads the command line of `npm run bench`. */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { apacheOf, type Contender, ringkeeper, targetOf } from '../harness/contender.ts';
import type { Scenario } from '../harness/scenario.ts';
import {
  type BenchSize,
  fullSize,
  quickSize,
  shortSize,
  type WantedLoad,
} from '../harness/size.ts';
import type { Address } from '../load/workload.ts';
import { scenarios } from '../scenarios/index.ts';
import { optionTable } from './option-table.ts';
import { UsageError, unknown } from './usage-error.ts';

export interface BenchOptions {
  readonly wants: 'run' | 'help' | 'list';
  readonly scenarios: readonly Scenario[];
  /** The baseline first. */
  readonly contenders: readonly Contender[];
  readonly size: BenchSize;
  readonly outDirectory: string;
  readonly recordFile: string | null;
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

const clientPort = 2181;

/** Throws a `UsageError` that says what is wrong and what would be right. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const values = parseValues(args);
  if (values['quick'] === true && values['full'] === true) {
    throw new UsageError('--quick and --full exclude each other');
  }
  const contenders = contendersOf(values);
  return {
    wants: values['help'] === true ? 'help' : values['list'] === true ? 'list' : 'run',
    scenarios: scenariosOf(values),
    contenders,
    size: sizeOf(values),
    outDirectory: resolve(textOf(values, 'out') ?? 'bench-report'),
    recordFile: textOf(values, 'record') ?? null,
  };
}

function parseValues(args: readonly string[]): Values {
  for (const argument of args) {
    const name = /^--([^=]+)/.exec(argument)?.[1];
    const names = optionTable.map((row) => row.name);
    if (name !== undefined && !names.includes(name)) throw unknown('option', name, names);
  }
  const options = Object.fromEntries(
    optionTable.map(({ name, value }) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options }).values as Values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function scenariosOf(values: Values): readonly Scenario[] {
  const wanted = textOf(values, 'scenario')?.split(',');
  const isAlive = values['target'] !== undefined;
  if (wanted === undefined) {
    const all = values['full'] === true ? scenarios : scenarios.filter((each) => each.isDefault);
    return isAlive ? all.filter((each) => !each.needsOwnServer) : all;
  }
  return wanted.map((name) => {
    const found = scenarios.find((each) => each.name === name);
    if (found === undefined) {
      throw unknown(
        'scenario',
        name,
        scenarios.map((each) => each.name),
      );
    }
    if (isAlive && found.needsOwnServer) {
      throw new UsageError(`scenario '${name}' starts and stops servers: not for a --target`);
    }
    return found;
  });
}

function contendersOf(values: Values): readonly Contender[] {
  const vs = textOf(values, 'vs');
  const home = textOf(values, 'apache-home');
  const target = textOf(values, 'target');
  if (vs !== undefined && vs !== 'apache') throw unknown('server', vs, ['apache']);
  if (home !== undefined && vs === undefined)
    throw new UsageError('--apache-home is for --vs apache');
  const measured = target === undefined ? ringkeeper : targetOf(addressesOf(target));
  if (vs === undefined) return [measured];
  return [apacheOf(home === undefined ? undefined : resolve(home)), measured];
}

/** `host`, `host:port` or `[v6]:port`, separated by commas. */
function addressesOf(text: string): Address[] {
  return text.split(',').map((each) => {
    const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(each.trim());
    const port = Number(match?.[3] ?? clientPort);
    if (match === null || port < 1 || port > 65_535) {
      throw new UsageError(`--target is host:port[,host:port], not '${each}'`);
    }
    return { host: (match[1] ?? match[2])!, port };
  });
}

function sizeOf(values: Values): BenchSize {
  const base =
    values['quick'] === true ? quickSize : values['full'] === true ? fullSize : shortSize;
  return {
    ...base,
    repeats: numberOf(values, 'repeats', 1) ?? base.repeats,
    seconds: numberOf(values, 'duration', 0.1, false) ?? base.seconds,
    firstWarmupSeconds: numberOf(values, 'warmup', 0, false) ?? base.firstWarmupSeconds,
    seed: numberOf(values, 'seed', 0) ?? base.seed,
    wanted: wantedOf(values),
  };
}

function wantedOf(values: Values): WantedLoad {
  const entries = [
    ['sessions', numberOf(values, 'sessions', 1)],
    ['depth', numberOf(values, 'depth', 1)],
    ['valueBytes', numberOf(values, 'value-size', 0)],
    ['ratePerSecond', numberOf(values, 'rate', 1)],
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function numberOf(values: Values, name: string, min: number, isWhole = true): number | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < min || (isWhole && value % 1 !== 0)) {
    const kind = isWhole ? 'a whole number' : 'a number';
    throw new UsageError(`--${name} is ${kind} of at least ${min}, not '${text}'`);
  }
  return value;
}

function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}
