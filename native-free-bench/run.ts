/**
 * Command line of the load generator: one load against a server that is already running.
 * Several members of an ensemble are given as `--port 2181,2182,2183`, their processes likewise.
 * `node dist/bench/run.js --port 2181 --operation get --connections 64 --depth 16`
 */
import { parseArgs } from 'node:util';
import { startLoad } from './load/start.ts';
import { type LoadSpec, type OperationName, operationNames } from './load/workload.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '2181' },
    operation: { type: 'string', default: 'get' },
    connections: { type: 'string', default: '64' },
    depth: { type: 'string', default: '16' },
    keys: { type: 'string', default: '10000' },
    'data-bytes': { type: 'string', default: '100' },
    warmup: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '5' },
    operations: { type: 'string' },
    'server-pid': { type: 'string' },
  },
});

function operationOf(name: string): OperationName {
  const found = operationNames.find((each) => each === name);
  if (found === undefined) throw new Error(`--operation is one of ${operationNames.join(' ')}`);
  return found;
}

const spec: LoadSpec = {
  host: values.host,
  ports: values.port.split(',').map(Number),
  operation: operationOf(values.operation),
  connections: Number(values.connections),
  depth: Number(values.depth),
  keys: Number(values.keys),
  dataBytes: Number(values['data-bytes']),
  warmupSeconds: Number(values.warmup),
  seconds: Number(values.seconds),
  ...(values.operations === undefined ? {} : { operations: Number(values.operations) }),
  ...(values['server-pid'] === undefined
    ? {}
    : { serverPids: values['server-pid'].split(',').map(Number) }),
};

console.log(JSON.stringify(await startLoad(spec), null, 2));
