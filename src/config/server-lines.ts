/**
 * Who belongs to an ensemble: the lines `server.N`, `group.N`, `weight.N` and `version`, from text
 * to a typed membership and back to the text that Apache's `QuorumMaj.toString` and
 * `QuorumHierarchical.toString` write. Resolves no names and opens no sockets.
 */
import { ConfigError, type Origin } from './config-error.ts';
import { javaTrim } from './properties.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface ServerAddress {
  /** Without brackets. */
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
}

export type PeerRole = 'participant' | 'observer';

export interface ServerLine {
  readonly id: number;
  /** At least one. */
  readonly addresses: readonly ServerAddress[];
  readonly role: PeerRole;
  /** Where clients connect, when the line says so. */
  readonly client: HostPort | null;
}

export interface Membership {
  readonly servers: ReadonlyMap<number, ServerLine>;
  /** Group number to server ids; empty for plain majorities. */
  readonly groups: ReadonlyMap<number, readonly number[]>;
  /** Empty for plain majorities; otherwise every voter has one, 1 where nothing was said. */
  readonly weights: ReadonlyMap<number, number>;
  /** Zxid of the reconfiguration that made it; 0 for a configuration from files. */
  readonly version: bigint;
}

/** A line with its place, as read from a file or taken from the environment. */
export interface MembershipEntry {
  readonly key: string;
  readonly value: string;
  readonly origin: Origin;
}

/** Whether a key belongs to the membership (`QuorumPeerConfig.parseDynamicConfig`). */
export function isMembershipKey(key: string): boolean {
  return key.startsWith('server.') || key.startsWith('group') || key.startsWith('weight');
}

export function votersOf(membership: Membership): ServerLine[] {
  return [...membership.servers.values()].filter(({ role }) => role === 'participant');
}

export interface MembershipOptions {
  /** Setting `multiAddress.enabled`. */
  readonly multiAddress: boolean;
  readonly version: bigint;
}

/** Throws a ConfigError for a malformed line, and for groups that do not cover the voters. */
export function parseMembership(
  entries: Iterable<MembershipEntry>,
  options: MembershipOptions,
): Membership {
  const servers = new Map<number, ServerLine>();
  const groups = new Map<number, readonly number[]>();
  const weights = new Map<number, number>();
  const groupOf = new Map<number, number>();
  for (const entry of entries) {
    const number = entryNumber(entry);
    if (entry.key.startsWith('server.')) {
      servers.set(number, parseServerLine(number, entry, options.multiAddress));
    } else if (entry.key.startsWith('group')) {
      const ids = entry.value.split(':').map((part) => wholeNumber(part, entry));
      for (const id of ids) {
        if (groupOf.has(id)) refuse(entry, `server ${id} in one group only`);
        groupOf.set(id, number);
      }
      groups.set(number, ids);
    } else {
      weights.set(number, wholeNumber(entry.value, entry));
    }
  }
  if (groups.size > 0 || weights.size > 0) parseMembershipWeigh(servers, groupOf, weights);
  return {
    servers: byNumber(servers),
    groups: byNumber(groups),
    weights: byNumber(weights),
    version: options.version,
  };
}

function parseMembershipWeigh(
  servers: Map<number, ServerLine>,
  groupOf: Map<number, number>,
  weights: Map<number, number>,
): void {
  for (const { id, role } of servers.values()) {
    if (role === 'observer') continue;
    if (!groupOf.has(id)) {
      throw new ConfigError({
        origin: { kind: 'default' },
        key: `server.${id}`,
        value: 'in no group',
        allowed: 'that every voter stands in one group.N line when there are groups or weights',
      });
    }
    if (!weights.has(id)) weights.set(id, 1);
  }
}

function byNumber<T>(map: Map<number, T>): Map<number, T> {
  return new Map([...map].sort(([a], [b]) => a - b));
}

/** The number behind the first dot of the key. */
function entryNumber(entry: MembershipEntry): number {
  const match = /^(?:server|group|weight)\.(\d+)$/.exec(entry.key);
  if (match === null) refuse(entry, 'server.N, group.N or weight.N with a whole number N');
  const number = Number(match[1]);
  return Number.isSafeInteger(number) ? number : refuse(entry, 'a smaller number in the key');
}

const form =
  'host:quorumPort:electionPort[:participant|:observer] (several joined by |), ' +
  'then optionally ;clientPort or ;clientHost:clientPort';

