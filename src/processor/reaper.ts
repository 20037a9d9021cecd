/**
 * Finds containers that have lost their last child and TTL nodes that nobody wrote to for too long
 * (Apache `ContainerManager`). It only names them, a few at a time; prep checks them again.
 */
import { isContainer, ttlMsOf } from '../tree/ephemeral-type.ts';
import type { TreeView } from '../tree/tree-view.ts';
import type { KeeperSettings } from './keeper-ports.ts';

const minuteMs = 60_000;
/** Named in one tick at the most, however late it comes. */
const perTickMax = 1000;

export class Reaper {
  private readonly tree: TreeView;
  private readonly settings: KeeperSettings;
  private readonly containers = new Set<number>();
  private readonly ttls = new Set<number>();
  private candidates: number[] = [];
  private nextCheckMs = Number.NEGATIVE_INFINITY;
  private nextReapMs = 0;

  constructor(tree: TreeView, settings: KeeperSettings) {
    this.tree = tree;
    this.settings = settings;
  }

  /** Finds what there is in a tree that was loaded, and forgets what was there before. */
  adoptTree(): void {
    const { tree } = this;
    this.containers.clear();
    this.ttls.clear();
    this.candidates = [];
    const root = tree.find(new Uint8Array(0), 0, 0);
    for (let ref = root; ref !== 0; ) {
      this.onCreated(ref);
      let next = tree.firstChild(ref);
      while (next === 0 && ref !== root) {
        next = tree.nextSibling(ref);
        if (next === 0) ref = tree.parent(ref);
      }
      ref = next;
    }
  }

  onCreated(ref: number): void {
    const hi = this.tree.ownerHi(ref);
    const lo = this.tree.ownerLo(ref);
    if (isContainer(hi, lo)) this.containers.add(ref);
    else if (this.settings.ephemeralTypes.isTtl(hi, lo)) this.ttls.add(ref);
  }

  onDeleting(ref: number): void {
    if (this.containers.size > 0) this.containers.delete(ref);
    if (this.ttls.size > 0) this.ttls.delete(ref);
  }

  /** Calls back with each node that is due; times are of the monotonic and of the wall clock. */
  tick(nowMs: number, nowWallMs: number, reap: (ref: number) => void): void {
    if (this.nextCheckMs === Number.NEGATIVE_INFINITY) {
      this.nextCheckMs = nowMs + this.settings.containerCheckIntervalMs;
    }
    if (nowMs >= this.nextCheckMs) {
      this.nextCheckMs = nowMs + this.settings.containerCheckIntervalMs;
      this.collect(nowMs, nowWallMs);
    }
    const spacingMs = minuteMs / Math.max(this.settings.containerMaxPerMinute, 1);
    for (let named = 0; named < perTickMax && this.candidates.length > 0; ) {
      if (nowMs < this.nextReapMs) return;
      const ref = this.candidates.pop() as number;
      if (!this.isDue(ref, nowWallMs)) continue;
      this.nextReapMs += spacingMs;
      named++;
      reap(ref);
    }
  }

  nextDeadlineMs(): number {
    if (this.candidates.length > 0) return Math.min(this.nextReapMs, this.nextCheckMs);
    return this.nextCheckMs;
  }

  private collect(nowMs: number, nowWallMs: number): void {
    if (this.candidates.length > 0) return;
    for (const ref of this.containers) {
      if (this.isDue(ref, nowWallMs)) this.candidates.push(ref);
    }
    for (const ref of this.ttls) if (this.isDue(ref, nowWallMs)) this.candidates.push(ref);
    this.nextReapMs = Math.max(this.nextReapMs, nowMs);
  }

  private isDue(ref: number, nowWallMs: number): boolean {
    const { tree } = this;
    const isInContainers = this.containers.has(ref);
    // The node may be gone meanwhile, and its number another node's.
    if (!isInContainers && !this.ttls.has(ref)) return false;
    if (tree.childCount(ref) > 0) return false;
    const idleMs = nowWallMs - (tree.mtimeHi(ref) * 0x100000000 + (tree.mtimeLo(ref) >>> 0));
    if (!isInContainers) return idleMs > ttlMsOf(tree.ownerHi(ref), tree.ownerLo(ref));
    const maxIdleMs = this.settings.containerMaxNeverUsedIntervalMs;
    return tree.cversion(ref) > 0 || (maxIdleMs !== 0 && idleMs > maxIdleMs);
  }
}
