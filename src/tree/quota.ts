/**
 * Quotas: which subtrees have one, how much they use, and whether a write would exceed it (Apache
 * `StatsTrack`, `PathTrie`, and the quota parts of `DataTree` and `ZooKeeperServer`). Usage is
 * rewritten in place in the stats nodes, on every server for itself. Never throws on what clients
 * have written there, and never charges the root.
 *
 *   /zookeeper/quota<path>/zookeeper_limits   what <path> may use; the quota lives as long as it
 *   /zookeeper/quota<path>/zookeeper_stats    what <path> and all below it use
 */
import { ErrorCode } from '../base/error-codes.ts';
import { decodeUtf8, encodeUtf8 } from '../jute/utf8.ts';
import { namespaceOf } from './namespace.ts';
import type { TreeWriter } from './tree-writer.ts';

/** What quotas need of the tree. */
export type QuotaTree = Pick<
  TreeWriter,
  | ('find' | 'parent' | 'firstChild' | 'nextSibling' | 'pathLength' | 'writePath')
  | ('dataLength' | 'writeData' | 'setQuotaData')
>;

/** Text of a limits or stats node. -1 = unset; beyond 2^53 - 1 a number counts as that. */
export interface QuotaText {
  readonly count: number;
  readonly bytes: number;
  /** All other keys, among them `countHardLimit` and `byteHardLimit`. */
  readonly extra: ReadonlyMap<string, number>;
}

type Usage = Pick<QuotaText, 'count' | 'bytes'>;

/** Answer of `Quotas.check`: ok, quotaExceeded or marshallingError, and sentences for the log. */
export interface QuotaVerdict {
  readonly err: ErrorCode;
  readonly log: readonly string[];
  /** First component of the path, for the metric of refused writes. */
  readonly namespace: string;
}

const quotaRoot = encodeUtf8('/zookeeper/quota');
const zookeeper = encodeUtf8('/zookeeper');
const limitsName = encodeUtf8('/zookeeper_limits');
const statsName = encodeUtf8('/zookeeper_stats');
const slash = 0x2f;
/** Longer text is taken for garbage. */
const textBytesMax = 4096;
const unset: QuotaText = { count: -1, bytes: -1, extra: new Map() };
const longMax = 2n ** 63n - 1n;

/**
 * Null for text that Apache's parser refuses; empty text is all unset. Pairs stand between runs
 * of `,` and `;`; of `key=value=rest` the rest is ignored, and an empty value there means unset.
 */
export function parseQuota(bytes: Uint8Array, start: number, end: number): QuotaText | null {
  if (start === end) return unset;
  if (end - start > textBytesMax) return null;
  const extra = new Map<string, number>();
  for (const pair of splitAsJava(decodeUtf8(bytes, start, end), /[,;]+/)) {
    const [key, value] = splitAsJava(pair, '=');
    if (key === undefined || value === undefined) return null;
    const number = parseLong(value === '' ? '-1' : value);
    if (number === null) return null;
    extra.set(key, number);
  }
  const quota = { count: extra.get('count') ?? -1, bytes: extra.get('bytes') ?? -1, extra };
  extra.delete('count');
  extra.delete('bytes');
  return quota;
}

/** Java's `split`: empty strings at the end of the list are dropped. */
function splitAsJava(text: string, separator: string | RegExp): string[] {
  const parts = text.split(separator);
  if (parts.length > 1) while (parts.at(-1) === '') parts.pop();
  return parts;
}

/** Java's `Long.parseLong`; null where that throws. */
function parseLong(text: string): number | null {
  if (!/^[+-]?[0-9]+$/.test(text)) return null;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  if (value > longMax || value < -longMax - 1n) return null;
  return clamp(Number(value));
}

