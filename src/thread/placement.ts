/**
 * Which agents share a thread. A table, so that a placement is a value: the same agents run in
 * all of them and cannot tell. The first thread is the main thread, where the sockets are. There
 * are links in a member of an ensemble only. Further fronts have a thread each, behind those of the
 * placement.
 */
import { availableParallelism } from 'node:os';

export type AgentName = 'front' | 'links' | 'keeper' | 'ensemble' | 'log';

export const placements = {
  threads: [['front', 'links'], ['keeper', 'ensemble'], ['log']],
  paired: [['front', 'links', 'keeper', 'ensemble'], ['log']],
  inline: [['front', 'links', 'keeper', 'ensemble', 'log']],
} as const satisfies Record<string, readonly (readonly AgentName[])[]>;

export type Placement = keyof typeof placements;

/** With two cores the hop to a thread of its own costs the keeper more than it wins. */
export function choosePlacement(wanted: Placement | 'auto'): Placement {
  if (wanted !== 'auto') return wanted;
  return availableParallelism() > 2 ? 'threads' : 'paired';
}

/** Index of the thread that runs an agent; 0 is the main thread. Of fronts it is the first one's. */
export function threadOf(placement: Placement, agent: AgentName): number {
  const threads: readonly (readonly AgentName[])[] = placements[placement];
  return threads.findIndex((agents) => agents.includes(agent));
}

/** Front 0 is beside the links on the main thread. */
export function threadOfFront(placement: Placement, front: number): number {
  return front === 0 ? 0 : placements[placement].length + front - 1;
}
