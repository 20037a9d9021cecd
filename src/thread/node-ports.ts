/** The ports of a production thread, on Node. */
import type { Settings } from '../config/settings.ts';
import { nodeCompression } from '../storage/node-compression.ts';
import { NodeDisk } from '../storage/node-disk.ts';
import type { Ports } from './assemble.ts';
import { NodeClock } from './node-clock.ts';
import { nodeHash } from './node-hash.ts';
import { nodeLogger } from './node-logger.ts';
import { nodeRandom } from './node-random.ts';

export function nodePorts(settings: Settings, thread: string): Ports {
  const level = settings['ringkeeper.logLevel'];
  const format = settings['ringkeeper.logFormat'];
  return {
    disk: new NodeDisk(),
    clock: new NodeClock(),
    random: nodeRandom(),
    logger: nodeLogger({ level, format }, thread),
    compression: nodeCompression,
    hash: nodeHash,
  };
}
