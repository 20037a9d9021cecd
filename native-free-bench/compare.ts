/**
 * Command line that measures our server beside Apache's in one run and prints a table.
 * `node dist/bench/compare.js [--quick] [--scenario speed,ensemble] [--repeats 5] [--only apache]
 * [--json file]`
 */

import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { formatTable, toRows } from './report/table.ts';
import { type Contender, contenders } from './scenarios/contender.ts';
import { measureEnsemble } from './scenarios/ensemble.ts';
import { measureFailover } from './scenarios/failover.ts';
import { type BenchSize, fullSize, type Measurement, quickSize } from './scenarios/measurement.ts';
import { measureSpeed } from './scenarios/speed.ts';
import { measureStartAndMemory } from './scenarios/start-and-memory.ts';

type Scenario = (chosen: readonly Contender[], size: BenchSize) => AsyncGenerator<Measurement>;

const measures: Readonly<Record<string, Scenario>> = {
  speed: measureSpeed,
  'start-and-memory': measureStartAndMemory,
  ensemble: measureEnsemble,
  failover: measureFailover,
};
const defaultScenarios = ['speed', 'start-and-memory'];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    repeats: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    scenario: { type: 'string', default: defaultScenarios.join() },
    json: { type: 'string' },
  },
});

const base = values.quick ? quickSize : fullSize;
const size: BenchSize = {
  ...base,
  repeats: Number(values.repeats ?? base.repeats),
  seconds: Number(values.seconds ?? base.seconds),
};
const chosen = contenders.filter((each) => values.only === undefined || each.name === values.only);
if (chosen.length === 0) throw new Error(`--only is one of ${contenders.map((each) => each.name)}`);

const scenarios = values.scenario.split(',');
if (scenarios.some((name) => measures[name] === undefined)) {
  throw new Error(`--scenario is one or more of ${Object.keys(measures)}`);
}

const measurements: Measurement[] = [];
for (const name of scenarios) {
  for await (const measurement of measures[name]!(chosen, size)) {
    measurements.push(measurement);
    const { scenario, unit, server, value } = measurement;
    console.error(`${server.padEnd(10)}  ${scenario}: ${value.toFixed(1)} ${unit}`);
  }
}

const rows = toRows(measurements);
console.log(formatTable(rows));
if (values.json !== undefined) {
  const machine = { cpus: availableParallelism(), model: cpus()[0]?.model, node: process.version };
  writeFileSync(values.json, `${JSON.stringify({ machine, size, rows, measurements }, null, 2)}\n`);
}
