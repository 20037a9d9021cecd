/** What servers inside somebody else's process have in common: their settings, their place, their end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Configuration, readConfiguration } from './config/read-configuration.ts';

export type SettingValues = Readonly<Record<string, string | number | boolean>>;

/** From values by their zoo.cfg names, over the defaults of a server without a file. */
export function embeddedConfiguration(
  values: SettingValues,
  readText: (path: string) => string | null = () => null,
): Configuration {
  return readConfiguration({
    configFile: null,
    defaults: 'development',
    flags: [],
    environment: {},
    options: Object.entries(values).map(([name, value]) => ({
      name,
      value: String(value),
      origin: { kind: 'option', name },
    })),
    readText,
  });
}

export interface DataPlace {
  readonly dataDir: string;
  /** Removes a directory that nobody gave. */
  remove(): Promise<void>;
}

/** The directory that was given, or a new temporary one. */
export async function dataPlace(given: string | undefined): Promise<DataPlace> {
  if (given !== undefined) return { dataDir: given, remove: async () => {} };
  const dataDir = await mkdtemp(join(tmpdir(), 'ringkeeper-'));
  return { dataDir, remove: () => rm(dataDir, { recursive: true, force: true }) };
}

/** An owner who wants to hear of no failure hears of it loudly. */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
