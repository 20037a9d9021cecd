/**
 * The codes with which a process of ours ends (Apache `ExitCode`, and two of our own), so that
 * supervisors can tell a wrong configuration from a broken disk. Only `main.ts` ends the process.
 */
export const ExitCode = {
  /** Also after SIGTERM and SIGINT. */
  ok: 0,
  /** Anything without a code of its own. */
  unexpectedError: 1,
  invalidConfiguration: 2,
  dataDirectoryInaccessible: 3,
  adminServerFailed: 4,
  snapshotWriteFailed: 10,
  /** A COMMIT that does not match the pending txn. */
  commitMismatch: 12,
  /** An unexpected packet from the leader, or a failed TRUNC. */
  leaderMisunderstood: 13,
  quorumPortBindFailed: 14,
  /** A failed write or sync of the log; Apache's standalone server ends with 0 then. */
  logWriteFailed: 20,
  /** A thread ended or an assertion failed: the program itself is wrong. */
  threadDied: 21,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const meanings: Readonly<Record<ExitCode, string>> = {
  [ExitCode.ok]: 'ended normally, or was told to',
  [ExitCode.unexpectedError]:
    'unexpected error, unreadable database, or client port that is not to be had',
  [ExitCode.invalidConfiguration]: 'invalid configuration or command line',
  [ExitCode.dataDirectoryInaccessible]: 'a data directory is not accessible, mixed up or in use',
  [ExitCode.adminServerFailed]: 'the admin server could not start',
  [ExitCode.snapshotWriteFailed]: 'a snapshot could not be written',
  [ExitCode.commitMismatch]: 'a commit did not match the pending transaction',
  [ExitCode.leaderMisunderstood]: 'the leader sent something unexpected, or a truncation failed',
  [ExitCode.quorumPortBindFailed]: 'the election port could not be listened on',
  [ExitCode.logWriteFailed]: 'the transaction log could not be written or synced',
  [ExitCode.threadDied]: 'a thread ended unexpectedly',
};

/** Half a sentence for messages and the help. */
export function exitMeaning(code: ExitCode): string {
  return meanings[code];
}
