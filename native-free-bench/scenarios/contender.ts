/** The servers that are measured side by side. */
import type { MemberKind } from '../../test/support/ensemble-member.ts';
import { type ServerOptions, startRingkeeper } from '../../test/support/ringkeeper-process.ts';
import type { ServerProcess } from '../../test/support/server-process.ts';
import { apacheVersion } from '../apache/jars.ts';
import { startApache } from '../apache/server.ts';

export interface Contender {
  readonly name: 'apache' | 'ringkeeper';
  /** What a member of an ensemble of it is. */
  readonly memberKind: MemberKind;
  start(options?: ServerOptions): Promise<ServerProcess>;
}

export const apache: Contender = {
  name: 'apache',
  memberKind: `apache ${apacheVersion}`,
  start: (options) => startApache(options),
};
export const ringkeeper: Contender = {
  name: 'ringkeeper',
  memberKind: 'ringkeeper',
  start: startRingkeeper,
};

export const contenders: readonly Contender[] = [apache, ringkeeper];
