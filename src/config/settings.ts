/**
 * The table of all settings, one row a key, and what follows from it: the type of the settings as
 * the server sees them, and the way from any name of a setting to its row. A setting is added by
 * adding its row to the file of its section; nothing here changes.
 */
import { assert } from '../base/assert.ts';
import type { Setting, SettingStatus } from './setting.ts';
import { adminSettings } from './settings-admin.ts';
import { clusterSettings } from './settings-cluster.ts';
import { networkSettings } from './settings-network.ts';
import { ringkeeperSettings } from './settings-ringkeeper.ts';
import { securitySettings } from './settings-security.ts';
import { storageSettings } from './settings-storage.ts';

/** Sections in the order of the documentation. */
export const settingSections = {
  'Basics and storage': storageSettings,
  'Network and throttling': networkSettings,
  Ensembles: clusterSettings,
  'Security and TLS': securitySettings,
  'Administration and observability': adminSettings,
  'Settings of ringkeeper': ringkeeperSettings,
} as const;

const settingsTable = {
  ...storageSettings,
  ...networkSettings,
  ...clusterSettings,
  ...securitySettings,
  ...adminSettings,
  ...ringkeeperSettings,
};

type SettingsTable = typeof settingsTable;

export type SettingKey = keyof SettingsTable;

type ValueOf<Row> = Row extends Setting<infer T> ? T : never;

/** A value for every key of the table, under the name that it has in zoo.cfg. */
export type Settings = { readonly [K in SettingKey]: ValueOf<SettingsTable[K]> };

/** The same while it is being put together. */
export type SettingsDraft = { -readonly [K in SettingKey]: Settings[K] };

export const settingRows: ReadonlyMap<string, Setting<unknown>> = new Map(
  Object.entries(settingsTable as Record<string, Setting<unknown>>),
);

/** Keys of which there may be many, `authProvider.1` and so on. Their values stay text. */
export interface KeyFamily {
  readonly prefix: string;
  readonly status: SettingStatus;
  readonly means: string;
}

export const keyFamilies: readonly KeyFamily[] = [
  { prefix: 'authProvider.', status: 'not yet', means: 'Class of an authentication provider.' },
  { prefix: 'superUser.', status: 'not yet', means: 'Further SASL names of super users.' },
  {
    prefix: 'metricsProvider.',
    status: 'accepted, no effect',
    means: 'Whatever else a metrics provider wants to know.',
  },
];

/** Properties that scripts give to the Java server for its logger, JMX and its own clients. */
export const javaOnlyPrefixes: readonly string[] = [
  'client.secure',
  'clientCnxnSocket',
  'console.',
  'jmx.',
  'kerberos.',
  'log.',
  'request.timeout',
  'root.',
  'sasl.client',
  'server.principal',
  'server.realm',
  'tracelog.',
];

/** Every value of the table as its default says, before any source is read. */
export function defaultSettings(): SettingsDraft {
  const entries = [...settingRows].map(([name, row]) => [name, row.initial]);
  return Object.fromEntries(entries) as SettingsDraft;
}

const keyByName = new Map<string, SettingKey>();
const keyByVariable = new Map<string, SettingKey>();

for (const [name, row] of settingRows) {
  for (const each of [name, ...(row.details.aliases ?? [])]) {
    assert(!keyByName.has(each), `two settings are called ${each}`);
    keyByName.set(each, name as SettingKey);
  }
  const variable = variableName(name);
  assert(!keyByVariable.has(variable), `two settings share the variable of ${name}`);
  keyByVariable.set(variable, name as SettingKey);
}

/** All names that a setting may have in zoo.cfg, for suggestions. */
export const settingNames: readonly string[] = [...keyByName.keys()];

/** The key behind a name in zoo.cfg: the key itself or one of its aliases. */
export function keyOfName(name: string): SettingKey | undefined {
  return keyByName.get(name);
}

/** The key behind the name of a system property, with or without `zookeeper.` before it. */
export function keyOfProperty(name: string): SettingKey | undefined {
  return keyByName.get(name) ?? keyByName.get(name.replace(/^zookeeper\./, ''));
}

/** The key behind an environment variable without its `RINGKEEPER_`: see `variableName`. */
export function keyOfVariable(name: string): SettingKey | undefined {
  return keyByVariable.get(variableName(name));
}

/** The system property that Apache's server reads for a key; null where there is none. */
export function propertyOf(name: SettingKey): string | null {
  const { style } = settingRows.get(name)!;
  if (name === 'syncEnabled') return 'zookeeper.observer.syncEnabled';
  if (style === 'key') return null;
  return style === 'property' ? `zookeeper.${name}` : name;
}

/** `ringkeeper.treeMemoryMb` and `TREE_MEMORY_MB` both become `treememorymb`. */
function variableName(name: string): string {
  return name
    .replace(/^ringkeeper\./, '')
    .replace(/[^A-Za-z0-9]/g, '')
    .toLowerCase();
}
