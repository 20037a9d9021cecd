/**
 * The history checker gives no false alarm: nothing is found in what Apache's servers answered and
 * logged, alone, as an ensemble, and together with ours, killed in the middle of the work.
 */
import { describe, expect, it } from 'vitest';
import { apacheVersion } from '../../native-free-bench/apache/jars.ts';
import { startApache } from '../../native-free-bench/apache/server.ts';
import type { MemberKind } from '../support/ensemble-member.ts';
import { recordEnsemble, recordServer, verdictOf } from '../support/recorded-histories.ts';
import { temporaryDirectory } from '../support/ringkeeper-process.ts';

const apache: MemberKind = `apache ${apacheVersion}`;

describe('a recorded history', () => {
  it('follows from the log of a server of Apache', async () => {
    const directory = temporaryDirectory();
    await recordServer(directory, startApache);
    expect(verdictOf(directory)).toBe('');
  });

  it.each([
    { who: 'Apache', voters: [apache, apache, apache] },
    { who: 'Apache and ours', voters: [apache, 'ringkeeper', apache] },
    { who: 'ours and Apache', voters: ['ringkeeper', apache, 'ringkeeper'] },
  ] as { who: string; voters: MemberKind[] }[])(
    'follows from the logs of an ensemble of $who',
    async ({ voters }) => {
      const directory = temporaryDirectory();
      await recordEnsemble(directory, voters);
      expect(verdictOf(directory)).toBe('');
    },
  );
});
