/**
 * The shape of a txn log file (Apache `FileTxnLog`). The writer, the reader and the tail inspection
 * agree here and nowhere else.
 *
 *   0          4          8                    16
 *   ┌──────────┬──────────┬────────────────────┬────────┬────────┬─ ─ ─┬─────────────┐
 *   │ "ZKLG"   │ version 2│ dbid 0             │ record │ record │     │ zeros       │
 *   └──────────┴──────────┴────────────────────┴────────┴────────┴─ ─ ─┴─────────────┘
 *
 *   record:  ┌────────────────────┬──────────┬──────────────────────────────────┬──────┐
 *            │ checksum 8         │ length 4 │ payload                          │ 0x42 │
 *            └────────────────────┴──────────┴──────────────────────────────────┴──────┘
 *                                            │ TxnHeader 32 │ body │ TxnDigest 12 │
 *
 * The checksum is the Adler-32 of the payload alone, zero-extended to 64 bits. A length of zero,
 * like the end of the file, means that no more records follow. Records are not aligned.
 */
import { logBatchBytesMax } from '../base/limits.ts';

export const logMagic = 0x5a4b4c47;
export const logVersion = 2;
export const logHeaderBytes = 16;
/** Checksum and length. */
export const recordHeaderBytes = 12;
export const recordEndMark = 0x42;
/** What a record costs beside its payload. */
export const recordOverheadBytes = recordHeaderBytes + 1;
/**
 * Longest payload that Apache's reader takes with its default settings: `jute.maxbuffer` and as
 * much again as extra size. A longer one would make the directory unreadable for Apache.
 */
export const payloadBytesMaxDefault = 2 * 0xfffff;
/** Most bytes of one batch, and so of what a power cut can tear: a full one and a last record. */
export const batchBytesMax = 2 * logBatchBytesMax;

export function writeLogHeader(view: DataView): void {
  view.setInt32(0, logMagic);
  view.setInt32(4, logVersion);
  view.setBigInt64(8, 0n);
}
