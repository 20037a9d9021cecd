/**
 * A disk that forgets what was not synced. Each file is a durable image and an ordered list of
 * page writes that are still pending; each directory is a set of durable entries and an ordered
 * list of entry operations. `crash` makes the disk that a power cut would leave, under a policy
 * that says which pending things survive; `killed` makes the one that the death of the process
 * alone leaves. Every effect is counted and can be made to fail or to be the last one. All
 * randomness is a function of seed and counter, so that a run can be repeated.
 */
import { type Disk, DiskError, type DiskFile } from '../../src/base/ports.ts';
import { DataDirectoryError } from '../../src/storage/data-directory.ts';
import {
  applyEntry,
  applyPages,
  asFile,
  type CrashPolicy,
  copyDirectory,
  counterRandom,
  type Directory,
  type Inode,
  newDirectory,
  newInode,
  nothing,
  type PageOperation,
  resized,
  Survivors,
} from './sim-disk-image.ts';

export { type CrashPolicy, counterRandom, crashPolicies } from './sim-disk-image.ts';

const pageBytes = 4096;

/** Thrown by the effect at which the machine stops, and by every call after it. */
export class SimCrash extends Error {
  override readonly name = 'SimCrash';
}

/** Whether a server ends because its disk has failed, and not because of what lies there. */
export function isDiskFailure(error: unknown): boolean {
  if (error instanceof DataDirectoryError) return error.cause instanceof DiskError;
  return error instanceof DiskError;
}

export type EffectName =
  | 'write'
  | 'truncate'
  | 'sync'
  | 'create'
  | 'rename'
  | 'remove'
  | 'mkdir'
  | 'sync-directory';

export interface EffectMoment {
  /** Number of the effect, from 0. */
  readonly effect: number;
  readonly name: EffectName;
  readonly path: string;
  /** `middle` of writes and syncs: half of it is done. */
  readonly moment: 'before' | 'middle';
}

export class SimDisk implements Disk {
  private readonly seed: number;
  private root: Directory = newDirectory();
  private sequence = 0;
  private lastSync = -1;
  private lists = 0;
  private halted = false;

  /** Effects so far. */
  effects = 0;
  /** Called at each moment at which the machine could stop. */
  onMoment: ((moment: EffectMoment) => void) | null = null;
  /** The effect at which the machine stops, and how far that effect gets. */
  crashAt: { effect: number; moment: 'before' | 'middle' } | null = null;
  /** Errno by number of the effect. A failed sync drops the pending pages, the next succeeds. */
  readonly failures = new Map<number, string>();
  /** Bytes by which files may still grow; then ENOSPC. */
  spaceBytes = Number.POSITIVE_INFINITY;

  constructor(seed = 1) {
    this.seed = seed;
  }

  exists(path: string): boolean {
    this.refuseWhenHalted();
    return this.find(path) !== null;
  }

  /** In another order each time. */
  list(path: string): string[] {
    this.refuseWhenHalted();
    const directory = this.find(path);
    if (directory?.kind !== 'directory') return [];
    const names = [...directory.current.keys()];
    const random = counterRandom(this.seed + 7919 * ++this.lists);
    for (let i = names.length - 1; i > 0; i--) {
      const other = random() % (i + 1);
      [names[i], names[other]] = [names[other]!, names[i]!];
    }
    return names;
  }

  makeDirectory(path: string): void {
    const { parent, name } = this.place('mkdir', path);
    if (parent.current.has(name)) throw new DiskError('mkdir', path, 'EEXIST');
    this.entryEffect('mkdir', path, parent, null, name, newDirectory());
  }

  openRead(path: string): DiskFile {
    return this.open(path);
  }

  openWrite(path: string): DiskFile {
    return this.open(path);
  }

  create(path: string): DiskFile {
    const { parent, name } = this.place('create', path);
    const existing = parent.current.get(name);
    if (existing === undefined) {
      this.entryEffect('create', path, parent, null, name, newInode());
    } else {
      const inode = asFile(existing, path);
      this.effect('create', path, () => this.cut(inode, 0));
    }
    return this.open(path);
  }

