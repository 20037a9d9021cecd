/**
 * Rules over several settings, after every value is known (`QuorumPeerConfig.parseProperties` and
 * `checkValidity`): fills in values that follow from others, raises what is too low, and refuses
 * what cannot be served. Reads no source.
 */
import { ConfigError, type Origin } from './config-error.ts';
import { type Membership, votersOf } from './server-lines.ts';
import { type SettingKey, type SettingsDraft, settingRows } from './settings.ts';

/** Something that a person should know although the server starts. */
export interface ConfigWarning {
  readonly key: string;
  readonly message: string;
}

/** Where each value came from; a key that nobody mentioned is absent. */
export type Origins = ReadonlyMap<SettingKey, Origin>;

/** Settles `settings` in place. Throws a ConfigError for the first rule that is broken. */
export function settle(settings: SettingsDraft, origins: Origins): ConfigWarning[] {
  const refuse = (key: SettingKey, allowed: string): never => {
    throw problem(settings, origins, { key, allowed });
  };
  const warnings = settleBounds(settings);
  if (settings.dataDir === '') refuse('dataDir', 'the path of a directory');
  if (settings.dataLogDir === '') settings.dataLogDir = settings.dataDir;
  if (settings.tickTime <= 0) refuse('tickTime', 'a positive number of milliseconds');
  settleTimeouts(settings, refuse);
  settleListeners(settings, refuse);
  if (settings.electionAlg !== 3) refuse('electionAlg', '3');
  if (settings['jute.maxbuffer'] <= 0) refuse('jute.maxbuffer', 'a positive number of bytes');
  const slack = settings['jute.maxbuffer.extrasize'];
  settings['jute.maxbuffer.extrasize'] = Math.max(
    1024,
    slack === -1 ? settings['jute.maxbuffer'] : slack,
  );
  if (settings.maxWriteQueuePollTime === -1) {
    settings.maxWriteQueuePollTime = Math.trunc(settings.flushDelay / 3);
  }
  if (settings.snapshotSizeFactor > 1) settings.snapshotSizeFactor = 0.33;
  if (settings['enforce.auth.enabled'] && settings['enforce.auth.schemes'].length === 0) {
    refuse('enforce.auth.schemes', 'at least one scheme when enforce.auth.enabled=true');
  }
  settleQuorum(settings, refuse);
  settleMissing(settings, refuse);
  return warnings;
}

type Refuse = (key: SettingKey, allowed: string) => never;

function settleBounds(settings: SettingsDraft): ConfigWarning[] {
  const values = settings as unknown as Record<string, unknown>;
  const warnings: ConfigWarning[] = [];
  for (const [key, { details }] of settingRows) {
    const value = values[key];
    if (typeof value !== 'number') continue;
    const { atLeast = -Infinity, atMost = Infinity } = details;
    const bounded = Math.min(Math.max(value, atLeast), atMost);
    if (bounded === value) continue;
    values[key] = bounded;
    const what = value < bounded ? 'low and raised' : 'high and lowered';
    warnings.push({ key, message: `${key}=${value} is too ${what} to ${bounded}` });
  }
  return warnings;
}

function settleTimeouts(settings: SettingsDraft, refuse: Refuse): void {
  const { tickTime } = settings;
  if (settings.minSessionTimeout === -1) settings.minSessionTimeout = 2 * tickTime;
  if (settings.maxSessionTimeout === -1) settings.maxSessionTimeout = 20 * tickTime;
  if (settings.minSessionTimeout > settings.maxSessionTimeout) {
    refuse(
      'minSessionTimeout',
      `at most maxSessionTimeout, which is ${settings.maxSessionTimeout}`,
    );
  }
}

function settleListeners(settings: SettingsDraft, refuse: Refuse): void {
  if (settings.clientPortAddress !== null && settings.clientPort === null) {
    refuse('clientPortAddress', 'an address together with clientPort');
  }
  if (settings.secureClientPortAddress !== null && settings.secureClientPort === null) {
    refuse('secureClientPortAddress', 'an address together with secureClientPort');
  }
  if (settings.clientPort === null) {
    const why = settings.secureClientPort === null ? '' : ' (the secure port is not served yet)';
    refuse('clientPort', `a port between 0 and 65535: otherwise no client can connect${why}`);
  }
}

