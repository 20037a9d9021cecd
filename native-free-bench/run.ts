/**
 * `npm run bench:load`: one load against servers that run already, as a building block for people
 * and scripts; its result is JSON.
 */
import { exitWithUsageErrors } from './command/exit.ts';
import { loadHelp, parseLoad } from './command/load-options.ts';
import { startLoad } from './load/start.ts';

await exitWithUsageErrors(async () => {
  const spec = parseLoad(process.argv.slice(2));
  if (spec === null) return console.log(loadHelp);
  const { latencyUs: _, series: __, ...figures } = await startLoad(spec);
  console.log(JSON.stringify(figures, null, 2));
});
