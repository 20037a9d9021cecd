/**
 * From all sources to one configuration: zoo.cfg, flags, environment and options, in that order,
 * the later one wins; then the rules between settings, and the membership. Files are read through
 * the function that the caller gives. Called once, at start.
 */
import { ConfigError, describeOrigin, type Origin } from './config-error.ts';
import { javaTrim, parseProperties } from './properties.ts';
import type { Membership, MembershipEntry } from './server-lines.ts';
import { isMembershipKey, parseMembership, versionOfFileName, votersOf } from './server-lines.ts';
import type { Setting } from './setting.ts';
import type { SettingKey, Settings, SettingsDraft } from './settings.ts';
import {
  defaultSettings,
  javaOnlyPrefixes,
  keyFamilies,
  keyOfName,
  keyOfProperty,
  keyOfVariable,
  settingNames,
  settingRows,
} from './settings.ts';
import type { Environment, Said } from './sources.ts';
import {
  flagsOfText,
  saidByEnvironment,
  saidByFlags,
  saidByImageEnvironment,
  saidWithoutFile,
} from './sources.ts';
import { suggest } from './suggest.ts';
import { type ConfigWarning, checkEnsemble, isDistributed, settle } from './validity.ts';

export interface ConfigurationSources {
  /** Path of zoo.cfg; null for a server without one. */
  readonly configFile: string | null;
  /** What holds without a file: values for development on this machine, or Apache's defaults. */
  readonly defaults: 'development' | 'apache';
  /** `-Dname=value`, from the command line; those of SERVER_JVMFLAGS and JVMFLAGS come before. */
  readonly flags: readonly string[];
  readonly environment: Environment;
  /** What the command line says by other options, under the keys of zoo.cfg. Wins over all else. */
  readonly options: readonly Said[];
  /** The text of a file, one char a byte (`latin1Text`); null when there is no such file. */
  readonly readText: (path: string) => string | null;
}

export interface Configuration {
  readonly settings: Settings;
  /** Null without server lines. */
  readonly membership: Membership | null;
  /** Number of the file myid; null when there is none. */
  readonly myId: number | null;
  readonly isDistributed: boolean;
  /** Values of the keys of which there may be many, such as `authProvider.1`. */
  readonly families: ReadonlyMap<string, string>;
  /** Everything that was said and understood: key to place. */
  readonly origins: ReadonlyMap<SettingKey, Origin>;
  readonly warnings: readonly ConfigWarning[];
  /** The text of zoo.cfg as started; empty without one. */
  readonly initialText: string;
}

/** Throws a ConfigError when the configuration cannot be served. */
export function readConfiguration(sources: ConfigurationSources): Configuration {
  const { environment, configFile } = sources;
  const draft = new Draft();
  const initialText = configFile === null ? '' : mustRead(sources, configFile);
  if (configFile === null) {
    const development = sources.defaults === 'development' ? saidWithoutFile() : [];
    for (const said of development) draft.takeFromFile(said);
    for (const said of saidByImageEnvironment(environment)) draft.takeFromFile(said);
  } else {
    for (const said of saidByFile(configFile, initialText)) draft.takeFromFile(said);
  }
  const { SERVER_JVMFLAGS, JVMFLAGS } = environment;
  const flags = [...[SERVER_JVMFLAGS, JVMFLAGS].flatMap(flagsOfText), ...sources.flags];
  for (const said of saidByFlags(flags)) draft.takeFromFlag(said);
  for (const said of saidByEnvironment(environment)) draft.takeFromVariable(said);
  for (const said of sources.options) draft.takeFromFile(said);

  const { settings, origins, warnings } = draft;
  const myId = readMyId(sources, settings.dataDir);
  const membership = readMembership(sources, draft);
  takeClientPort(draft, membership, myId);
  warnings.push(...settle(settings, origins));
  const distributed = isDistributed(settings, membership);
  if (distributed) warnings.push(...checkEnsemble(settings, origins, membership, myId));
  const { families } = draft;
  return {
    settings,
    membership,
    myId,
    isDistributed: distributed,
    families,
    origins,
    warnings,
    initialText,
  };
}

