/** The servers that are measured side by side. */
import { type ServerOptions, startRingkeeper } from '../../test/support/ringkeeper-process.ts';
import type { ServerProcess } from '../../test/support/server-process.ts';
import { startApache } from '../apache/server.ts';

export interface Contender {
  readonly name: 'apache' | 'ringkeeper';
  start(options?: ServerOptions): Promise<ServerProcess>;
}

export const apache: Contender = { name: 'apache', start: (options) => startApache(options) };
export const ringkeeper: Contender = { name: 'ringkeeper', start: startRingkeeper };

export const contenders: readonly Contender[] = [apache, ringkeeper];
