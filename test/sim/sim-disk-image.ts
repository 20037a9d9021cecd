/**
 * What a simulated disk consists of, and what of it outlives a power cut under each policy. Plain
 * data and functions; the disk itself, with its effects and faults, is in `sim-disk.ts`.
 */
import { DiskError } from '../../src/base/ports.ts';

export const crashPolicies = [
  /** Exactly what was synced. */
  'lose-all',
  /** Everything that was asked for. */
  'keep-all',
  /** Any pages, each as some write left it; entry operations up to some point. */
  'random-subset',
  /** Operations up to some point; of that one, any sectors or pages. */
  'torn-512',
  'torn-4096',
  /** ext4: one journal for all names and cuts, which every fsync commits; pages in order. */
  'metadata-ordered',
  /** What POSIX allows: any sector, any entry operation, sizes that grow without their bytes. */
  'posix-worst',
] as const;
export type CrashPolicy = (typeof crashPolicies)[number];

export interface PageOperation {
  readonly kind: 'write' | 'truncate';
  readonly sequence: number;
  /** Where the write begins, or the size to cut to. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface Inode {
  readonly kind: 'file';
  durable: Uint8Array;
  current: Uint8Array;
  size: number;
  pending: PageOperation[];
}

export interface EntryOperation {
  readonly sequence: number;
  readonly removed: string | null;
  readonly added: string | null;
  readonly entry: Inode | Directory | null;
}

export interface Directory {
  readonly kind: 'directory';
  durable: Map<string, Inode | Directory>;
  current: Map<string, Inode | Directory>;
  pending: EntryOperation[];
}

export const nothing = new Uint8Array(0);

/** Decides what outlives a power cut. A file with two names stays one file. */
export class Survivors {
  private readonly policy: CrashPolicy;
  private readonly random: () => number;
  private readonly lastSync: number;
  /** First entry operation that the journal lost ('metadata-ordered'). */
  private readonly journalEnd: number;
  private readonly files = new Map<Inode, Inode>();

  constructor(policy: CrashPolicy, seed: number, lastSync: number, root: Directory) {
    this.policy = policy;
    this.random = counterRandom(seed);
    this.lastSync = lastSync;
    const late = pendingSequences(root, new Set()).filter((sequence) => sequence > lastSync);
    late.sort((a, b) => a - b);
    this.journalEnd = late[this.random() % (late.length + 1)] ?? Number.POSITIVE_INFINITY;
  }

  directory(directory: Directory): Directory {
    const entries = new Map(directory.durable);
    for (const operation of this.entryOperations(directory.pending)) {
      applyEntry(entries, operation);
    }
    const after = newDirectory();
    for (const [name, entry] of entries) {
      const survivor = entry.kind === 'directory' ? this.directory(entry) : this.file(entry);
      after.durable.set(name, survivor);
      after.current.set(name, survivor);
    }
    return after;
  }

  private entryOperations(pending: EntryOperation[]): EntryOperation[] {
    switch (this.policy) {
      case 'lose-all':
        return [];
      case 'keep-all':
        return pending;
      case 'metadata-ordered':
        return pending.filter((operation) => operation.sequence < this.journalEnd);
      case 'posix-worst':
        return pending.filter(() => this.flip());
      default:
        return pending.slice(0, this.random() % (pending.length + 1));
    }
  }

  private file(inode: Inode): Inode {
    const known = this.files.get(inode);
    if (known !== undefined) return known;
    const durable = applyPages(inode.durable, this.pageOperations(inode.pending));
    const survivor: Inode = {
      ...{ kind: 'file', durable, current: durable.slice() },
      ...{ size: durable.byteLength, pending: [] },
    };
    this.files.set(inode, survivor);
    return survivor;
  }

  private pageOperations(pending: PageOperation[]): PageOperation[] {
    switch (this.policy) {
      case 'lose-all':
        return [];
      case 'keep-all':
        return pending;
      case 'random-subset':
        return this.scattered(pending, 4096, false);
      case 'torn-512':
        return this.torn(pending, 512);
      case 'torn-4096':
        return this.torn(pending, 4096);
      case 'metadata-ordered':
        return this.ordered(pending);
      case 'posix-worst':
        return this.scattered(pending, 512, true);
    }
  }

  private torn(pending: PageOperation[], sectorBytes: number): PageOperation[] {
    const whole = this.random() % (pending.length + 1);
    const cut = pending[whole];
    const parts = cut === undefined ? [] : this.sectors(cut, sectorBytes, false, new Set());
    return [...pending.slice(0, whole), ...parts];
  }

  /** Cuts that the journal has are there, and then the pages before them are. */
  private ordered(pending: PageOperation[]): PageOperation[] {
    const isJournalled = ({ kind, sequence }: PageOperation) =>
      kind === 'truncate' && sequence < Math.min(this.journalEnd, this.lastSync);
    const least = pending.findLastIndex(isJournalled) + 1;
    return pending.slice(0, least + (this.random() % (pending.length - least + 1)));
  }