  rename(from: string, to: string): void {
    const source = this.place('rename', from);
    const target = this.place('rename', to);
    const entry = source.parent.current.get(source.name);
    if (entry === undefined) throw new DiskError('rename', from, 'ENOENT');
    if (source.parent !== target.parent) throw new DiskError('rename', from, 'EXDEV');
    this.entryEffect('rename', from, source.parent, source.name, target.name, entry);
  }

  remove(path: string): void {
    const { parent, name } = this.place('remove', path);
    if (parent.current.get(name)?.kind !== 'file') throw new DiskError('remove', path, 'ENOENT');
    this.entryEffect('remove', path, parent, name, null, null);
  }

  syncDirectory(path: string): void {
    const directory = this.find(path);
    if (directory?.kind !== 'directory') throw new DiskError('fsync', path, 'ENOENT');
    const isDropped = () => {
      directory.pending = [];
    };
    this.effect(
      'sync-directory',
      path,
      () => {
        for (const operation of directory.pending) applyEntry(directory.durable, operation);
        directory.pending = [];
        this.lastSync = this.sequence++;
      },
      { onFailure: isDropped },
    );
  }

  /** The disk after a power cut now; this one goes on as it is. */
  crash(policy: CrashPolicy, seed: number): SimDisk {
    const after = new SimDisk(seed);
    after.root = new Survivors(policy, seed, this.lastSync, this.root).directory(this.root);
    return after;
  }

  /** The disk as the next process finds it when only this one dies: nothing is lost yet. */
  killed(): SimDisk {
    const after = new SimDisk(this.seed);
    after.sequence = this.sequence;
    after.lastSync = this.lastSync;
    after.root = copyDirectory(this.root, new Map());
    return after;
  }

  /** Every durable name and byte, as text: equal disks have equal images. */
  image(): string {
    const parts: string[] = [];
    const visit = (directory: Directory, path: string) => {
      for (const name of [...directory.durable.keys()].sort()) {
        const entry = directory.durable.get(name)!;
        if (entry.kind === 'directory') visit(entry, `${path}/${name}`);
        else parts.push(`${path}/${name}:${Buffer.from(entry.durable).toString('latin1')}`);
      }
    };
    visit(this.root, '');
    return parts.join('\n');
  }

  private open(path: string): DiskFile {
    this.refuseWhenHalted();
    const found = this.find(path);
    if (found === null) throw new DiskError('open', path, 'ENOENT');
    const inode = asFile(found, path);
    const refuse = () => this.refuseWhenHalted();
    return {
      path,
      size() {
        refuse();
        return inode.size;
      },
      read(into, offset, length, position) {
        refuse();
        const count = Math.max(0, Math.min(length, inode.size - position));
        into.set(inode.current.subarray(position, position + count), offset);
        return count;
      },
      write: (from, offset, length, position) => {
        this.writeEffect(inode, path, from.slice(offset, offset + length), position);
      },
      truncate: (size) => this.effect('truncate', path, () => this.cut(inode, size)),
      sync: () => this.syncEffect(inode, path),
      close: refuse,
    };
  }

  private writeEffect(inode: Inode, path: string, bytes: Uint8Array, position: number): void {
    const growth = Math.max(0, position + bytes.byteLength - inode.size);
    const isFull = growth > this.spaceBytes;
    const kept = isFull
      ? Math.max(0, bytes.byteLength - (growth - this.spaceBytes))
      : bytes.byteLength;
    // A page is copied under its lock: writes stop between pages.
    const middle = position + (kept >> 1);
    const half = Math.max(0, middle - (middle % pageBytes) - position);
    this.effect('write', path, () => this.put(inode, bytes.subarray(half, kept), position + half), {
      firstHalf: () => this.put(inode, bytes.subarray(0, half), position),
    });
    this.spaceBytes -= isFull ? this.spaceBytes : growth;
    if (isFull) throw new DiskError('write', path, 'ENOSPC');
  }

