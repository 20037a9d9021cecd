/** All scenarios, in the order in which they run. */
import { ensemble } from './ensemble.ts';
import { failover } from './failover.ts';
import type { Scenario } from './scenario.ts';
import { speed } from './speed.ts';
import { startAndMemory } from './start-and-memory.ts';

export const scenarios: readonly Scenario[] = [speed, startAndMemory, ensemble, failover];