  private scattered(pending: PageOperation[], sectorBytes: number, mayGrow: boolean) {
    const lost = new Set<number>();
    return pending.flatMap((operation) => this.sectors(operation, sectorBytes, mayGrow, lost));
  }

  /**
   * Any sectors of one operation; a lost one may still have made the file longer. The page cache
   * holds what all writes made of a sector: one that lost a write has none of the later ones.
   */
  private sectors(
    operation: PageOperation,
    sectorBytes: number,
    mayGrow: boolean,
    lost: Set<number>,
  ): PageOperation[] {
    if (operation.kind === 'truncate') return this.flip() ? [operation] : [];
    const kept: PageOperation[] = [];
    const end = operation.at + operation.bytes.byteLength;
    for (let at = operation.at; at < end; ) {
      const sector = Math.floor(at / sectorBytes);
      const stop = Math.min(end, (sector + 1) * sectorBytes);
      const isKept = this.flip() && !lost.has(sector);
      const grows = this.flip() && mayGrow;
      if (isKept) {
        const bytes = operation.bytes.subarray(at - operation.at, stop - operation.at);
        kept.push({ ...operation, at, bytes });
      } else {
        lost.add(sector);
        if (grows) kept.push({ ...operation, at: stop, bytes: nothing });
      }
      at = stop;
    }
    return kept;
  }

  private flip(): boolean {
    return (this.random() & 1) === 1;
  }
}

export function applyEntry(
  entries: Map<string, Inode | Directory>,
  operation: EntryOperation,
): void {
  if (operation.removed !== null) entries.delete(operation.removed);
  if (operation.added !== null && operation.entry !== null) {
    entries.set(operation.added, operation.entry);
  }
}

/** An empty write makes the file at least as long as where it stands. */
export function applyPages(durable: Uint8Array, operations: PageOperation[]): Uint8Array {
  if (operations.length === 0) return durable;
  const ends = operations.map(({ at, bytes }) => at + bytes.byteLength);
  const image = resized(
    durable,
    ends.reduce((a, b) => Math.max(a, b), durable.byteLength),
  );
  let size = durable.byteLength;
  for (const { kind, at, bytes } of operations) {
    if (kind === 'truncate') {
      if (at < size) image.fill(0, at, size);
      size = at;
    } else {
      image.set(bytes, at);
      size = Math.max(size, at + bytes.byteLength);
    }
  }
  return image.slice(0, size);
}

export function resized(bytes: Uint8Array, size: number): Uint8Array {
  const copy = new Uint8Array(size);
  copy.set(bytes.subarray(0, Math.min(size, bytes.byteLength)));
  return copy;
}

function pendingSequences(directory: Directory, seen: Set<Directory>): number[] {
  if (seen.has(directory)) return [];
  seen.add(directory);
  const entries = [...directory.durable.values(), ...directory.current.values()];
  return [
    ...directory.pending.map((operation) => operation.sequence),
    ...entries.flatMap((entry) =>
      entry.kind === 'directory' ? pendingSequences(entry, seen) : [],
    ),
  ];
}

export function copyDirectory(
  directory: Directory,
  known: Map<Inode | Directory, Inode | Directory>,
): Directory {
  const copy = newDirectory();
  known.set(directory, copy);
  const copied = (entry: Inode | Directory): Inode | Directory => {
    const done = known.get(entry);
    if (done !== undefined) return done;
    if (entry.kind === 'directory') return copyDirectory(entry, known);
    const current = entry.current.slice(0, entry.size);
    const inode: Inode = { ...entry, current, pending: [...entry.pending] };
    known.set(entry, inode);
    return inode;
  };
  for (const [name, entry] of directory.durable) copy.durable.set(name, copied(entry));
  for (const [name, entry] of directory.current) copy.current.set(name, copied(entry));
  copy.pending = directory.pending.map((operation) => ({
    ...operation,
    entry: operation.entry === null ? null : copied(operation.entry),
  }));
  return copy;
}

export function newDirectory(): Directory {
  return { kind: 'directory', durable: new Map(), current: new Map(), pending: [] };
}

export function newInode(): Inode {
  return { kind: 'file', durable: nothing, current: nothing, size: 0, pending: [] };
}

export function asFile(entry: Inode | Directory, path: string): Inode {
  if (entry.kind === 'file') return entry;
  throw new DiskError('open', path, 'EISDIR');
}

/** Unsigned 32-bit numbers, the n-th a function of `seed` and n (splitmix). */
export function counterRandom(seed: number): () => number {
  let counter = 0;
  return () => {
    let value = (Math.imul(seed, 0x9e3779b1) + Math.imul(++counter, 0x85ebca6b)) | 0;
    value = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
    value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
    return (value ^ (value >>> 15)) >>> 0;
  };
}
