/** Runs a load in a process of its own and hands its result back. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../test/support/project-root.ts';
import type { LoadResult, LoadSpec } from './workload.ts';

/** Rejects when the process ends without a result; what it printed went to our stderr. */
export function startLoad(spec: LoadSpec): Promise<LoadResult> {
  const child = fork(join(projectRoot, 'dist/bench/load/worker.js'), {
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', (result: LoadResult) => resolve(result));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the load process ended with code ${code}`)));
    child.send(spec);
  });
}
