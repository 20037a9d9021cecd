/**
 * What three servers promise, whatever happens to them: clients of all workloads keep books of
 * what they were told, a living client keeps its session, recorded clients are checked against the
 * logs of all servers, and all servers end with the same tree.
 */
import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import type { EnsembleProcesses } from '../support/ensemble-processes.ts';
import { digestMismatches, type SeenTree, sameTreeOnAll } from '../support/ensemble-state.ts';
import type { LogArchive } from '../support/log-archive.ts';
import { recordRun } from '../support/recorded-run.ts';
import { temporaryDirectory } from '../support/ringkeeper-process.ts';
import { LivingClient } from './living-client.ts';
import { answersBetween, type Nemesis } from './nemesis.ts';
import type { Workload } from './workload.ts';
import { allWorkloads } from './workloads.ts';

/** Of an ensemble that promises are asked of: small ticks, and logs that roll meanwhile. */
export const promisingSettings: Readonly<Record<string, string>> = {
  ...{ tickTime: '200', initLimit: '10', syncLimit: '5' },
  ...{ minSessionTimeout: '4000', maxSessionTimeout: '60000' },
  snapCount: '1000',
  // Who was away gets what it misses, and all keep their logs: the checker wants all of them.
  ...{ commitLogCount: '200000', 'autopurge.purgeInterval': '0' },
};

/** Recording clients, and a timeout after which what one could not close is soon gone. */
const recording = { clients: 4, sessionTimeoutMs: 6000 };

/** Fails when a promise is broken. `archive` is that of the ensemble, and `seed` chooses steps. */
export async function expectPromisesKept(
  ensemble: EnsembleProcesses,
  archive: LogArchive,
  seed: number,
  nemesis: Nemesis,
): Promise<void> {
  const directory = temporaryDirectory();
  const workloads = allWorkloads(ensemble.ports);
  const living = await LivingClient.open(ensemble.connectString, '/living');
  const options = { ...recording, directory, seed, ports: ensemble.ports };
  await recordRun(options, (recorded) => workUnder(nemesis, ensemble, workloads, recorded));
  expect(await living.close()).toEqual([]);

  expect(ensemble.runningIds).toEqual(ensemble.ids);
  const tree = await treeOfNobody(ensemble);
  const verdicts = workloads.flatMap((each) => each.judge(tree).map((w) => `${each.name}: ${w}`));
  expect(verdicts).toEqual([]);
  const mismatches = await Promise.all(ensemble.members.map(digestMismatches));
  expect(mismatches).toEqual(ensemble.ids.map(() => 0));
  const { wrong, operations, notifications } = archive.judge(directory, ensemble);
  expect(wrong).toBe('');
  expect(operations).toBeGreaterThan(answersBetween);
  expect(notifications).toBeGreaterThan(0);
  rmSync(directory, { recursive: true });
}

/** The workloads begin, the nemesis comes and goes, and they end when all is well again. */
async function workUnder(
  nemesis: Nemesis,
  ensemble: EnsembleProcesses,
  workloads: readonly Workload[],
  recorded: () => number,
): Promise<void> {
  const answered = () => workloads.reduce((sum, each) => sum + each.acknowledged, recorded());
  const answers = async (count: number): Promise<void> => {
    const wanted = answered() + count;
    await ensemble.waitFor(`${count} answers`, () => (answered() >= wanted ? true : null));
  };
  const running = Promise.all(workloads.map((workload) => workload.run()));
  // Awaited in the end; whatever fails first is told then.
  running.catch(() => {});
  await answers(answersBetween);
  await nemesis({ ensemble, answers });
  await ensemble.allServe();
  await answers(answersBetween);
  await Promise.all(workloads.map((workload) => workload.stop()));
  await running;
}

/** Resolves when no session is left, and all members have the same. */
function treeOfNobody(ensemble: EnsembleProcesses): Promise<SeenTree> {
  return ensemble.waitFor('a tree without nodes of sessions', async () => {
    const seen = await sameTreeOnAll(ensemble);
    const owners = Object.values(seen).filter(({ stat }) => stat.ephemeralOwner !== 0n);
    return owners.length === 0 ? seen : null;
  });
}
