/** A recorded run: some clients at work, whatever happens meanwhile, and all files in one place. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from './random.ts';
import { work } from './recorded-workloads.ts';
import { Recorder } from './recorder.ts';

export interface RecordedRunOptions {
  readonly ports: readonly number[];
  /** Receives `clients` and `servers`. */
  readonly directory: string;
  readonly seed: number;
  readonly clients: number;
  readonly sessionTimeoutMs?: number;
}

/** The clients work until `meanwhile` is through, which is told how many answers they have. */
export async function recordRun(
  { ports, directory, seed, clients, sessionTimeoutMs }: RecordedRunOptions,
  meanwhile: (acknowledged: () => number) => Promise<void>,
): Promise<void> {
  const recorders = Array.from({ length: clients }, (_, i) => {
    const inTurn = [...ports.slice(i % ports.length), ...ports];
    return new Recorder({ ports: inTurn, ...(sessionTimeoutMs && { sessionTimeoutMs }) });
  });
  const acknowledged = () => recorders.reduce((sum, each) => sum + each.acknowledged, 0);
  let isOver = false;
  const working = recorders.map((each, i) => work(each, new SeededRandom(seed + i), () => isOver));
  try {
    await meanwhile(acknowledged);
  } finally {
    isOver = true;
    await Promise.all(working);
  }
  await Promise.all(recorders.map((each) => each.close()));
  for (const [i, each] of recorders.entries()) each.save(directory, `client-${i}`);
}

/** Copies what a server has on disk into the run directory. */
export function keepServer(runDirectory: string, name: string, dataDir: string): void {
  cpSync(join(dataDir, 'version-2'), join(runDirectory, 'servers', name, 'version-2'), {
    recursive: true,
  });
}
