/**
 * Texts of the words about what the keeper owns: dump (sessions, ephemeral nodes, connections),
 * wchs, wchc, wchp (watches) and hash (digests). Exact to the byte. Pure functions of the facts.
 */
import { assert } from '../base/assert.ts';
import { hex64 } from '../base/zxid.ts';
import { javaDate } from './java-text.ts';
import type { ExpiryBucket, ServerFacts, SessionReport, WatchReport } from './server-facts.ts';

/** Apache `DumpCommand`. */
export function dumpText(facts: ServerFacts): string {
  const { sessions } = facts;
  assert(sessions !== null, 'dump needs the report of the keeper');
  const connections = bucketsText('Connections', sessions.connections, facts, (connection) => {
    const id = hex64(connection.session?.id ?? 0n);
    return `ip: ${connection.remoteAddress} sessionId: ${id}`;
  });
  return [
    'SessionTracker dump:\n',
    dumpSessions(sessions, facts),
    'ephemeral nodes dump:\n',
    dumpEphemerals(sessions),
    'Connections dump:\n',
    connections,
  ].join('');
}

type Clocks = Pick<ServerFacts, 'nowMs' | 'monotonicMs'>;

/** Apache `SessionTrackerImpl`, `LeaderSessionTracker` and `LearnerSessionTracker`. */
function dumpSessions({ sessions, localSessions }: SessionReport, clocks: Clocks): string {
  const hasLocal = localSessions !== null;
  const local = hasLocal ? bucketsText('Local Session', localSessions, clocks, hex64) : '';
  if (sessions.kind === 'buckets') {
    const title = hasLocal ? 'Global Session' : 'Session';
    return local + bucketsText(title, sessions.buckets, clocks, hex64);
  }
  const sorted = [...sessions.timeouts].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = sorted.map(([id, timeoutMs]) => `${hex64(id)}\t${timeoutMs}ms\n`);
  return `${local}Global Sessions(${sorted.length}):\n${lines.join('')}`;
}

/** Apache `ExpiryQueue.dump`: buckets by time, with the wall clock time at which they are due. */
function bucketsText<T>(
  title: string,
  buckets: readonly ExpiryBucket<T>[],
  { nowMs, monotonicMs }: Clocks,
  show: (item: T) => string,
): string {
  const total = buckets.reduce((sum, { items }) => sum + items.length, 0);
  const sorted = [...buckets].sort((a, b) => a.expiresMs - b.expiresMs);
  const texts = sorted.map(({ expiresMs, items }) => {
    const date = javaDate(nowMs + expiresMs - monotonicMs);
    const lines = items.map((item) => `\t${show(item)}\n`);
    return `${items.length} expire at ${date}:\n${lines.join('')}`;
  });
  return `${title} Sets (${buckets.length})/(${total}):\n${texts.join('')}`;
}

/** Apache `DataTree.dumpEphemerals`. */
function dumpEphemerals({ ephemerals }: SessionReport): string {
  const texts = [...ephemerals].map(
    ([id, paths]) => `${hex64(id)}:\n${paths.map((path) => `\t${path}\n`).join('')}`,
  );
  return `Sessions with Ephemerals (${ephemerals.size}):\n${texts.join('')}`;
}

/** Apache `WatchManager.toString`. */
export function wchsText(facts: ServerFacts): string {
  const { pathsBySession } = watchesOf(facts);
  const { paths, watches } = watchSummary({ pathsBySession });
  return `${pathsBySession.size} connections watching ${paths} paths\nTotal watches:${watches}\n`;
}

/** Distinct paths, and watches in all. */
export function watchSummary({ pathsBySession }: WatchReport): { paths: number; watches: number } {
  const distinct = new Set<string>();
  let watches = 0;
  for (const paths of pathsBySession.values()) {
    watches += paths.length;
    for (const path of paths) distinct.add(path);
  }
  return { paths: distinct.size, watches };
}

/** Apache `WatchManager.dumpWatches` by connection. */
export function wchcText(facts: ServerFacts): string {
  const texts = [...watchesOf(facts).pathsBySession].map(
    ([id, paths]) => `${hex64(id)}\n${paths.map((path) => `\t${path}\n`).join('')}`,
  );
  return `${texts.join('')}\n`;
}

/** Apache `WatchManager.dumpWatches` by path. */
export function wchpText(facts: ServerFacts): string {
  const sessionsByPath = new Map<string, bigint[]>();
  for (const [id, paths] of watchesOf(facts).pathsBySession) {
    for (const path of paths) {
      const known = sessionsByPath.get(path);
      if (known === undefined) sessionsByPath.set(path, [id]);
      else known.push(id);
    }
  }
  const texts = [...sessionsByPath].map(
    ([path, ids]) => `${path}\n${ids.map((id) => `\t${hex64(id)}\n`).join('')}`,
  );
  return `${texts.join('')}\n`;
}

function watchesOf({ watches }: ServerFacts): WatchReport {
  assert(watches !== null, 'this word needs the watches from the keeper');
  return watches;
}

/** Apache `DigestCommand`: zxid in hex without 0x, digest as a signed long. */
export function hashText({ digests }: ServerFacts): string {
  assert(digests !== null, 'hash needs the digests from the keeper');
  const lines = digests.map(({ zxid, digest }) => {
    return `${BigInt.asUintN(64, zxid).toString(16)}: ${BigInt.asIntN(64, digest)}\n`;
  });
  return lines.join('');
}
