/**
 * Command line that measures servers side by side in one run and prints a table.
 * `node dist/bench/main.js [--quick] [--scenario speed,ensemble] [--vs apache] [--repeats 5]
 * [--json file]`
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { toRows } from './report/rows.ts';
import { formatTable } from './report/table.ts';
import { apacheOf, type OwnContender, ringkeeper } from './scenarios/contender.ts';
import { scenarios } from './scenarios/index.ts';
import type { Measurement } from './scenarios/measurement.ts';
import { type BenchSize, fullSize, quickSize } from './scenarios/size.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    repeats: { type: 'string' },
    duration: { type: 'string' },
    vs: { type: 'string' },
    scenario: { type: 'string' },
    json: { type: 'string' },
  },
});

const base = values.quick ? quickSize : fullSize;
const size: BenchSize = {
  ...base,
  repeats: Number(values.repeats ?? base.repeats),
  seconds: Number(values.duration ?? base.seconds),
};
const contenders: OwnContender[] = [...(values.vs === 'apache' ? [apacheOf()] : []), ringkeeper];
const names = values.scenario?.split(',');
const chosen = scenarios.filter(({ name, isDefault }) => names?.includes(name) ?? isDefault);
if (chosen.length !== (names?.length ?? chosen.length)) {
  throw new Error(`--scenario is one or more of ${scenarios.map(({ name }) => name)}`);
}

const measurements: Measurement[] = [];
for (const scenario of chosen) {
  for await (const outcome of scenario.run(contenders, size, () => {})) {
    if (outcome.kind !== 'measurement') continue;
    measurements.push(outcome);
    const { figure, unit, server, value } = outcome;
    console.error(`${server.padEnd(10)}  ${figure}: ${value.toFixed(1)} ${unit}`);
  }
}

const rows = toRows(measurements);
console.log(formatTable(rows));
if (values.json !== undefined) {
  const machine = { cpus: availableParallelism(), model: cpus()[0]?.model, node: process.version };
  writeFileSync(values.json, `${JSON.stringify({ machine, size, rows, measurements }, null, 2)}\n`);
}
