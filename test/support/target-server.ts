/**
 * The server under test: ours, or with `RINGKEEPER_INTEROP_TARGET=apache` Apache's, which shows
 * that a test demands what the reference does.
 */
import { startApache } from '../../native-free-bench/apache/server.ts';
import { type ServerOptions, startRingkeeper } from './ringkeeper-process.ts';
import type { ServerProcess } from './server-process.ts';

const targetVariable = 'RINGKEEPER_INTEROP_TARGET';

export const targetName = process.env[targetVariable] === 'apache' ? 'apache' : 'ringkeeper';

export function startTarget(options?: ServerOptions): Promise<ServerProcess> {
  return targetName === 'apache' ? startApache(options) : startRingkeeper(options);
}
