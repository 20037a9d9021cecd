/**
 * What one connection of a simulated client has asked for and been told, held against the committed
 * chain: what it reads is what was there, what it watches is told before it can be seen, once and
 * completely, and a sync shows all that was committed when it was asked for.
 */
import { stat } from '../../../../src/jute/data.ts';
import { EventType } from '../../../../src/jute/proto.ts';
import { JuteReader } from '../../../../src/jute/reader.ts';
import type { SimEvent, SimReply } from '../../sim-client.ts';
import { check, hex } from './broken.ts';
import type { Oracle } from './oracle.ts';

/** By path: the zxid at which the watch was left. */
type Watches = Map<string, bigint>;

/** What a library takes with it to the next connection. */
export interface KeptWatches {
  readonly data: readonly string[];
  readonly recursive: readonly string[];
}

/** What the answer to a request means. */
type Asked =
  | { readonly kind: 'read'; readonly path: string; readonly watches: boolean }
  | { readonly kind: 'watch below'; readonly path: string }
  | { readonly kind: 'sync'; readonly committed: bigint }
  | { readonly kind: 'watches of before'; readonly since: bigint; readonly kept: KeptWatches };

const noNode = -101;

export class ClientBook {
  private readonly oracle: Oracle;
  private readonly asked = new Map<number, Asked>();
  private readonly data: Watches = new Map();
  private readonly recursive: Watches = new Map();
  /** Told, and not yet held against what was shown. */
  private events: SimEvent[] = [];
  /** What the client has seen; 0 before the first answer. */
  private seen = 0n;

  constructor(oracle: Oracle) {
    this.oracle = oracle;
  }

  onAsk(xid: number, asked: Asked): void {
    this.asked.set(xid, asked);
  }

  /** When its connection is gone: what it was told behind the last reply. */
  onEvents(events: readonly SimEvent[]): void {
    this.events.push(...events);
  }

  /** What the library still watches then, by what it was told. Unanswered, nothing is watched. */
  keep(): KeptWatches {
    for (const asked of this.asked.values()) {
      if (asked.kind !== 'watches of before') continue;
      for (const path of asked.kept.data) this.data.set(path, asked.since);
      for (const path of asked.kept.recursive) this.recursive.set(path, asked.since);
    }
    for (const { path, type } of this.events) {
      if (type === EventType.nodeDataChanged || type === EventType.nodeDeleted) {
        this.data.delete(path);
      }
    }
    return { data: [...this.data.keys()], recursive: [...this.recursive.keys()] };
  }

  /** The events come first that came before the reply. */
  onReply(reply: SimReply, events: readonly SimEvent[]): void {
    const asked = this.asked.get(reply.xid);
    this.asked.delete(reply.xid);
    // What a setWatches finds changed is told at once, and is no change of now.
    this.events.push(...events.filter(({ zxid }) => zxid >= 0n));
    const replayed = events.filter(({ zxid }) => zxid < 0n);
    this.checkEvents(reply.zxid);
    this.seen = reply.zxid;
    if (asked?.kind === 'watches of before') this.onWatchesOfBefore(asked, reply, replayed);
    else check(replayed.length === 0, 'K3', () => `an event without a watch: ${texts(replayed)}`);
    if (asked?.kind === 'read') this.onRead(asked, reply);
    if (asked?.kind === 'watch below' && reply.err === 0) {
      this.recursive.set(asked.path, reply.zxid);
    }
    if (asked?.kind === 'sync' && reply.err === 0) {
      check(reply.zxid >= asked.committed, 'K2', () => {
        return `a sync shows ${hex(reply.zxid)}, ${hex(asked.committed)} was committed before it`;
      });
    }
  }

  private onRead({ path, watches }: Asked & { kind: 'read' }, { err, zxid, body }: SimReply): void {
    const node = this.oracle.committed.nodeAt(path, zxid);
    if (err === noNode) {
      check(node === null, 'K2', () => `${path} is not there at ${hex(zxid)}`);
      return;
    }
    if (err !== 0) return;
    const reader = new JuteReader(body);
    reader.readBuffer();
    const { mzxid, version } = stat.read(reader);
    check(node?.mzxid === mzxid && node.version === version, 'K2', () => {
      return `${path} shows version ${version} of ${hex(mzxid)} at ${hex(zxid)}, not ${node?.version}`;
    });
    if (watches) this.data.set(path, zxid);
  }

  /** K3: all that is watched and has changed up to what is shown now was told before, once. */
  private checkEvents(shown: bigint): void {
    const due: string[] = [];
    for (const change of this.oracle.committed.changesIn(this.seen, shown)) {
      const { path, zxid } = change;
      const isWatched = this.takeData(path, zxid) || this.watchesBelow(path, zxid);
      if (isWatched) due.push(textOf(change));
    }
    const told = this.events.filter(({ zxid }) => zxid <= shown);
    this.events = this.events.filter(({ zxid }) => zxid > shown);
    const found = texts(told);
    const expected = due.sort().join(', ');
    check(found === expected, 'K3', () => {
      return `up to ${hex(shown)} a client is told of [${found}], expected [${expected}]`;
    });
  }

  /** A standard watch is there for one event. */
  private takeData(path: string, zxid: bigint): boolean {
    const since = this.data.get(path);
    if (since === undefined || since >= zxid) return false;
    this.data.delete(path);
    return true;
  }

  private watchesBelow(path: string, zxid: bigint): boolean {
    for (const [root, since] of this.recursive) {
      if (since < zxid && (path === root || path.startsWith(`${root}/`))) return true;
    }
    return false;
  }

  /** What has changed since the last answer of the connection before is told, the rest is watched. */
  private onWatchesOfBefore(
    { since, kept }: Asked & { kind: 'watches of before' },
    { err, zxid }: SimReply,
    replayed: readonly SimEvent[],
  ): void {
    check(err === 0, 'K3', () => `watches are refused with ${err}`);
    const due: string[] = [];
    for (const path of kept.data) {
      const node = this.oracle.committed.nodeAt(path, zxid);
      if (node === null) due.push(textOf({ type: EventType.nodeDeleted, path, zxid: -1n }));
      else if (node.mzxid > since) {
        due.push(textOf({ type: EventType.nodeDataChanged, path, zxid: -1n }));
      } else this.data.set(path, zxid);
    }
    for (const path of kept.recursive) this.recursive.set(path, zxid);
    const found = texts(replayed);
    const expected = due.sort().join(', ');
    check(found === expected, 'K3', () => {
      return `since ${hex(since)} a client is told of [${found}], expected [${expected}]`;
    });
  }
}

function texts(events: readonly SimEvent[]): string {
  return events.map(textOf).sort().join(', ');
}

function textOf({ type, path, zxid }: SimEvent): string {
  return `${type} ${path} ${hex(zxid)}`;
}