function clamp(value: number): number {
  return Math.min(Math.max(value, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

/** As Apache writes it; the lone `=` keeps servers of 3.4 from seeing the further keys. */
export function formatQuota({ count, bytes, extra }: QuotaText): Uint8Array {
  const text = `count=${count},bytes=${bytes}`;
  if (extra.size === 0) return encodeUtf8(text);
  const keys = [...extra.keys()].sort();
  return encodeUtf8(`${text}=${keys.map((key) => `;${key}=${extra.get(key)}`).join('')}`);
}

/**
 * Prep, create: a limits node that would stop an Apache server when this txn is applied, or when
 * the deletion of the node is; refuse it with badArguments. That server cuts 16 letters off the
 * parent's path wherever it begins with /zookeeper (`DataTree.deleteNode`).
 */
export function isPoisonousLimitsPath(bytes: Uint8Array, start: number, end: number): boolean {
  if (!endsWith(bytes, start, end, limitsName)) return false;
  const parentEnd = end - limitsName.length;
  if (!startsWith(bytes, start, parentEnd, zookeeper)) return false;
  let letters = 0;
  for (let i = start; i < parentEnd; i++) if (((bytes[i] as number) & 0xc0) !== 0x80) letters++;
  return letters <= quotaRoot.length;
}

/**
 * Prep, setData: is this the path of a stats node? Null data, and text that `parseQuota` refuses,
 * would stop an Apache server at the next write below the quota: badArguments.
 */
export function isStatsPath(bytes: Uint8Array, start: number, end: number): boolean {
  return isQuotaNode(bytes, start, end, statsName);
}

function isQuotaNode(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  return (
    startsWith(bytes, start, end, quotaRoot) &&
    bytes[start + quotaRoot.length] === slash &&
    endsWith(bytes, start + quotaRoot.length, end, name)
  );
}

function startsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  for (let i = prefix.length - 1; i >= 0; i--) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}

function endsWith(bytes: Uint8Array, start: number, end: number, suffix: Uint8Array): boolean {
  return end - start >= suffix.length && startsWith(bytes, end - suffix.length, end, suffix);
}

interface ActiveQuota {
  readonly path: Uint8Array;
  readonly limitsPath: Uint8Array;
  readonly statsPath: Uint8Array;
  /** A missing or unreadable stats node is reported once. */
  isReported: boolean;
  /** What `charge` wrote last: while it is what the node holds, it need not be parsed again. */
  text: Uint8Array;
  usage: QuotaText;
}

export class Quotas {
  private readonly tree: QuotaTree;
  private readonly report: (message: string) => void;
  private active = 0;
  /** The longest path that has had a quota: no need to look further. */
  private lengthMax = 0;
  /** By `rollingHash` of the path. */
  private readonly byHash = new Map<number, ActiveQuota[]>();
  private readonly scratch = new Uint8Array(textBytesMax);

  /** `report` gets sentences for the log, about quotas that do not work as they should. */
  constructor(tree: QuotaTree, report: (message: string) => void = () => {}) {
    this.tree = tree;
    this.report = report;
  }

  /** How many quotas are active. */
  get count(): number {
    return this.active;
  }

  /** Apply: the node is in the tree now. `dataLength` as in the tree, -1 = null. */
  onCreate(bytes: Uint8Array, start: number, end: number, dataLength: number): void {
    if (isQuotaNode(bytes, start, end, limitsName)) {
      this.activate(bytes, start + quotaRoot.length, end - limitsName.length);
    } else if (isQuotaNode(bytes, start, end, statsName)) {
      this.recount(bytes, start + quotaRoot.length, end - statsName.length);
    }
    this.charge(this.deepest(bytes, start, end), 1, Math.max(dataLength, 0));
  }

  /** Apply: the node is gone from the tree; `dataLength` is what it had. */
  onDelete(bytes: Uint8Array, start: number, end: number, dataLength: number): void {
    if (isQuotaNode(bytes, start, end, limitsName)) {
      this.deactivate(bytes, start + quotaRoot.length, end - limitsName.length);
    }
    this.charge(this.deepest(bytes, start, end), -1, -Math.max(dataLength, 0));
  }

  /** Apply: the data of the node is by `bytesMore` bytes longer (or shorter) than before. */
  onSetData(bytes: Uint8Array, start: number, end: number, bytesMore: number): void {
    if (bytesMore !== 0) this.charge(this.deepest(bytes, start, end), 0, bytesMore);
  }

  /** After a snapshot was loaded, in a section: finds all quotas, counts their usage anew. */
  reload(): void {
    this.byHash.clear();
    this.active = 0;
    const limits: Uint8Array[] = [];
    this.eachBelow(this.tree.find(quotaRoot, 0, quotaRoot.length), (ref) => {
      const path = new Uint8Array(this.tree.pathLength(ref));
      this.tree.writePath(ref, path, 0);
      if (isQuotaNode(path, 0, path.length, limitsName)) limits.push(path);
    });
    for (const path of limits) {
      const end = path.length - limitsName.length;
      this.recount(path, quotaRoot.length, end);
      this.activate(path, quotaRoot.length, end);
    }
  }

  /**
   * Prep of create and setData, only if enforceQuota: null = nothing to say. `nodesMore` is 1 for
   * create, else 0. Compares with applied usage; where a hard limit is set, the soft is none.
   */
  check(
    bytes: Uint8Array,
    start: number,
    end: number,
    nodesMore: number,
    bytesMore: number,
  ): QuotaVerdict | null {
    const quota = this.deepest(bytes, start, end);
    const limits = quota === null ? undefined : this.read(quota.limitsPath);
    if (quota === null || limits === undefined) return null;
    const namespace = namespaceOf(bytes, start, end);
    if (limits === null) return { err: ErrorCode.marshallingError, log: [], namespace };
    const countLimit = nodesMore === 0 ? null : limitOf(limits, 'count');
    const bytesLimit = bytesMore === 0 ? null : limitOf(limits, 'bytes');
    const usage = countLimit || bytesLimit ? this.read(quota.statsPath) : undefined;
    if (usage === undefined) return null;
    if (usage === null) return { err: ErrorCode.marshallingError, log: [], namespace };
    const path = decodeUtf8(quota.path, 0, quota.path.length);
    const log: string[] = [];
    for (const [limit, after] of [
      [countLimit, usage.count + nodesMore],
      [bytesLimit, usage.bytes + bytesMore],
    ] as const) {
      if (limit === null || after <= limit.value) continue;
      log.push(sentenceOf(path, limit, after));
      // Apache's server stops at the first hard limit.
      if (limit.isHard) return { err: ErrorCode.quotaExceeded, log, namespace };
    }
    return log.length === 0 ? null : { err: ErrorCode.ok, log, namespace };
  }

  /** Every active quota, for metrics; the limit that counts (-1 = none), usage as far as known. */
  *entries(): Generator<{ namespace: string; limits: Usage; usage: Usage }> {
    for (const { path, limitsPath, statsPath } of [...this.byHash.values()].flat()) {
      const text = this.read(limitsPath) ?? unset;
      const { count, bytes } = this.read(statsPath) ?? unset;
      const countLimit = limitOf(text, 'count')?.value ?? -1;
      const limits = { count: countLimit, bytes: limitOf(text, 'bytes')?.value ?? -1 };
      yield { namespace: namespaceOf(path, 0, path.length), limits, usage: { count, bytes } };
    }
  }

  /** Adds to the usage in the stats node. */
  private charge(quota: ActiveQuota | null, nodesMore: number, bytesMore: number): void {
    if (quota === null) return;
    const ref = this.tree.find(quota.statsPath, 0, quota.statsPath.length);
    const usage = this.isText(ref, quota.text) ? quota.usage : this.readRef(ref);
    if (!usage && !quota.isReported) {
      quota.isReported = true;
      const what = usage === null ? 'unreadable' : 'missing';
      this.report(`${what} stats node ${decodeUtf8(quota.statsPath, 0, quota.statsPath.length)}`);
    }
    if (usage === undefined) return;
    const { count, bytes: used, extra } = usage ?? unset;
    quota.usage = { count: clamp(count + nodesMore), bytes: clamp(used + bytesMore), extra };
    quota.text = formatQuota(quota.usage);
    this.tree.setQuotaData(ref, quota.text, 0, quota.text.length);
  }

  /** Counts the subtree of a path, itself included, into its stats node if there is one. */
  private recount(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    const usage = { count: 0, bytes: 0, extra: unset.extra };
    this.eachBelow(this.tree.find(bytes, start, end), (ref) => {
      usage.count++;
      usage.bytes += Math.max(this.tree.dataLength(ref), 0);
    });
    const path = Uint8Array.from([...quotaRoot, ...bytes.subarray(start, end), ...statsName]);
    const text = formatQuota(usage);
    const stats = this.tree.find(path, 0, path.length);
    if (stats !== 0) this.tree.setQuotaData(stats, text, 0, text.length);
  }

  private activate(bytes: Uint8Array, start: number, end: number): void {
    const hash = rollingHash(bytes, start, end);
    if (start === end || this.get(hash, bytes, start, end) !== null) return;
    const path = bytes.slice(start, end);
    const limitsPath = Uint8Array.from([...quotaRoot, ...path, ...limitsName]);
    const statsPath = Uint8Array.from([...quotaRoot, ...path, ...statsName]);
    const sameHash = this.byHash.get(hash) ?? [];
    const before = { isReported: false, text: new Uint8Array(0), usage: unset };
    this.byHash.set(hash, [...sameHash, { path, limitsPath, statsPath, ...before }]);
    this.lengthMax = Math.max(this.lengthMax, path.length);
    this.active++;
  }

  private deactivate(bytes: Uint8Array, start: number, end: number): void {
    const hash = rollingHash(bytes, start, end);
    const quota = this.get(hash, bytes, start, end);
    if (quota === null) return;
    this.byHash.set(
      hash,
      (this.byHash.get(hash) ?? []).filter((other) => other !== quota),
    );
    this.active--;
  }

  /** The quota of the path itself or of its nearest ancestor that has one. */
  private deepest(bytes: Uint8Array, start: number, end: number): ActiveQuota | null {
    if (this.active === 0) return null;
    let quota: ActiveQuota | null = null;
    let hash = 0;
    const last = Math.min(end, start + this.lengthMax);
    for (let i = start; i <= last; i++) {
      const isWhole = i === end || (i > start && bytes[i] === slash);
      if (isWhole) quota = this.get(hash, bytes, start, i) ?? quota;
      hash = rollHash(hash, bytes[i] as number);
    }
    return quota;
  }

  private get(hash: number, bytes: Uint8Array, start: number, end: number): ActiveQuota | null {
    const sameHash = this.byHash.get(hash);
    if (sameHash === undefined) return null;
    const isSame = ({ path }: ActiveQuota) =>
      path.length === end - start && startsWith(bytes, start, end, path);
    return sameHash.find(isSame) ?? null;
  }

  /** Undefined when there is no such node, null when its text is none. */
  private read(path: Uint8Array): QuotaText | null | undefined {
    return this.readRef(this.tree.find(path, 0, path.length));
  }

  private readRef(ref: number): QuotaText | null | undefined {
    if (ref === 0) return undefined;
    const length = this.tree.dataLength(ref);
    if (length < 0 || length > textBytesMax) return null;
    this.tree.writeData(ref, this.scratch, 0);
    return parseQuota(this.scratch, 0, length);
  }

  private isText(ref: number, text: Uint8Array): boolean {
    if (ref === 0 || text.length === 0 || this.tree.dataLength(ref) !== text.length) return false;
    this.tree.writeData(ref, this.scratch, 0);
    return startsWith(this.scratch, 0, text.length, text);
  }

  /** Visits a subtree, parents first, without recursion: it may be deep. */
  private eachBelow(top: number, visit: (ref: number) => void): void {
    const { tree } = this;
    for (let ref = top; ref !== 0; ) {
      visit(ref);
      const child = tree.firstChild(ref);
      if (child !== 0) {
        ref = child;
        continue;
      }
      while (ref !== top && tree.nextSibling(ref) === 0) ref = tree.parent(ref);
      ref = ref === top ? 0 : tree.nextSibling(ref);
    }
  }
}

interface Limit {
  readonly key: 'count' | 'bytes';
  readonly isHard: boolean;
  readonly value: number;
}

/** The limit that counts: the hard one if it is set, else the soft one; null when neither is. */
function limitOf(limits: QuotaText, key: 'count' | 'bytes'): Limit | null {
  const hard = limits.extra.get(key === 'count' ? 'countHardLimit' : 'byteHardLimit') ?? -1;
  const value = hard > -1 ? hard : limits[key];
  return value > -1 ? { key, isHard: hard > -1, value } : null;
}

/** In the words of Apache's log. */
function sentenceOf(path: string, { key, isHard, value }: Limit, usage: number): string {
  const limit = `${isHard ? 'hard' : 'soft'}${key === 'count' ? 'Count' : 'Byte'}Limit`;
  return `Quota exceeded: ${path} [current ${key}=${usage}, ${limit}=${value}]`;
}

function rollHash(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

function rollingHash(bytes: Uint8Array, start: number, end: number): number {
  return bytes.subarray(start, end).reduce(rollHash, 0);
}
