/** The configuration of each member of a simulated ensemble, read by the code that reads zoo.cfg. */
import { readFileSync } from 'node:fs';
import { readConfiguration } from '../../../src/config/read-configuration.ts';
import type { Membership } from '../../../src/config/server-lines.ts';
import type { Settings } from '../../../src/config/settings.ts';
import { embeddedConfiguration } from '../../../src/embedded-options.ts';
import type { SettingValues } from '../sim-ports.ts';
import type { EnsemblePlan } from './ensemble-plan.ts';

export const quorumPort = 2888;

export const hostOf = (index: number) => `m${index + 1}`;

export interface MemberConfiguration {
  readonly settings: Settings;
  readonly membership: Membership;
  readonly serverId: number;
}

const known = new Map<string, MemberConfiguration>();

/** Small files and short intervals, so that a short run meets everything that is rare. */
export function memberConfiguration(plan: EnsemblePlan, index: number): MemberConfiguration {
  const { commitLogCount, ...said } = plan.settings;
  const all: SettingValues = {
    dataDir: '/data',
    preAllocSize: 8,
    'ringkeeper.treeMemoryMb': 1,
    extendedTypesEnabled: true,
    'znode.container.checkIntervalMs': 1000,
    standaloneEnabled: false,
    ...said,
    ...serverLines(plan),
  };
  const serverId = serverIdOf(plan, index);
  const key = JSON.stringify([all, commitLogCount, serverId]);
  const before = known.get(key);
  if (before !== undefined) return before;
  const { settings, membership } = embeddedConfiguration(all, (path) => {
    return path === '/data/myid' ? `${serverId}\n` : null;
  });
  if (membership === null) throw new Error('a plan is about an ensemble');
  // Fewer than a real server takes, so that learners fall behind it.
  const own = { ...settings, commitLogCount: Number(commitLogCount ?? 500) };
  const configuration = { settings: own, membership, serverId };
  known.set(key, configuration);
  return configuration;
}

function serverIdOf({ firstServerId = 1 }: EnsemblePlan, index: number): number {
  return firstServerId + index;
}

function serverLines(plan: EnsemblePlan): SettingValues {
  const { voters, observers } = plan;
  const ids = Array.from({ length: voters + observers }, (_, index) => index);
  return Object.fromEntries(
    ids.map((index) => {
      const role = index < voters ? 'participant' : 'observer';
      return [
        `server.${serverIdOf(plan, index)}`,
        `${hostOf(index)}:${quorumPort}:3888:${role};2181`,
      ];
    }),
  );
}

const takenKeys = ['tickTime', 'initLimit', 'syncLimit', 'snapCount', 'leaderServes'] as const;

/** The plan with the timing and the shape of somebody's own ensemble. */
export function withConfiguration(plan: EnsemblePlan, path: string): EnsemblePlan {
  const readText = (file: string) => (file === path ? readFileSync(file, 'latin1') : '1\n');
  const { settings, membership } = readConfiguration({
    ...{ configFile: path, defaults: 'development', flags: [], environment: {}, options: [] },
    readText,
  });
  const servers = [...(membership?.servers.values() ?? [])];
  const voters = servers.filter(({ role }) => role === 'participant').length;
  if (voters === 0) throw new Error(`${path} names no ensemble`);
  const taken: Record<string, string | number | boolean> = Object.fromEntries(
    takenKeys.map((key) => [key, settings[key]]),
  );
  taken['leaderServes'] = settings.leaderServes ? 'yes' : 'no';
  return {
    ...plan,
    ...{ voters, observers: servers.length - voters },
    settings: { ...plan.settings, ...taken },
  };
}
