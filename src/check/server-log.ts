/**
 * The logs that servers left, and the one log that they agree on (stage A). A server may lack a
 * prefix that a snapshot stands for; whatever it has must be, byte for byte, what the others have.
 */
import type { Disk } from '../base/ports.ts';
import { hex64, zxidOf } from '../base/zxid.ts';
import { OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import {
  multiTxn,
  type TxnHeader,
  TxnHeaderOffset,
  txnHeader,
  txnHeaderBytes,
} from '../jute/txn.ts';
import { type DataDirectory, listStorage } from '../storage/data-directory.ts';
import { TxnLogReader } from '../storage/txn-log-reader.ts';
import type { Findings } from './findings.ts';

export interface LoggedTxn {
  readonly zxid: bigint;
  /** Header, body and digest, as logged. */
  readonly bytes: Uint8Array;
  /** It is the first one of its file. */
  readonly opensFile: boolean;
}

export interface ServerLog {
  readonly server: string;
  readonly txns: LoggedTxn[];
  /** Zxids of the snapshots on disk. */
  readonly snapshots: readonly bigint[];
}

export function headerOf(txn: LoggedTxn): TxnHeader {
  return txnHeader.read(new JuteReader(txn.bytes));
}

/** The type alone, which costs no object. */
export function typeOf({ bytes }: LoggedTxn): number {
  const { type } = TxnHeaderOffset;
  const high = ((bytes[type] as number) << 24) | ((bytes[type + 1] as number) << 16);
  return high | ((bytes[type + 2] as number) << 8) | (bytes[type + 3] as number);
}

const slabBytes = 1024 * 1024;

/** Many small copies in few buffers: a million of their own are a burden for the collector. */
class Slabs {
  private slab = new Uint8Array(0);
  private used = 0;

  copy(bytes: Uint8Array): Uint8Array {
    if (bytes.byteLength > this.slab.byteLength - this.used) {
      this.slab = new Uint8Array(Math.max(slabBytes, bytes.byteLength));
      this.used = 0;
    }
    const start = this.used;
    this.used += bytes.byteLength;
    this.slab.set(bytes, start);
    return this.slab.subarray(start, this.used);
  }
}

/** Reads all whole records; a torn end is none of the checker's business. */
export function readServerLog(disk: Disk, server: string, directory: DataDirectory): ServerLog {
  const listing = listStorage(disk, directory);
  const txns: LoggedTxn[] = [];
  const slabs = new Slabs();
  for (const { path } of listing.logs) {
    const file = disk.openRead(path);
    try {
      const log = new TxnLogReader(file);
      for (let opensFile = true; log.next(); opensFile = false) {
        const bytes = slabs.copy(log.bytes.subarray(log.start, log.end));
        txns.push({ zxid: zxidOf(log.zxidHi, log.zxidLo), bytes, opensFile });
      }
    } finally {
      file.close();
    }
  }
  return { server, txns, snapshots: listing.snapshots.map(({ zxid }) => zxid) };
}

/** The txns of all servers, in the order of their zxids; disagreement is a violation of stage A. */
export function agreedLog(logs: readonly ServerLog[], findings: Findings): LoggedTxn[] {
  const owner = new Map<bigint, { txn: LoggedTxn; server: string }>();
  for (const { server, txns } of logs) {
    for (const txn of txns) {
      const known = owner.get(txn.zxid);
      if (known === undefined) owner.set(txn.zxid, { txn, server });
      else if (!isSameTxn(known.txn, txn)) {
        findings.add('A', () => {
          return `${known.server} and ${server} have different txns ${hex64(txn.zxid)}`;
        });
      }
    }
  }
  const merged = [...owner.values()].map(({ txn }) => txn).sort((a, b) => order(a.zxid, b.zxid));
  checkCounters(merged, findings);
  const indexOf = new Map(merged.map(({ zxid }, at) => [zxid, at]));
  for (const log of logs) checkHoles(log, merged, indexOf, findings);
  return merged;
}

/**
 * Apache marks the operations of a failed multi as undone in the very object that it logs and sends
 * (`DataTree.processTxn`), so its servers may have two forms of it, which change as little.
 */
function isSameTxn(a: LoggedTxn, b: LoggedTxn): boolean {
  if (sameBytes(a.bytes, b.bytes)) return true;
  const header = sameBytes(
    a.bytes.subarray(0, txnHeaderBytes),
    b.bytes.subarray(0, txnHeaderBytes),
  );
  return header && isFailedMulti(a) && isFailedMulti(b);
}

function isFailedMulti({ bytes }: LoggedTxn): boolean {
  const reader = new JuteReader(bytes);
  if (txnHeader.read(reader).type !== OpCode.multi) return false;
  return (multiTxn.read(reader).txns ?? []).some(({ type }) => type === OpCode.error);
}

/** In an epoch counters follow each other, and every epoch begins with 1. */
function checkCounters(merged: readonly LoggedTxn[], findings: Findings): void {
  for (let at = 1; at < merged.length; at++) {
    const before = merged[at - 1]!.zxid;
    const { zxid } = merged[at]!;
    const isNext = zxid === before + 1n;
    const opensEpoch = zxid >> 32n > before >> 32n && BigInt.asUintN(32, zxid) === 1n;
    if (!isNext && !opensEpoch) {
      findings.add('A', () => `no server has what is between ${hex64(before)} and ${hex64(zxid)}`);
    }
  }
}

/** A server lacks what others have only before its first txn, or where a snapshot was installed. */
function checkHoles(
  { server, txns, snapshots }: ServerLog,
  merged: readonly LoggedTxn[],
  indexOf: ReadonlyMap<bigint, number>,
  findings: Findings,
): void {
  for (let i = 1; i < txns.length; i++) {
    const { zxid, opensFile } = txns[i]!;
    const before = txns[i - 1]!.zxid;
    if (zxid <= before) {
      findings.add('A', () => `${server} logged ${hex64(zxid)} behind ${hex64(before)}`);
      continue;
    }
    const missing = merged[indexOf.get(zxid)! - 1]!.zxid;
    if (missing === before) continue;
    const isInstalled = opensFile && snapshots.some((at) => at >= missing && at < zxid);
    if (!isInstalled) {
      findings.add(
        'A',
        () => `${server} lacks the txns from behind ${hex64(before)} to ${hex64(missing)}`,
      );
    }
  }
}

export function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return (a?.byteLength ?? 0) === (b?.byteLength ?? 0);
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