  private syncEffect(inode: Inode, path: string): void {
    const settle = (operations: PageOperation[]) => {
      inode.durable = applyPages(inode.durable, operations);
      inode.pending = inode.pending.filter((operation) => !operations.includes(operation));
    };
    this.effect(
      'sync',
      path,
      () => {
        settle(inode.pending);
        this.lastSync = this.sequence++;
      },
      {
        firstHalf: () => settle(inode.pending.slice(0, inode.pending.length >> 1)),
        onFailure: () => {
          inode.pending = [];
        },
      },
    );
  }

  private put(inode: Inode, bytes: Uint8Array, position: number): void {
    let at = position;
    for (let done = 0; done < bytes.byteLength; ) {
      const length = Math.min(bytes.byteLength - done, pageBytes - (at % pageBytes));
      const piece = bytes.slice(done, done + length);
      inode.pending.push({ kind: 'write', sequence: this.sequence++, at, bytes: piece });
      at += length;
      done += length;
    }
    const end = position + bytes.byteLength;
    if (end > inode.current.byteLength) {
      const grown = new Uint8Array(Math.max(end, 2 * inode.current.byteLength));
      grown.set(inode.current.subarray(0, inode.size));
      inode.current = grown;
    }
    inode.current.set(bytes, position);
    inode.size = Math.max(inode.size, end);
  }

  private cut(inode: Inode, size: number): void {
    inode.pending.push({ kind: 'truncate', sequence: this.sequence++, at: size, bytes: nothing });
    inode.current = resized(inode.current.subarray(0, inode.size), size);
    inode.size = size;
  }

  private entryEffect(
    effect: EffectName,
    path: string,
    parent: Directory,
    removed: string | null,
    added: string | null,
    entry: Inode | Directory | null,
  ): void {
    this.effect(effect, path, () => {
      const operation = { sequence: this.sequence++, removed, added, entry };
      parent.pending.push(operation);
      applyEntry(parent.current, operation);
    });
  }

  private effect(
    name: EffectName,
    path: string,
    apply: () => void,
    more: { firstHalf?: () => void; onFailure?: () => void } = {},
  ): void {
    this.refuseWhenHalted();
    const effect = this.effects++;
    const code = this.failures.get(effect);
    if (code !== undefined) {
      more.onFailure?.();
      throw new DiskError(name, path, code);
    }
    this.reach({ effect, name, path, moment: 'before' });
    more.firstHalf?.();
    if (more.firstHalf !== undefined) this.reach({ effect, name, path, moment: 'middle' });
    apply();
    // An effect without a middle stops the machine when it is done but has not returned.
    if (more.firstHalf === undefined) this.haltAt(effect, 'middle');
  }

  private reach(moment: EffectMoment): void {
    this.onMoment?.(moment);
    this.haltAt(moment.effect, moment.moment);
  }

  private haltAt(effect: number, moment: 'before' | 'middle'): void {
    if (this.crashAt?.effect !== effect || this.crashAt.moment !== moment) return;
    this.halted = true;
    throw new SimCrash(`stopped at effect ${effect}`);
  }

  private refuseWhenHalted(): void {
    if (this.halted) throw new SimCrash('the machine has stopped');
  }

  private find(path: string): Inode | Directory | null {
    let found: Inode | Directory = this.root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const next: Inode | Directory | undefined =
        found.kind === 'directory' ? found.current.get(name) : undefined;
      if (next === undefined) return null;
      found = next;
    }
    return found;
  }

  private place(operation: string, path: string): { parent: Directory; name: string } {
    this.refuseWhenHalted();
    const at = path.lastIndexOf('/');
    const parent = this.find(path.slice(0, at));
    if (parent?.kind !== 'directory') throw new DiskError(operation, path, 'ENOENT');
    return { parent, name: path.slice(at + 1) };
  }
}
