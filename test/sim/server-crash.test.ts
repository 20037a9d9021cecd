/**
 * A whole standalone server, with the power cut at every effect on its disk under every policy.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { Scenario } from './scenario.ts';
import { type ExploredStates, ServerExplorer, type Subject } from './server-explorer.ts';
import { scenarios } from './server-scenarios.ts';
import type { SimDisk } from './sim-disk.ts';
import { roomyRings } from './sim-memory.ts';
import { SimWorld } from './sim-world.ts';

const statesMin = 88_000;
const distinctMin = 3450;
const loneWritesMin = 70;
const subjectsMax = 12;

const total: ExploredStates = { states: 0, distinct: 0, moments: 0 };
/** Of txns, by the thread that decided on them. */
let loneWrites = 0;

function add({ states, distinct, moments }: ExploredStates): void {
  total.states += states;
  total.distinct += distinct;
  total.moments += moments;
}

function worldFor({ settings = {}, rings = roomyRings }: Scenario): SimWorld {
  return new SimWorld({ seed: 11, settings, rings });
}

afterAll(() => {
  const { states, distinct, moments } = total;
  console.log(
    `${states} crash states of ${moments} moments: ${distinct} different disks after power cuts, ` +
      `${moments} after the death of the process, recovered twice each; ${loneWrites} lone writes`,
  );
  expect(states).toBeGreaterThanOrEqual(statesMin);
  expect(distinct).toBeGreaterThanOrEqual(distinctMin);
  expect(loneWrites).toBeGreaterThanOrEqual(loneWritesMin);
});

describe('a power cut at any effect on the disk keeps what anybody has seen, while', () => {
  it.each(scenarios)('$name', (scenario) => {
    const world = worldFor(scenario);
    const explorer = new ServerExplorer(world);
    world.onMoment = explorer.look;
    world.start();
    scenario.run(world);
    explorer.look(null);
    expect(explorer.explored.moments).toBeGreaterThan(20);
    add(explorer.explored);
    loneWrites += world.loneWrites;
  });
});

describe('a power cut during the recovery from another one keeps it, too, after', () => {
  it.each(scenarios)('$name', (scenario) => {
    const subjects = tornDisks(scenario);
    expect(subjects.length).toBeGreaterThan(4);
    for (const subject of subjects) {
      const explorer = new ServerExplorer(subject);
      explorer.lookAtRecovery();
      add(explorer.explored);
    }
  });
});

/** Disks that differ, as power cuts have left them, with what was visible then. */
function tornDisks(scenario: Scenario): Subject[] {
  const world = worldFor(scenario);
  const subjects = new Map<string, Subject>();
  const take = (disk: SimDisk) => {
    const { seed, settings, clock, history, life, visible } = world;
    const subject = { seed, settings, clock: clock.fork(), history, life, visible, disk };
    subjects.set(disk.image(), subject);
  };
  world.onMoment = ({ effect, moment }) => {
    // Later lives cut the history, of which all subjects share one.
    if (world.life > 1 || moment === 'before' || subjects.size >= subjectsMax) return;
    take(world.disk.crash('posix-worst', effect));
    take(world.disk.crash('torn-512', effect));
  };
  world.start();
  scenario.run(world);
  return [...subjects.values()];
}
