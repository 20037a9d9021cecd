/** Reads the command line of `npm run bench:load`: one load, said in full. */
import { parseArgs } from 'node:util';
import { type LoadSpec, type Mix, operationNames } from '../load/workload.ts';
import { UsageError, unknown } from './usage-error.ts';

export const loadHelp = `npm run bench:load -- [options]

One load against servers that run already; prints what it measured as JSON.

  --host HOST             127.0.0.1 unless given
  --port PORT[,PORT]      2181 unless given; sessions take these in turn
  --operation NAME[:N][,NAME[:N]]
                          a mix by weights, e.g. get:90,set:10; of
                          ${operationNames.join(' ')}
  --connections N         64 unless given
  --depth N               requests that each keeps in flight, 16 unless given
  --rate N                open loop: requests per second over all connections
  --keys N, --zipf        nodes to choose from, evenly or by a Zipf distribution
  --data-bytes N          data of each node, 100 unless given
  --children N            of the node that getChildren lists
  --multi-operations N    sets in one multi
  --warmup S, --seconds S before, and of the measured part
  --operations N          ends after so many instead of after a time
  --seed N                every choice follows from it
  --processes N           of the generator
  --server-pid PID[,PID]  for CPU and memory of servers on this machine`;

const text = (value?: string) =>
  value === undefined
    ? ({ type: 'string' } as const)
    : ({ type: 'string', default: value } as const);

const options = {
  host: text('127.0.0.1'),
  port: text('2181'),
  operation: text('get'),
  connections: text('64'),
  depth: text('16'),
  rate: text(),
  keys: text('10000'),
  zipf: { type: 'boolean', default: false },
  'data-bytes': text('100'),
  children: text(),
  'multi-operations': text(),
  warmup: text('2'),
  seconds: text('5'),
  operations: text(),
  seed: text('1'),
  processes: text(),
  'server-pid': text(),
  help: { type: 'boolean' },
} as const;

/** Null: the user wants help. Throws a `UsageError` that says what is wrong. */
export function parseLoad(args: readonly string[]): LoadSpec | null {
  const values = valuesOf(args);
  if (values.help === true) return null;
  const number = (name: keyof typeof values): number => numberOf(name, String(values[name]));
  const optional = (name: keyof typeof values, field: keyof LoadSpec): Partial<LoadSpec> =>
    values[name] === undefined ? {} : { [field]: number(name) };
  const pids = values['server-pid']?.split(',').map((pid) => numberOf('server-pid', pid));
  return {
    servers: String(values.port)
      .split(',')
      .map((port) => ({ host: String(values.host), port: numberOf('port', port) })),
    mix: mixOf(String(values.operation)),
    connections: number('connections'),
    depth: number('depth'),
    keys: number('keys'),
    keyChoice: values.zipf === true ? 'zipf' : 'uniform',
    dataBytes: number('data-bytes'),
    warmupSeconds: number('warmup'),
    seconds: number('seconds'),
    seed: number('seed'),
    ...optional('rate', 'ratePerSecond'),
    ...optional('children', 'children'),
    ...optional('multi-operations', 'multiOperations'),
    ...optional('operations', 'requests'),
    ...optional('processes', 'processes'),
    ...(pids === undefined ? {} : { serverPids: pids }),
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** `get` or `get:90,set:10`. */
function mixOf(said: string): Mix {
  const shares = said.split(',').map((share) => {
    const [name = '', weight = '1'] = share.split(':');
    const operation = operationNames.find((each) => each === name);
    if (operation === undefined) throw unknown('operation', name, operationNames);
    return [operation, numberOf('operation', weight)];
  });
  return Object.fromEntries(shares) as Mix;
}

function numberOf(name: string, said: string): number {
  const value = Number(said);
  if (said.trim() === '' || !(value >= 0)) {
    throw new UsageError(`--${name} takes a number, not '${said}'`);
  }
  return value;
}
