/**
 * Where everything stands in the shared memory of a ring and of a bell. No other file knows an
 * offset. Positions are int32 byte counts that only grow and wrap mod 2^32; since the data area is
 * a power of two, `position & (capacity - 1)` is the place of a record at any time.
 *
 *     byte 0        128          256          384          512                 512 + capacity
 *     ┌─────────────┬────────────┬────────────┬────────────┬───────────────────────┐
 *     │ (spare)     │ tail       │ head       │ wanted     │ data: records         │
 *     └─────────────┴────────────┴────────────┴────────────┴───────────────────────┘
 *       written by    sender       receiver     both         sender
 *
 * Each word has two cache lines of its own (processors fetch pairs of 64 bytes), the first spare
 * piece keeps the tail apart from whatever lies in front of the buffer.
 *
 *     record:  ┌────────────┬────────────┬───────────────┬──────────────┐
 *              │ u32 length │ u32 type   │ length bytes  │ pad to 8     │   length excludes the pad
 *              └────────────┴────────────┴───────────────┴──────────────┘
 *     skip:    the same header with type `skipType`: nothing up to the end of the data area
 *
 * Records begin at multiples of 8, so that a header always fits in front of the end. A record
 * never crosses the end; half of the area is therefore the longest that finds room at any place.
 */

const lineBytes = 128;

/** Byte offset of the data area in the buffer of a ring. */
export const dataStart = 4 * lineBytes;

/** Indexes into the `Int32Array` over the buffer of a ring. */
export const RingWord = {
  /** Position up to which records are complete. */
  tail: lineBytes / 4,
  /** Position up to which records have been taken. */
  head: (2 * lineBytes) / 4,
  /** Free bytes for which the sender waits; 0 while it does not wait. */
  wanted: (3 * lineBytes) / 4,
} as const;

export const recordHeaderBytes = 8;
/** Types of records are 0 .. 0x7fffffff; this one fills the rest of the area. */
export const skipType = -1;

/** Bytes that a record with a payload of `length` occupies: header, payload, pad. */
export function recordBytes(length: number): number {
  return (recordHeaderBytes + length + 7) & ~7;
}

export const ringCapacityMin = 32;
export const ringCapacityMax = 2 ** 30;

/**
 * The buffer of a bell is one word, with a spare line on either side.
 *
 *     byte 0        128          256
 *     ┌─────────────┬────────────┐
 *     │ (spare)     │ state      │
 *     └─────────────┴────────────┘
 */
export const bellBytes = 2 * lineBytes;
export const bellStateWord = lineBytes / 4;

/**
 * The buffer of a loan: one word, and cells that whoever has what is lent may write.
 *
 *     byte 0        128          256
 *     ┌─────────────┬────────────┬────────────────────┐
 *     │ (spare)     │ lent       │ float64 cells      │
 *     └─────────────┴────────────┴────────────────────┘
 */
export const loanWord = lineBytes / 4;
export const loanCellsStart = 2 * lineBytes;
export const loanCells = 16;
export const loanBytes = loanCellsStart + 8 * loanCells;