/** What is being put together while the sources are read. */
class Draft {
  readonly settings: SettingsDraft = defaultSettings();
  readonly origins = new Map<SettingKey, Origin>();
  readonly families = new Map<string, string>();
  readonly membershipEntries: MembershipEntry[] = [];
  readonly warnings: ConfigWarning[] = [];
  readonly #warned = new Set<string>();

  takeFromFile({ name, value, origin }: Said): void {
    const key = keyOfName(name);
    if (key !== undefined) this.#take(key, value, origin);
    else if (isMembershipKey(name)) this.membershipEntries.push({ key: name, value, origin });
    else if (!this.#takeFamily(name, value)) this.#warnUnknown(name, origin);
  }

  takeFromFlag({ name, value, origin }: Said): void {
    const key = keyOfProperty(name);
    const plain = name.replace(/^zookeeper\./, '');
    if (key !== undefined) this.#take(key, value, origin);
    else if (this.#takeFamily(plain, value)) return;
    else if (/^(zookeeper|ringkeeper)\./.test(name)) this.#warnUnknown(plain, origin);
  }

  takeFromVariable({ name, value, origin }: Said): void {
    const key = keyOfVariable(name);
    if (key !== undefined) this.#take(key, value, origin);
    else this.#warnUnknown(name.toLowerCase(), origin);
  }

  #take(key: SettingKey, given: string, origin: Origin): void {
    const row: Setting<unknown> = settingRows.get(key)!;
    const text = javaTrim(given);
    const isLoose = row.style === 'property' || row.style === 'bare';
    const value = isLoose ? row.kind.loose(text) : row.kind.strict(text);
    const shown = row.kind.isSecret === true ? '(hidden)' : text;
    if (value !== undefined) {
      (this.settings as Record<string, unknown>)[key] = value;
      this.origins.set(key, origin);
      this.#warnEffect(key, row);
    } else if (isLoose) {
      const problem = `${key}=${shown} (${describeOrigin(origin)}) is not understood and ignored`;
      this.#warn(key, `${problem}; allowed is ${row.kind.allowed}`);
    } else {
      throw new ConfigError({ origin, key, value: shown, allowed: row.kind.allowed });
    }
  }

  #takeFamily(name: string, value: string): boolean {
    if (javaOnlyPrefixes.some((prefix) => name.startsWith(prefix))) return true;
    const family = keyFamilies.find(({ prefix }) => name.startsWith(prefix));
    if (family === undefined) return false;
    this.families.set(name, javaTrim(value));
    if (family.status === 'not yet') this.#warn(name, `${name} is not supported yet: no effect`);
    return true;
  }

  #warnEffect(key: SettingKey, { details }: Setting<unknown>): void {
    if (details.status === 'works' || details.quiet === true) return;
    if (details.status === 'accepted, no effect') {
      this.#warn(key, `${key} is accepted and has no effect in ringkeeper`);
    } else if (details.refuseWhileMissing !== true) {
      this.#warn(key, `${key} is not supported yet: no effect`);
    }
  }

  /** Apache's server passes unknown keys on as properties, which hides typing errors. */
  #warnUnknown(name: string, origin: Origin): void {
    const place = describeOrigin(origin);
    if (name.startsWith('zookeeper.') && keyOfProperty(name) !== undefined) {
      const plain = name.slice('zookeeper.'.length);
      this.#warn(name, `${name} (${place}) has no effect here: zoo.cfg spells it ${plain}`);
      return;
    }
    const near = suggest(name, settingNames);
    const hint = near === null ? '' : `; did you mean ${near}?`;
    this.#warn(name, `unknown setting ${name} (${place}) has no effect${hint}`);
  }

  #warn(key: string, message: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.warnings.push({ key, message });
  }
}

function saidByFile(file: string, text: string): Said[] {
  return [...parseProperties(text, file).values()].map(({ key, value, line }) => ({
    name: javaTrim(key),
    value: javaTrim(value),
    origin: { kind: 'file', file, line },
  }));
}

function mustRead(sources: ConfigurationSources, path: string): string {
  const text = sources.readText(path);
  if (text !== null) return text;
  const origin = { kind: 'default' } as const;
  const allowed = 'the path of a file that can be read';
  throw new ConfigError({ origin, key: 'configuration file', value: path, allowed });
}

