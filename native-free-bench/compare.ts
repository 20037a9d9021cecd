/**
 * Command line that measures our server beside Apache's in one run and prints a table.
 * `node dist/bench/compare.js [--quick] [--repeats 5] [--only apache] [--json file]`
 */

import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { formatTable, toRows } from './report/table.ts';
import { contenders } from './scenarios/contender.ts';
import { type BenchSize, fullSize, type Measurement, quickSize } from './scenarios/measurement.ts';
import { measureSpeed } from './scenarios/speed.ts';
import { measureStartAndMemory } from './scenarios/start-and-memory.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    repeats: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
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

const measurements: Measurement[] = [];
for (const scenario of [measureSpeed, measureStartAndMemory]) {
  for await (const measurement of scenario(chosen, size)) {
    measurements.push(measurement);
    const { scenario: name, unit, server, value } = measurement;
    console.error(`${server.padEnd(10)}  ${name}: ${value.toFixed(1)} ${unit}`);
  }
}

const rows = toRows(measurements);
console.log(formatTable(rows));
if (values.json !== undefined) {
  const machine = { cpus: availableParallelism(), model: cpus()[0]?.model, node: process.version };
  writeFileSync(values.json, `${JSON.stringify({ machine, size, rows, measurements }, null, 2)}\n`);
}
