/**
 * The logs of an ensemble over many runs. A server drops its log when a snapshot replaces it, and
 * loses it with its disk; what all had agreed on at the end of a run is kept here, so that the next
 * run is checked from the first txn on, and against all that was there before.
 */
import { type CheckResult, checkRun, reportOf } from '../../src/check/check-run.ts';
import { Findings } from '../../src/check/findings.ts';
import { readHistories } from '../../src/check/node-run-directory.ts';
import { agreedLog, readServerLog, type ServerLog } from '../../src/check/server-log.ts';
import { dataDirectory } from '../../src/storage/data-directory.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import type { EnsembleProcesses } from './ensemble-processes.ts';
import { keepServer } from './recorded-run.ts';

export interface Verdict extends Omit<CheckResult, 'findings'> {
  /** The report, and where the files are; empty when nothing was found. */
  readonly wrong: string;
}

export class LogArchive {
  private earlier: ServerLog[] = [];

  /**
   * Checks the histories in `runDirectory` against the logs of all members, who have the same txns
   * and write nothing. Where something is wrong all files stay there for `ringkeeper check`.
   */
  judge(runDirectory: string, ensemble: EnsembleProcesses): Verdict {
    const disk = new NodeDisk();
    const current = ensemble.ids.map((id) => {
      return readServerLog(disk, `${id}`, dataDirectory(ensemble.dataDirOf(id)));
    });
    const logs = [...this.earlier, ...current];
    const { findings, ...counts } = checkRun({ histories: readHistories(runDirectory), logs });
    this.earlier = [{ server: 'before', txns: agreedLog(logs, new Findings()), snapshots: [] }];
    if (findings.isClean) return { ...counts, wrong: '' };
    for (const id of ensemble.ids) keepServer(runDirectory, `${id}`, ensemble.dataDirOf(id));
    return { ...counts, wrong: `${reportOf({ findings, ...counts })}files in ${runDirectory}` };
  }
}
