/** Runs a load in processes of its own and hands its result back. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../test/support/project-root.ts';
import { type PartOf, runLoad } from './driver.ts';
import { decodePart, mergeParts } from './merge.ts';
import type { LoadPart } from './part.ts';
import { prepareNodes } from './prepare.ts';
import { assertDescriptors } from './process-usage.ts';
import type { FromWorker, ToWorker } from './worker.ts';
import type { LoadResult, LoadSpec } from './workload.ts';

/** Connections that one process serves before another one is started. */
const connectionsPerProcess = 2500;

/** Rejects when a session cannot be opened, or when a process ends without a result. */
export async function startLoad(spec: LoadSpec): Promise<LoadResult> {
  const processes = spec.processes ?? Math.ceil(spec.connections / connectionsPerProcess);
  assertDescriptors(Math.ceil(spec.connections / Math.max(processes, 1)));
  if (processes === 0) return runLoad(spec);
  const workers: LoadWorker[] = [];
  try {
    const run = await prepareNodes(spec);
    for (let i = 0; i < processes; i++) {
      workers.push(await LoadWorker.open(spec, { run, process: i, processes }));
    }
    return mergeParts(spec, await Promise.all(workers.map((worker) => worker.run())));
  } catch (error) {
    for (const worker of workers) worker.kill();
    throw error;
  }
}

class LoadWorker {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Resolves when the process has opened its sessions. */
  static async open(spec: LoadSpec, part: PartOf): Promise<LoadWorker> {
    const file = join(projectRoot, 'dist/bench/load/worker.js');
    const worker = new LoadWorker(fork(file, { stdio: ['ignore', 2, 2, 'ipc'] }));
    await worker.ask({ kind: 'open', spec, part });
    return worker;
  }

  async run(): Promise<LoadPart> {
    const answer = await this.ask({ kind: 'go' });
    if (answer.kind !== 'done') throw new Error(`the load process said ${answer.kind}`);
    return decodePart(answer.part);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private ask(message: ToWorker): Promise<FromWorker> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => {
        reject(new Error(`the load process ended with code ${code}`));
      };
      child.once('error', reject);
      child.once('exit', onExit);
      child.once('message', (answer: FromWorker) => {
        child.off('error', reject);
        child.off('exit', onExit);
        if (answer.kind === 'failed') reject(new Error(answer.reason));
        else resolve(answer);
      });
      child.send(message);
    });
  }
}
