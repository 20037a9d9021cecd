/** Every option of `npm run bench`, once: the parser and the help both read this. */
export interface OptionRow {
  readonly name: string;
  /** Absent: a switch. */
  readonly value?: string;
  readonly help: string;
}

/** Where `npm run bench:record` appends, and where the commands on runs look for them. */
export const resultsFile = 'bench-results.jsonl';

export const optionTable: readonly OptionRow[] = [
  { name: 'quick', help: 'tiny loads: shows that all works, its figures say little' },
  { name: 'full', help: 'all scenarios, long loads, five repeats' },
  { name: 'scenario', value: 'NAME[,NAME]', help: 'only these; --list has their names' },
  { name: 'list', help: 'list the scenarios and end' },
  { name: 'vs', value: 'apache', help: "Apache's server beside it, in turns; prints ratios" },
  { name: 'apache-home', value: 'DIR', help: 'its unpacked distribution or folder of jars' },
  { name: 'target', value: 'HOST:PORT[,...]', help: 'a server or ensemble that runs already' },
  { name: 'repeats', value: 'N', help: 'how often each load is measured' },
  { name: 'duration', value: 'SECONDS', help: 'length of each measured load' },
  { name: 'warmup', value: 'SECONDS', help: 'of each operation, before everything else' },
  { name: 'sessions', value: 'N', help: 'sessions of a load instead of its own number' },
  { name: 'depth', value: 'N', help: 'requests that each session keeps in flight' },
  { name: 'value-size', value: 'BYTES', help: 'data of each znode' },
  { name: 'rate', value: 'N', help: 'open loop: requests per second over all sessions' },
  { name: 'seed', value: 'N', help: 'of keys and operations; 1 unless given' },
  { name: 'out', value: 'DIR', help: 'where report.html and run.json go; bench-report' },
  { name: 'record', value: 'FILE', help: 'append the run to these JSON lines as well' },
  { name: 'help', help: 'print this and end' },
];

export function helpText(): string {
  const left = optionTable.map(({ name, value }) => `--${name}${value ? ` ${value}` : ''}`);
  const width = Math.max(...left.map((text) => text.length));
  const lines = optionTable.map(({ help }, i) => `  ${left[i]!.padEnd(width)}  ${help}`);
  return [
    'npm run bench -- [options]',
    '',
    'Measures this server (or --target, or both beside Apache with --vs) and writes a report.',
    '',
    ...lines,
    '',
    `npm run bench:record -- [options]   the same, and appends the run to ${resultsFile}`,
    'npm run bench:compare -- A B        what became faster or slower between two runs',
    'npm run bench:report -- RUN         draws a recorded run again: --html, --svg, --markdown',
    'npm run bench:load -- --help        one load, said in full; prints JSON',
    '',
    'docs/benchmark.md says how the figures are made and what they are worth.',
  ].join('\n');
}
