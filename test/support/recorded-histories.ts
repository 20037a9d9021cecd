/**
 * Histories of clients against real servers, of whatever kind, with what happens to them in the
 * middle of the work; and what the checker says to them.
 */
import { expect } from 'vitest';
import { checkRun, reportOf } from '../../src/check/check-run.ts';
import { readRunDirectory } from '../../src/check/node-run-directory.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import type { MemberKind } from './ensemble-member.ts';
import { EnsembleProcesses } from './ensemble-processes.ts';
import { eventually } from './eventually.ts';
import { keepServer, recordRun } from './recorded-run.ts';
import type { ServerOptions } from './ringkeeper-process.ts';
import type { ServerProcess } from './server-process.ts';

const work = { seed: 7, clients: 6 };
/** Answers before the next thing happens. */
const answersBetween = 700;

function answered(acknowledged: () => number): Promise<unknown> {
  const wanted = acknowledged() + answersBetween;
  return eventually('answers', () => (acknowledged() >= wanted ? true : null));
}

/** One server that is killed and started again, twice. */
export async function recordServer(
  directory: string,
  start: (options?: ServerOptions) => Promise<ServerProcess>,
): Promise<void> {
  let server = await start();
  const { port, dataDir } = server;
  await recordRun({ ...work, directory, ports: [port] }, async (acknowledged) => {
    for (let times = 0; times < 2; times++) {
      await answered(acknowledged);
      await server.kill();
      server = await start({ port, dataDir });
    }
  });
  await server.stop();
  keepServer(directory, 'one', dataDir);
}

/** An ensemble that loses its leader, and then a follower. */
export async function recordEnsemble(
  directory: string,
  voters: readonly MemberKind[],
): Promise<void> {
  const ensemble = await EnsembleProcesses.start({ voters });
  try {
    await recordRun({ ...work, directory, ports: ensemble.ports }, async (acknowledged) => {
      for (const mode of ['leader', 'follower'] as const) {
        await answered(acknowledged);
        const lost = await ensemble.anyOf(mode);
        await ensemble.kill(lost);
        await answered(acknowledged);
        await ensemble.start(lost);
      }
    });
    await ensemble.allServe();
    await ensemble.stopAll();
    for (const id of ensemble.ids) keepServer(directory, `${id}`, ensemble.dataDirOf(id));
  } finally {
    await ensemble.close();
  }
}

/** Empty when nothing was found, else the report. Fails when there was little to be found in. */
export function verdictOf(directory: string): string {
  const result = checkRun(readRunDirectory(new NodeDisk(), directory));
  expect(result.operations).toBeGreaterThan(2 * answersBetween);
  expect(result.notifications).toBeGreaterThan(10);
  return result.findings.isClean ? '' : reportOf(result);
}
