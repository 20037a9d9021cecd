/**
 * The txns that are committed in a simulated ensemble, as a second, naive implementation sees them:
 * the state after each, what each has changed, and when a node had which version. It begins with
 * the state that all members were given.
 */
import { EventType } from '../../../../src/jute/proto.ts';
import type { NaiveState } from '../../../storage/naive-state.ts';
import { applyProposed, pictureOfState } from '../../model-state.ts';
import type { StatePicture } from '../../tree-picture.ts';
import { Broken } from './broken.ts';
import { SessionRules } from './session-rules.ts';

/** What a watcher may be told of. */
export interface Change {
  readonly zxid: bigint;
  readonly type: EventType;
  readonly path: string;
}

/** A node as a reader sees it; null where there is none. */
export type NodeVersion = { readonly mzxid: bigint; readonly version: number } | null;

interface Committed {
  readonly zxid: bigint;
  readonly picture: StatePicture;
  readonly changes: readonly Change[];
}

interface Era {
  readonly from: bigint;
  readonly node: NodeVersion;
}

export class CommittedChain {
  private readonly state: NaiveState;
  private readonly beginning: StatePicture;
  private readonly first: bigint;
  private readonly chain: Committed[] = [];
  private readonly placeOf = new Map<bigint, number>();
  /** By path, the oldest first. */
  private readonly eras = new Map<string, Era[]>();
  private readonly rules = new SessionRules();

  /** `state` is taken over, with the zxid that it has. */
  constructor(state: NaiveState) {
    this.state = state;
    this.first = state.lastZxid;
    this.beginning = pictureOfState(state);
    for (const [path, { mzxid, version }] of state.nodes) {
      this.eras.set(path, [{ from: 0n, node: { mzxid, version } }]);
    }
  }

  get length(): number {
    return this.chain.length;
  }

  get last(): bigint {
    return this.chain.at(-1)?.zxid ?? this.first;
  }

  get zxids(): Iterable<bigint> {
    return this.placeOf.keys();
  }

  /** Persisted timeouts in ms, by id. */
  get sessions(): ReadonlyMap<bigint, number> {
    return this.state.sessions;
  }

  /** A history that ends here is committed as a whole. */
  has(zxid: bigint): boolean {
    return zxid === this.first || this.placeOf.has(zxid);
  }

  /** The next one. Throws when the model finds nothing that it could change, or another digest. */
  append(zxid: bigint, txn: Uint8Array): void {
    try {
      applyProposed(this.state, txn);
    } catch (error) {
      throw new Broken('S1', error instanceof Error ? error.message : String(error));
    }
    this.rules.onCommitted(txn, this.state);
    this.placeOf.set(zxid, this.chain.length);
    const changes = this.changesOf(zxid);
    for (const change of changes) this.remember(change);
    this.chain.push({ zxid, picture: pictureOfState(this.state), changes });
  }

  /** The state after a committed txn. */
  pictureAt(zxid: bigint): StatePicture {
    const place = this.placeOf.get(zxid);
    return place === undefined ? this.beginning : (this.chain[place] as Committed).picture;
  }

  /** The node as of this zxid, which may also be the beginning of an epoch. */
  nodeAt(path: string, zxid: bigint): NodeVersion {
    return this.eras.get(path)?.findLast(({ from }) => from <= zxid)?.node ?? null;
  }

  /** What happened behind the one zxid, up to and with the other; both may begin an epoch. */
  *changesIn(after: bigint, upTo: bigint): Iterable<Change> {
    for (let at = this.placeAfter(after); at < this.chain.length; at++) {
      const { zxid, changes } = this.chain[at] as Committed;
      if (zxid > upTo) return;
      yield* changes;
    }
  }

  private placeAfter(zxid: bigint): number {
    const known = this.placeOf.get(zxid);
    if (known !== undefined) return known + 1;
    const place = this.chain.findIndex((entry) => entry.zxid > zxid);
    return place < 0 ? this.chain.length : place;
  }

  /** Of the txn that was applied last. No client here deletes and creates a node in one multi. */
  private changesOf(zxid: bigint): Change[] {
    const { nodes } = this.state;
    const changes: Change[] = [];
    for (const [path, { czxid, mzxid }] of nodes) {
      if (czxid === zxid) changes.push({ zxid, type: EventType.nodeCreated, path });
      else if (mzxid === zxid) changes.push({ zxid, type: EventType.nodeDataChanged, path });
    }
    for (const [path, eras] of this.eras) {
      const isGone = eras.at(-1)?.node !== null && !nodes.has(path);
      if (isGone) changes.push({ zxid, type: EventType.nodeDeleted, path });
    }
    return changes;
  }

  private remember({ zxid, path }: Change): void {
    const now = this.state.nodes.get(path);
    const node = now === undefined ? null : { mzxid: now.mzxid, version: now.version };
    const eras = this.eras.get(path);
    if (eras === undefined) this.eras.set(path, [{ from: zxid, node }]);
    else eras.push({ from: zxid, node });
  }
}
