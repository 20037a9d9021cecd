/**
 * The keeper's answers, which travel as JSON, turned into the reports that the four-letter words
 * print. 64-bit values come as text.
 */
import type {
  ConnectionFacts,
  DigestEntry,
  ExpiryBucket,
  ServerFacts,
  SessionReport,
  WatchReport,
} from '../admin/server-facts.ts';
import type { DumpAnswer, HashAnswer, WatchesBySessionAnswer } from '../processor/queries.ts';

/** Apache groups connections by the time at which they are closed for silence. */
const connectionBucketMs = 10_000;

type Clocks = Pick<ServerFacts, 'nowMs' | 'monotonicMs' | 'connections'>;

export function sessionsOf(value: unknown, facts: Clocks): SessionReport {
  const { expiry, timeouts, local, ephemerals } = value as DumpAnswer;
  const bucketsOf = (times: DumpAnswer['expiry']) =>
    times.map(({ atMs, sessions }) => ({
      expiresMs: atMs - facts.nowMs + facts.monotonicMs,
      items: sessions.map(BigInt),
    }));
  return {
    sessions:
      timeouts === null
        ? { kind: 'buckets', buckets: bucketsOf(expiry) }
        : {
            kind: 'global',
            timeouts: new Map(
              timeouts.map(({ session, timeoutMs }) => [BigInt(session), timeoutMs]),
            ),
          },
    localSessions: local === null ? null : bucketsOf(local),
    ephemerals: new Map(ephemerals.map(({ session, paths }) => [BigInt(session), paths])),
    connections: connectionBuckets(facts),
  };
}

function connectionBuckets({ connections, monotonicMs }: Clocks): ExpiryBucket<ConnectionFacts>[] {
  const buckets = new Map<number, ConnectionFacts[]>();
  for (const connection of connections) {
    const idleMs = connection.session?.timeoutMs ?? connectionBucketMs;
    const lastMs = connection.session?.lastResponseMs || monotonicMs;
    const due = (Math.floor((lastMs + idleMs) / connectionBucketMs) + 1) * connectionBucketMs;
    buckets.set(due, [...(buckets.get(due) ?? []), connection]);
  }
  return [...buckets].map(([expiresMs, items]) => ({ expiresMs, items }));
}

export function watchesOf(value: unknown): WatchReport {
  const sessions = value as WatchesBySessionAnswer;
  return {
    pathsBySession: new Map(sessions.map(({ session, paths }) => [BigInt(session), paths])),
  };
}

export function digestsOf(value: unknown): DigestEntry[] {
  return (value as HashAnswer).map(({ zxid, digest }) => ({
    zxid: BigInt(`0x${zxid}`),
    digest: BigInt(digest),
  }));
}
