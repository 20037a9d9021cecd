/**
 * Quotas: which subtrees have one, how much they use, and whether a write would exceed it (Apache
 * `StatsTrack`, `PathTrie`, and the quota parts of `DataTree`). Usage is rewritten in place in the
 * `zookeeper_stats` nodes. Never throws on what clients have written there.
 */
import type { ErrorCode } from '../base/error-codes.ts';

/** What quotas need of the tree; `TreeWriter` has it. */
export interface QuotaTree {
  find(bytes: Uint8Array, start: number, end: number): number;
  parent(ref: number): number;
  firstChild(ref: number): number;
  nextSibling(ref: number): number;
  nameLength(ref: number): number;
  writeName(ref: number, out: Uint8Array, at: number): number;
  pathLength(ref: number): number;
  writePath(ref: number, out: Uint8Array, at: number): number;
  /** -1 = null */
  dataLength(ref: number): number;
  writeData(ref: number, out: Uint8Array, at: number): number;
  setQuotaData(ref: number, bytes: Uint8Array, start: number, length: number): void;
}

/** -1 = unset. */
export interface QuotaText {
  count: number;
  bytes: number;
  countHardLimit: number;
  byteHardLimit: number;
}

/** Answer of `Quotas.check`: an error code, and sentences for the log. */
export interface QuotaVerdict {
  err: ErrorCode;
  log: string[];
  /** First component of the path, for the metric of refused writes. */
  namespace: string;
}

/** Null for text that Apache's parser refuses; empty text is all unset. */
export function parseQuota(_bytes: Uint8Array, _start: number, _end: number): QuotaText | null {
  throw new Error('not built yet');
}

export function formatQuota(_quota: QuotaText): Uint8Array {
  throw new Error('not built yet');
}

/**
 * Prep, create: a limits node that would stop an Apache server when this txn, or the later
 * deletion of the node, is applied. Refuse it with badArguments.
 */
export function isPoisonousLimitsPath(_bytes: Uint8Array, _start: number, _end: number): boolean {
  throw new Error('not built yet');
}

/** Prep, setData: is this the path of a stats node? Its text must then be `parseQuota`-able. */
export function isStatsPath(_bytes: Uint8Array, _start: number, _end: number): boolean {
  throw new Error('not built yet');
}

export class Quotas {
  constructor(_tree: QuotaTree, _report: (message: string) => void = () => {}) {}

  /** How many quotas are active. */
  get count(): number {
    throw new Error('not built yet');
  }

  /** Apply: the node is in the tree now. `dataLength` as in the tree, -1 = null. */
  onCreate(_bytes: Uint8Array, _start: number, _end: number, _dataLength: number): void {
    throw new Error('not built yet');
  }

  /** Apply: the node is gone from the tree; `dataLength` is what it had. */
  onDelete(_bytes: Uint8Array, _start: number, _end: number, _dataLength: number): void {
    throw new Error('not built yet');
  }

  /** Apply: the data of the node is by `bytesMore` bytes longer (or shorter) than before. */
  onSetData(_bytes: Uint8Array, _start: number, _end: number, _bytesMore: number): void {
    throw new Error('not built yet');
  }

  /** After a snapshot was loaded: finds all quotas and counts their usage anew. */
  reload(): void {
    throw new Error('not built yet');
  }

  /** Prep, only if enforceQuota: null = nothing to say. `nodesMore` is 1 for create, else 0. */
  check(
    _bytes: Uint8Array,
    _start: number,
    _end: number,
    _nodesMore: number,
    _bytesMore: number,
  ): QuotaVerdict | null {
    throw new Error('not built yet');
  }
}
