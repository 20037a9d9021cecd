/**
 * Histories of clients against the logs of real servers: nothing is ever found. Whatever kills the
 * server, or leads the ensemble elsewhere, happens in the middle of the work.
 */
import { describe, expect, it } from 'vitest';
import { apacheVersion } from '../../native-free-bench/apache/jars.ts';
import { checkRun, reportOf } from '../../src/check/check-run.ts';
import { readRunDirectory } from '../../src/check/node-run-directory.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import type { MemberKind } from '../support/ensemble-member.ts';
import { EnsembleProcesses } from '../support/ensemble-processes.ts';
import { eventually } from '../support/eventually.ts';
import { keepServer, recordRun } from '../support/recorded-run.ts';
import { temporaryDirectory } from '../support/ringkeeper-process.ts';
import { startTarget, targetName } from '../support/target-server.ts';

const kind: MemberKind = targetName === 'apache' ? `apache ${apacheVersion}` : 'ringkeeper';
const work = { seed: 7, clients: 6 };
/** Answers before the next thing happens. */
const answersBetween = 700;

function answered(acknowledged: () => number): Promise<unknown> {
  const wanted = acknowledged() + answersBetween;
  return eventually('answers', () => (acknowledged() >= wanted ? true : null));
}

function verdict(directory: string): string[] {
  const result = checkRun(readRunDirectory(new NodeDisk(), directory));
  expect(result.operations).toBeGreaterThan(2 * answersBetween);
  expect(result.notifications).toBeGreaterThan(10);
  return result.findings.isClean ? [] : [reportOf(result)];
}

describe('a recorded history', () => {
  it('follows from the log of one server that is killed and started again', async () => {
    const directory = temporaryDirectory();
    let server = await startTarget();
    const { port, dataDir } = server;
    await recordRun({ ...work, directory, ports: [port] }, async (acknowledged) => {
      for (let times = 0; times < 2; times++) {
        await answered(acknowledged);
        await server.kill();
        server = await startTarget({ port, dataDir });
      }
    });
    await server.stop();
    keepServer(directory, 'one', dataDir);
    expect(verdict(directory)).toEqual([]);
  });

  it('follows from the logs of an ensemble that loses its leader and a follower', async () => {
    const directory = temporaryDirectory();
    const ensemble = await EnsembleProcesses.start({ voters: [kind, kind, kind] });
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
    expect(verdict(directory)).toEqual([]);
  });
});
