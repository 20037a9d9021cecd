/**
 * Answers to the questions that monitoring asks, as plain data: 64-bit values are text, times are
 * ms of the wall clock. How a four-letter word prints them is not decided here.
 */
import { unreachable } from '../base/assert.ts';
import { hex64, joinHalves } from '../base/zxid.ts';
import { decodeUtf8 } from '../jute/utf8.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import type { Connections } from './connections.ts';
import type { FinalStage } from './final.ts';
import type { KeeperParts, KeeperRole } from './keeper-ports.ts';

export type QueryKind = 'dump' | 'wchs' | 'wchc' | 'wchp' | 'hash' | 'gauges';

/**
 * Sessions by the time at which they expire, ascending, and the ephemerals of each. Who does not
 * expire sessions knows their timeouts alone.
 */
export interface DumpAnswer {
  readonly expiry: readonly { readonly atMs: number; readonly sessions: readonly string[] }[];
  readonly timeouts: readonly { readonly session: string; readonly timeoutMs: number }[] | null;
  /** The sessions that only this server knows; null where there are none by configuration. */
  readonly local: DumpAnswer['expiry'] | null;
  readonly sessionCount: number;
  readonly ephemerals: readonly { readonly session: string; readonly paths: readonly string[] }[];
}

export interface WatchSummaryAnswer {
  readonly connections: number;
  readonly paths: number;
  readonly watches: number;
}

export type WatchesBySessionAnswer = readonly {
  readonly session: string;
  readonly paths: readonly string[];
}[];

export type WatchesByPathAnswer = readonly {
  readonly path: string;
  readonly sessions: readonly string[];
}[];

export type HashAnswer = readonly { readonly zxid: string; readonly digest: string }[];

export interface GaugesAnswer {
  readonly zxid: string;
  readonly digest: string;
  readonly outstanding: number;
  readonly connections: number;
  /** Those that all servers know. */
  readonly sessions: number;
  readonly localSessions: number;
  readonly ephemerals: number;
  readonly watches: number;
  readonly nodes: number;
  readonly approximateDataBytes: number;
  /** Txns that did not find what they were to change; a bug unless 0. */
  readonly txnsIgnored: number;
  readonly txnsUndecodable: number;
  readonly digestMismatches: number;
  readonly quotas: readonly QuotaGauges[];
}

/** What the quotas of one namespace allow, -1 where they do not say, and what is used. */
export interface QuotaGauges {
  readonly namespace: string;
  readonly limits: { readonly count: number; readonly bytes: number };
  readonly usage: { readonly count: number; readonly bytes: number };
}

/** The answer of each kind of question. */
export interface QueryAnswers {
  readonly dump: DumpAnswer;
  readonly wchs: WatchSummaryAnswer;
  readonly wchc: WatchesBySessionAnswer;
  readonly wchp: WatchesByPathAnswer;
  readonly hash: HashAnswer;
  readonly gauges: GaugesAnswer;
}

export interface QueryParts {
  readonly keeper: KeeperParts;
  readonly connections: Connections;
  readonly final: FinalStage;
  readonly outstanding: number;
  readonly role: KeeperRole;
  /** Difference of the wall clock to the monotonic one. */
  readonly wallOffsetMs: number;
}

export function answerQuery(what: QueryKind, parts: QueryParts): QueryAnswers[QueryKind] {
  const { watches } = parts.keeper;
  switch (what) {
    case 'dump':
      return dump(parts);
    case 'wchs':
      return watches.summary();
    case 'wchc':
      return [...watches.byConnection()].map(({ cnxnId, paths }) => ({
        session: sessionOf(parts, cnxnId),
        paths,
      }));
    case 'wchp':
      return [...watches.byPath()].map(({ path, cnxnIds }) => ({
        path,
        sessions: cnxnIds.map((cnxnId) => sessionOf(parts, cnxnId)),
      }));
    case 'hash':
      return parts.final.digestHistory.list();
    case 'gauges':
      return gauges(parts);
    default:
      return unreachable(what);
  }
}

function sessionOf(parts: QueryParts, cnxnId: number): string {
  const connection = parts.connections.get(cnxnId);
  return hex64(joinHalves(connection?.sessionIdHi ?? 0, connection?.sessionIdLo ?? 0));
}

function dump({ keeper, wallOffsetMs, role }: QueryParts): DumpAnswer {
  const { sessions, ephemerals, tree } = keeper;
  const pathOf = (ref: number): string => {
    const path = new Uint8Array(tree.pathLength(ref));
    tree.writePath(ref, path, 0);
    return decodeUtf8(path, 0, path.byteLength);
  };
  const expiryOf = (which: 'global' | 'local') =>
    sessions.expiryTimes(which).map((bucket) => ({
      atMs: bucket.expiryMs + wallOffsetMs,
      sessions: bucket.sessions.map(({ hi, lo }) => hex64(joinHalves(hi, lo))),
    }));
  return {
    expiry: expiryOf('global'),
    timeouts: role === 'following' ? timeoutsOf(sessions) : null,
    local: keeper.settings.localSessions === 'off' ? null : expiryOf('local'),
    sessionCount: sessions.count,
    ephemerals: [...ephemerals.sessions()].map(({ hi, lo }) => ({
      session: hex64(joinHalves(hi, lo)),
      paths: [...ephemerals.refsOf(hi, lo)].map(pathOf),
    })),
  };
}

function timeoutsOf(sessions: SessionTracker): DumpAnswer['timeouts'] {
  const global = [...sessions.entries()].filter(({ isLocal }) => !isLocal);
  return global.map(({ hi, lo, timeoutMs }) => ({
    session: hex64(joinHalves(hi, lo)),
    timeoutMs,
  }));
}

function gauges({ keeper, connections, final, outstanding }: QueryParts): GaugesAnswer {
  const { tree, sessions, ephemerals, watches } = keeper;
  const localSessions = keeper.settings.localSessions === 'off' ? 0 : sessions.localCount;
  return {
    zxid: hex64(joinHalves(tree.lastZxidHi, tree.lastZxidLo)),
    digest: joinHalves(tree.digestHi, tree.digestLo).toString(),
    outstanding,
    connections: connections.count,
    sessions: sessions.count - localSessions,
    localSessions,
    ephemerals: ephemerals.count,
    watches: watches.watchCount,
    nodes: tree.nodeCount,
    approximateDataBytes: tree.approximateDataBytes,
    txnsIgnored: final.applier.ignored,
    txnsUndecodable: final.applier.undecodable,
    digestMismatches: final.digestMismatches,
    quotas: [...keeper.quotas.entries()],
  };
}