function settleQuorum(settings: SettingsDraft, refuse: Refuse): void {
  const limit = settings.connectToLearnerMasterLimit;
  if (limit === 0) settings.connectToLearnerMasterLimit = settings.initLimit;
  if (settings.quorumCnxnTimeoutMs === -1) {
    settings.quorumCnxnTimeoutMs = settings.syncLimit * settings.tickTime;
  }
  const enabled = settings['quorum.auth.enableSasl'];
  const byLearner = settings['quorum.auth.learnerRequireSasl'];
  const byServer = settings['quorum.auth.serverRequireSasl'];
  if (byLearner && !enabled) {
    refuse('quorum.auth.learnerRequireSasl', 'true only together with quorum.auth.enableSasl=true');
  }
  if (byServer && !(enabled && byLearner)) {
    const partners = 'quorum.auth.enableSasl=true and quorum.auth.learnerRequireSasl=true';
    refuse('quorum.auth.serverRequireSasl', `true only together with ${partners}`);
  }
}

/** Nobody may run less protected than the configuration says. */
function settleMissing(settings: SettingsDraft, refuse: Refuse): void {
  for (const [name, { details, kind, initial }] of settingRows) {
    if (details.refuseWhileMissing !== true || details.status === 'works') continue;
    const key = name as SettingKey;
    if (kind.show(settings[key]) === kind.show(initial)) continue;
    refuse(key, `${kind.show(initial)}: more than that is not supported yet`);
  }
}

export function problem(
  settings: SettingsDraft,
  origins: Origins,
  { key, allowed }: { readonly key: SettingKey; readonly allowed: string },
): ConfigError {
  const { kind } = settingRows.get(key)!;
  const origin = origins.get(key) ?? { kind: 'default' };
  const shown = kind.isSecret === true ? '(hidden)' : kind.show(settings[key]);
  return new ConfigError({ origin, key, value: shown === '' ? null : shown, allowed });
}

/** More than one voter, or one that is told to run the protocol of an ensemble. */
export function isDistributed(settings: SettingsDraft, membership: Membership | null): boolean {
  if (membership === null) return false;
  return !settings.standaloneEnabled || votersOf(membership).length > 1;
}

/**
 * What only an ensemble needs. `myId` is the number of the file myid, null when there is none. The
 * server lines say who votes, whatever peerType says (`QuorumPeerConfig.setupPeerType`).
 */
export function checkEnsemble(
  settings: SettingsDraft,
  origins: Origins,
  membership: Membership | null,
  myId: number | null,
): ConfigWarning[] {
  for (const key of ['initLimit', 'syncLimit'] as const) {
    if (settings[key] <= 0) throw problem(settings, origins, { key, allowed: 'a number of ticks' });
  }
  checkOwnId(settings, myId);
  const own = myId === null ? undefined : membership?.servers.get(myId);
  if (own !== undefined) {
    if (own.role === settings.peerType) return [];
    const message = `peerType is ${settings.peerType}, but the line server.${myId} says ${own.role}, and that counts`;
    return [{ key: 'peerType', message }];
  }
  throw new ConfigError({
    origin: { kind: 'default' },
    key: 'myid',
    value: myId === null ? null : String(myId),
    allowed: `a file ${settings.dataDir}/myid with the number of one of the server.N lines`,
  });
}

/**
 * A session id has the server's in its top byte, where other owners of nodes have their mark
 * (`EphemeralType.validateServerId`; Apache does not look at the second of these settings).
 */
function checkOwnId(settings: SettingsDraft, myId: number | null): void {
  if (myId === null || !settings.extendedTypesEnabled) return;
  const idMax = settings.emulate353TTLNodes ? 127 : 254;
  if (myId <= idMax) return;
  const key = settings.emulate353TTLNodes ? 'emulate353TTLNodes' : 'extendedTypesEnabled';
  throw new ConfigError({
    origin: { kind: 'default' },
    key: 'myid',
    value: String(myId),
    allowed: `at most ${idMax} with ${key}=true`,
  });
}
