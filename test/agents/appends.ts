/** The ensemble's way to the log, on a disk that forgets what was not synced. */
import { createMetricsMemory, MetricsRecorder } from '../../src/admin/metrics-recorder.ts';
import { Appends, type AppendsParts } from '../../src/agents/appends.ts';
import { BatchSync } from '../../src/agents/batch-sync.ts';
import { LogLoan } from '../../src/agents/log-loan.ts';
import { noLoneWrites } from '../../src/agents/lone-writes.ts';
import { zxidZero } from '../../src/base/zxid.ts';
import { createLoan, Loan } from '../../src/ring/loan.ts';
import { TxnLogWriter } from '../../src/storage/txn-log-writer.ts';
import { directory, freshDisk } from '../sim/crash-explorer.ts';
import { SimClock, SimRandom } from '../sim/sim-ports.ts';
import { RecordingLogger } from '../storage/recording-logger.ts';

type Given = Pick<AppendsParts, 'ring' | 'synced'> & Partial<AppendsParts>;

/** Where nothing else is said, every record goes over the ring. */
export function newAppends(given: Given, disk = freshDisk(1)): Appends {
  const loan = given.loan ?? new LogLoan(new Loan(createLoan()));
  return new Appends({
    loan,
    writer: new TxnLogWriter({ ...{ disk, directory, lastZxid: zxidZero, preallocBytes: 0 } }),
    sync: new BatchSync({
      ...{ clock: new SimClock(), logger: new RecordingLogger(), loan },
      metrics: new MetricsRecorder(createMetricsMemory(), new SimRandom(1)),
      warningThresholdMs: 1000,
    }),
    loneWrites: noLoneWrites,
    ...given,
  });
}