function parseServerLine(id: number, entry: MembershipEntry, isMultiAddress: boolean): ServerLine {
  const [serverPart = '', clientPart, ...rest] = entry.value.split(';');
  if (rest.length > 0) refuse(entry, form);
  const specs = serverPart.split('|').map((text) => parseAddress(text, entry));
  if (specs.length > 1 && !isMultiAddress) {
    refuse(entry, 'one address, or several with multiAddress.enabled=true');
  }
  const roles = new Set(specs.flatMap(({ role }) => (role === null ? [] : [role])));
  if (roles.size > 1) refuse(entry, 'the same role for all addresses of a server');
  return {
    id,
    addresses: specs.map(({ address }) => address),
    role: [...roles][0] ?? 'participant',
    client: clientPart === undefined || clientPart === '' ? null : parseClient(clientPart, entry),
  };
}

function parseAddress(
  text: string,
  entry: MembershipEntry,
): { address: ServerAddress; role: PeerRole | null } {
  const [host, quorum, election, role, ...rest] = splitHostAndPorts(text, entry);
  if (host === undefined || quorum === undefined || election === undefined || rest.length > 0) {
    return refuse(entry, form);
  }
  const quorumPort = portNumber(quorum, entry);
  const electionPort = portNumber(election, entry);
  if (quorumPort === electionPort) refuse(entry, 'different ports for quorum and election');
  const word = role === undefined ? null : javaTrim(role).toLowerCase();
  if (word !== null && word !== 'participant' && word !== 'observer') return refuse(entry, form);
  return { address: { host, quorumPort, electionPort }, role: word };
}

function parseClient(text: string, entry: MembershipEntry): HostPort {
  const parts = splitHostAndPorts(text, entry);
  if (parts.length > 2) refuse(entry, form);
  const host = parts.length === 2 ? parts[0]! : '0.0.0.0';
  return { host, port: portNumber(parts.at(-1)!, entry) };
}

/** Splits at colons; a host in brackets may contain some (`ConfigUtils.getHostAndPort`). */
function splitHostAndPorts(text: string, entry: MembershipEntry): string[] {
  if (!text.startsWith('[')) return text.split(':');
  const match = /^\[([^\]]*)\](?::(.+))?$/.exec(text);
  if (match === null) refuse(entry, 'an IPv6 address as [address]:port');
  return [match[1]!, ...(match[2]?.split(':') ?? [])];
}

function portNumber(text: string, entry: MembershipEntry): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return number <= 65535 ? number : refuse(entry, 'ports between 0 and 65535');
}

function wholeNumber(text: string, entry: MembershipEntry): number {
  const number = /^\d+$/.test(javaTrim(text)) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : refuse(entry, 'whole numbers');
}

function refuse(entry: MembershipEntry, allowed: string): never {
  throw new ConfigError({ ...entry, allowed });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** `host:2888:3888:participant;0.0.0.0:2181`: the role is always spelled out. */
export function formatServerLine(line: ServerLine): string {
  const addresses = [...line.addresses].sort((a, b) => (a.host < b.host ? -1 : 1));
  const places = addresses.map(
    ({ host, quorumPort, electionPort }) => `${bracketed(host)}:${quorumPort}:${electionPort}`,
  );
  const client = line.client === null ? '' : `;${bracketed(line.client.host)}:${line.client.port}`;
  return `${places.join('|')}:${line.role}${client}`;
}

/** The text of /zookeeper/config and of the word conf. No newline at the end. */
export function formatMembership(membership: Membership): string {
  const { servers, groups, weights, version } = membership;
  const lines = [...servers.values()].map((line) => `server.${line.id}=${formatServerLine(line)}`);
  for (const [group, ids] of groups) lines.push(`group.${group}=${ids.join(':')}`);
  for (const [id, weight] of weights) lines.push(`weight.${id}=${weight}`);
  lines.push(`version=${BigInt.asUintN(64, version).toString(16)}`);
  return lines.join('\n');
}

/** `zoo.cfg.dynamic.1001` is version 0x1001; a name that does not end in hex digits is 0. */
export function versionOfFileName(name: string): bigint {
  const match = /\.([0-9a-fA-F]{1,16})$/.exec(name);
  const version = match === null ? 0n : BigInt(`0x${match[1]}`);
  return version < 2n ** 63n ? version : 0n;
}
