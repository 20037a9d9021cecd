/** Ensembles of three on this machine, as all ensemble scenarios measure them. */
import { EnsembleProcesses } from '../../test/support/ensemble-processes.ts';
import type { MemberNetwork } from '../../test/support/member-network.ts';
import type { OwnContender } from './contender.ts';

const membersEach = 3;
/** Apache's sample configuration has these. */
const settings = { tickTime: '2000', initLimit: '10', syncLimit: '5' };

/** Starts three members at the same moment; resolves when all of them serve. */
export function startEnsemble(
  { memberKind }: OwnContender,
  network?: MemberNetwork,
): Promise<EnsembleProcesses> {
  const voters = Array.from({ length: membersEach }, () => memberKind);
  return EnsembleProcesses.start({ voters, settings, heap: '1g', ...(network && { network }) });
}
