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

/** What quotas need of the tree; `TreeWriter` has it. */
export interface QuotaTree {
  find(bytes: Uint8Array, start: number, end: number): number;
  parent(ref: number): number;
  firstChild(ref: number): number;
  nextSibling(ref: number): number;
  pathLength(ref: number): number;
  writePath(ref: number, out: Uint8Array, at: number): number;
  /** -1 = null */
  dataLength(ref: number): number;
  writeData(ref: number, out: Uint8Array, at: number): number;
  setQuotaData(ref: number, bytes: Uint8Array, start: number, length: number): void;
}

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
const noExtra: ReadonlyMap<string, number> = new Map();
const unset: QuotaText = { count: -1, bytes: -1, extra: noExtra };
const longMax = 2n ** 63n - 1n;

/**
 * Null for text that Apache's parser refuses; empty text is all unset. Pairs stand between runs
 * of `,` and `;`; of `key=value=rest` the rest is ignored, and an empty value there means unset.
 */
export function parseQuota(bytes: Uint8Array, start: number, end: number): QuotaText | null {
  if (start === end) return unset;
  if (end - start > textBytesMax) return null;
  const values = new Map<string, number>();
  for (const pair of splitAsJava(decodeUtf8(bytes, start, end), /[,;]+/)) {
    const [key, value] = splitAsJava(pair, '=');
    if (key === undefined || value === undefined) return null;
    const number = parseLong(value === '' ? '-1' : value);
    if (number === null) return null;
    values.set(key, number);
  }
  const count = values.get('count') ?? -1;
  const used = values.get('bytes') ?? -1;
  values.delete('count');
  values.delete('bytes');
  return { count, bytes: used, extra: values };
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
export function formatQuota(quota: QuotaText): Uint8Array {
  const keys = [...quota.extra.keys()].sort();
  const rest = keys.map((key) => `;${key}=${quota.extra.get(key)}`).join('');
  const text = `count=${quota.count},bytes=${quota.bytes}`;
  return encodeUtf8(rest === '' ? text : `${text}=${rest}`);
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
    end - start >= quotaRoot.length + name.length &&
    startsWith(bytes, start, end, quotaRoot) &&
    bytes[start + quotaRoot.length] === slash &&
    endsWith(bytes, start, end, name)
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

function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

interface ActiveQuota {
  readonly path: Uint8Array;
  readonly limitsPath: Uint8Array;
  readonly statsPath: Uint8Array;
  /** A missing or unreadable stats node is reported once. */
  isReported: boolean;
}

export class Quotas {
  private readonly tree: QuotaTree;
  private readonly report: (message: string) => void;
  private active = 0;
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
    if (this.active > 0) this.charge(bytes, start, end, 1, Math.max(dataLength, 0));
  }

  /** Apply: the node is gone from the tree; `dataLength` is what it had. */
  onDelete(bytes: Uint8Array, start: number, end: number, dataLength: number): void {
    if (this.active === 0) return;
    if (isQuotaNode(bytes, start, end, limitsName)) {
      this.deactivate(bytes, start + quotaRoot.length, end - limitsName.length);
    }
    this.charge(bytes, start, end, -1, -Math.max(dataLength, 0));
  }

  /** Apply: the data of the node is by `bytesMore` bytes longer (or shorter) than before. */
  onSetData(bytes: Uint8Array, start: number, end: number, bytesMore: number): void {
    if (this.active > 0 && bytesMore !== 0) this.charge(bytes, start, end, 0, bytesMore);
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
   * create, else 0. Compares with applied usage; limits of which a hard one is set have no soft one.
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

  /** Adds to the usage of the deepest quota that encloses the path. */
  private charge(
    bytes: Uint8Array,
    start: number,
    end: number,
    nodesMore: number,
    bytesMore: number,
  ): void {
    const quota = this.deepest(bytes, start, end);
    if (quota === null) return;
    const usage = this.read(quota.statsPath);
    if (!usage && !quota.isReported) {
      quota.isReported = true;
      const what = usage === null ? 'unreadable' : 'missing';
      this.report(`${what} stats node ${decodeUtf8(quota.statsPath, 0, quota.statsPath.length)}`);
    }
    if (usage === undefined) return;
    const { count, bytes: used, extra } = usage ?? unset;
    const after = { count: clamp(count + nodesMore), bytes: clamp(used + bytesMore), extra };
    this.write(quota.statsPath, after);
  }

  /** Counts the subtree of a path, itself included, into its stats node if there is one. */
  private recount(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    const usage = { count: 0, bytes: 0, extra: noExtra };
    this.eachBelow(this.tree.find(bytes, start, end), (ref) => {
      usage.count++;
      usage.bytes += Math.max(this.tree.dataLength(ref), 0);
    });
    this.write(concat(quotaRoot, bytes.subarray(start, end), statsName), usage);
  }

  private activate(bytes: Uint8Array, start: number, end: number): void {
    if (start === end || this.get(rollingHash(bytes, start, end), bytes, start, end)) return;
    const path = bytes.slice(start, end);
    const limitsPath = concat(quotaRoot, path, limitsName);
    const statsPath = concat(quotaRoot, path, statsName);
    const hash = rollingHash(bytes, start, end);
    const sameHash = this.byHash.get(hash) ?? [];
    this.byHash.set(hash, [...sameHash, { path, limitsPath, statsPath, isReported: false }]);
    this.active++;
  }

  private deactivate(bytes: Uint8Array, start: number, end: number): void {
    const hash = rollingHash(bytes, start, end);
    const quota = this.get(hash, bytes, start, end);
    if (quota === null) return;
    const others = (this.byHash.get(hash) ?? []).filter((other) => other !== quota);
    if (others.length === 0) this.byHash.delete(hash);
    else this.byHash.set(hash, others);
    this.active--;
  }

  /** The quota of the path itself or of its nearest ancestor that has one. */
  private deepest(bytes: Uint8Array, start: number, end: number): ActiveQuota | null {
    if (this.active === 0) return null;
    let quota: ActiveQuota | null = null;
    let hash = 0;
    for (let i = start; i < end; i++) {
      if (i > start && bytes[i] === slash) quota = this.get(hash, bytes, start, i) ?? quota;
      hash = rollHash(hash, bytes[i] as number);
    }
    return this.get(hash, bytes, start, end) ?? quota;
  }

  private get(hash: number, bytes: Uint8Array, start: number, end: number): ActiveQuota | null {
    for (const quota of this.byHash.get(hash) ?? []) {
      const isSame = quota.path.length === end - start && startsWith(bytes, start, end, quota.path);
      if (isSame) return quota;
    }
    return null;
  }

  /** Undefined when there is no such node, null when its text is none. */
  private read(path: Uint8Array): QuotaText | null | undefined {
    const ref = this.tree.find(path, 0, path.length);
    if (ref === 0) return undefined;
    const length = this.tree.dataLength(ref);
    if (length < 0 || length > textBytesMax) return null;
    this.tree.writeData(ref, this.scratch, 0);
    return parseQuota(this.scratch, 0, length);
  }

  private write(path: Uint8Array, quota: QuotaText): void {
    const ref = this.tree.find(path, 0, path.length);
    const text = formatQuota(quota);
    if (ref !== 0) this.tree.setQuotaData(ref, text, 0, text.length);
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

function namespaceOf(bytes: Uint8Array, start: number, end: number): string {
  const from = start + 1;
  const next = bytes.subarray(0, end).indexOf(slash, from);
  return decodeUtf8(bytes, from, next < 0 ? end : next);
}

function rollHash(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

function rollingHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = rollHash(hash, bytes[i] as number);
  return hash;
}