function readMyId(sources: ConfigurationSources, dataDir: string): number | null {
  if (dataDir === '') return null;
  const file = `${dataDir}/myid`;
  const { ZOO_MY_ID } = sources.environment;
  const text = sources.readText(file) ?? ZOO_MY_ID ?? null;
  if (text === null) return null;
  const line = javaTrim(text.split(/\r\n|\r|\n/, 1)[0]!);
  if (/^\d{1,15}$/.test(line)) return Number(line);
  const allowed = 'the number of this server, alone on the first line';
  throw new ConfigError({
    origin: { kind: 'file', file, line: 1 },
    key: 'myid',
    value: line,
    allowed,
  });
}

/** The server lines: from zoo.cfg, or from the dynamic file that it names. */
function readMembership(sources: ConfigurationSources, draft: Draft): Membership | null {
  const { settings, membershipEntries } = draft;
  const multiAddress = settings['multiAddress.enabled'];
  const file = settings.dynamicConfigFile;
  if (file === '') {
    if (membershipEntries.length === 0 && settings.standaloneEnabled) return null;
    return checkVoters(parseMembership(membershipEntries, { multiAddress, version: 0n }), draft);
  }
  const [misplaced] = membershipEntries;
  if (misplaced !== undefined) {
    const allowed = `server, group and weight lines in the dynamic file ${file} only`;
    throw new ConfigError({ ...misplaced, allowed });
  }
  const said = saidByFile(file, mustRead(sources, file));
  const entries = said.map(({ name, value, origin }) => ({ key: name, value, origin }));
  const alien = entries.find(({ key }) => !isMembershipKey(key));
  if (alien !== undefined) {
    throw new ConfigError({ ...alien, allowed: 'server.N, group.N and weight.N in this file' });
  }
  const version = versionOfFileName(file);
  return checkVoters(parseMembership(entries, { multiAddress, version }), draft);
}

/** `QuorumPeerConfig.parseDynamicConfig`: observers need voters, and more than one. */
function checkVoters(membership: Membership, { settings, warnings }: Draft): Membership {
  const voters = votersOf(membership).length;
  const observers = membership.servers.size - voters;
  const isLoneVoter = voters === 1 && settings.standaloneEnabled;
  if (voters === 0 && !settings.standaloneEnabled) {
    throw new ConfigError({
      origin: { kind: 'default' },
      key: 'standaloneEnabled',
      value: 'false',
      allowed: 'true, unless server lines name at least one voter',
    });
  }
  if ((voters === 0 || isLoneVoter) && observers > 0) {
    throw new ConfigError({
      origin: { kind: 'default' },
      key: 'server.N',
      value: `${observers} observers and ${voters} voters`,
      allowed: 'observers beside at least two voters',
    });
  }
  if (isLoneVoter) {
    const message = 'there is only one server line: the server runs standalone';
    warnings.push({ key: 'server.N', message });
  }
  return membership;
}

/**
 * A client port may stand in the server line of this server; then it must agree with clientPort
 * (`QuorumPeerConfig.setupClientPort`). The only server of a list needs no myid to know itself.
 */
function takeClientPort(
  { settings, origins }: Draft,
  membership: Membership | null,
  myId: number | null,
): void {
  if (membership === null) return;
  const only = membership.servers.size === 1 ? [...membership.servers.values()][0] : undefined;
  const mine = myId === null ? only : membership.servers.get(myId);
  if (mine === undefined || mine.client === null) return;
  const { host, port } = mine.client;
  const origin = origins.get('clientPort') ?? { kind: 'default' };
  const address = settings.clientPortAddress;
  const isAny = address === null || address === '0.0.0.0' || address === '::';
  const agrees = settings.clientPort === port && (isAny || address === host);
  if (origin.kind !== 'default' && !agrees) {
    throw new ConfigError({
      origin,
      key: 'clientPort',
      value: `${address ?? '0.0.0.0'}:${settings.clientPort}`,
      allowed: `the address that the line server.${mine.id} says, ${host}:${port}`,
    });
  }
  settings.clientPort = port;
  settings.clientPortAddress = host;
}
