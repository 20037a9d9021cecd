/**
 * Command line of the load generator: one load against a server that is already running.
 * Several members of an ensemble are given as `--port 2181,2182,2183`, their processes likewise.
 * `node dist/bench/run.js --port 2181 --operation get --connections 64 --depth 16`
 * `node dist/bench/run.js --operation get:90,set:10 --rate 20000 --keys 100000 --zipf`
 */
import { parseArgs } from 'node:util';
import { startLoad } from './load/start.ts';
import { type LoadSpec, type Mix, operationNames } from './load/workload.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '2181' },
    operation: { type: 'string', default: 'get' },
    connections: { type: 'string', default: '64' },
    depth: { type: 'string', default: '16' },
    rate: { type: 'string' },
    keys: { type: 'string', default: '10000' },
    zipf: { type: 'boolean', default: false },
    'data-bytes': { type: 'string', default: '100' },
    children: { type: 'string' },
    'multi-operations': { type: 'string' },
    warmup: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '5' },
    operations: { type: 'string' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string' },
    'server-pid': { type: 'string' },
  },
});

/** `get` or `get:90,set:10`. */
function mixOf(text: string): Mix {
  const shares = text.split(',').map((share) => {
    const [name, weight = '1'] = share.split(':');
    const operation = operationNames.find((each) => each === name);
    if (operation === undefined) throw new Error(`--operation is of ${operationNames.join(' ')}`);
    return [operation, Number(weight)];
  });
  return Object.fromEntries(shares) as Mix;
}

function optional(name: keyof LoadSpec, text: string | undefined): Partial<LoadSpec> {
  return text === undefined ? {} : { [name]: Number(text) };
}

const spec: LoadSpec = {
  servers: values.port.split(',').map((port) => ({ host: values.host, port: Number(port) })),
  mix: mixOf(values.operation),
  connections: Number(values.connections),
  depth: Number(values.depth),
  keys: Number(values.keys),
  keyChoice: values.zipf ? 'zipf' : 'uniform',
  dataBytes: Number(values['data-bytes']),
  warmupSeconds: Number(values.warmup),
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  ...optional('ratePerSecond', values.rate),
  ...optional('children', values.children),
  ...optional('multiOperations', values['multi-operations']),
  ...optional('requests', values.operations),
  ...optional('processes', values.processes),
  ...(values['server-pid'] === undefined
    ? {}
    : { serverPids: values['server-pid'].split(',').map(Number) }),
};

const { latencyUs: _, series: __, ...figures } = await startLoad(spec);
console.log(JSON.stringify(figures, null, 2));
