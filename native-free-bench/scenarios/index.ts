/** All scenarios, in the order in which they run. */

import type { Scenario } from '../harness/scenario.ts';
import { connections } from './connections.ts';
import { ensemble } from './ensemble.ts';
import { failover } from './failover.ts';
import { fronts } from './fronts.ts';
import { locks } from './locks.ts';
import { memory } from './memory.ts';
import { mixed } from './mixed.ts';
import { openLoop } from './open-loop.ts';
import { operations } from './operations.ts';
import { recovery } from './recovery.ts';
import { sessionStorm } from './session-storm.ts';
import { slowMember } from './slow-member.ts';
import { snapshotUnderLoad } from './snapshot-under-load.ts';
import { speed } from './speed.ts';
import { stalls } from './stalls.ts';
import { startAndMemory } from './start-and-memory.ts';
import { valueSizes } from './value-sizes.ts';
import { watchFanOut } from './watch-fan-out.ts';
import { zipf } from './zipf.ts';

export const scenarios: readonly Scenario[] = [
  ...[speed, operations, mixed, zipf, valueSizes, connections, openLoop, fronts],
  ...[watchFanOut, sessionStorm, locks],
  ...[startAndMemory, memory, recovery, snapshotUnderLoad, stalls],
  ...[ensemble, slowMember, failover],
];
