/**
 * Histories of clients against the logs of real servers: nothing is ever found. Whatever kills the
 * server, or leads the ensemble elsewhere, happens in the middle of the work.
 */
import { describe, expect, it } from 'vitest';
import { apacheVersion } from '../../native-free-bench/apache/jars.ts';
import type { MemberKind } from '../support/ensemble-member.ts';
import { recordEnsemble, recordServer, verdictOf } from '../support/recorded-histories.ts';
import { temporaryDirectory } from '../support/ringkeeper-process.ts';
import { startTarget, targetName } from '../support/target-server.ts';

const kind: MemberKind = targetName === 'apache' ? `apache ${apacheVersion}` : 'ringkeeper';

describe('a recorded history', () => {
  it('follows from the log of one server that is killed and started again', async () => {
    const directory = temporaryDirectory();
    await recordServer(directory, startTarget);
    expect(verdictOf(directory)).toBe('');
  });

  it('follows from the logs of an ensemble that loses its leader and a follower', async () => {
    const directory = temporaryDirectory();
    await recordEnsemble(directory, [kind, kind, kind]);
    expect(verdictOf(directory)).toBe('');
  });
});
