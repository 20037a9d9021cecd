/**
 * How many connections there are, in all and from each address, over all fronts: what
 * `maxClientCnxns` and `maxCnxns` limit. Each front counts its own in a memory that it alone
 * writes, and looks into those of the others when it accepts a connection. Two fronts that accept
 * at the same moment may both find room for one: the limits may be exceeded by as many connections
 * as there are further fronts.
 *
 *     word     0       1          16      32
 *     header   total   entries    (free)
 *     entry    count   address, UTF-8, its end filled with zeros
 *
 * An entry belongs to one address for as long as that has connections here, then to any other.
 */
import { addressesPerFrontMax } from '../base/limits.ts';
import { encodeUtf8 } from '../jute/utf8.ts';

/** Structured-cloneable; one for each front, committed lazily. */
export interface CnxnCountsMemory {
  readonly buffer: SharedArrayBuffer;
}

const entryWords = 16;
const addressWords = entryWords - 1;
const HeaderWord = { total: 0, entries: 1 } as const;

export function createCnxnCounts(): CnxnCountsMemory {
  return { buffer: new SharedArrayBuffer((addressesPerFrontMax + 1) * entryWords * 4) };
}

export class CnxnCounts {
  private readonly own: Int32Array;
  private readonly others: readonly Int32Array[];
  /** Where each address with connections of this front has its entry. */
  private readonly entries = new Map<string, number>();
  private readonly freeEntries: number[] = [];

  constructor(own: CnxnCountsMemory, others: readonly CnxnCountsMemory[]) {
    this.own = new Int32Array(own.buffer);
    this.others = others.map(({ buffer }) => new Int32Array(buffer));
  }

  /** Of all fronts. */
  get total(): number {
    let total = this.own[HeaderWord.total]!;
    for (const words of this.others) total += words[HeaderWord.total]!;
    return total;
  }

  /** Of all fronts. */
  from(address: string): number {
    const at = this.entries.get(address);
    let count = at === undefined ? 0 : this.own[at]!;
    if (this.others.length === 0) return count;
    const name = wordsOf(address);
    for (const words of this.others) count += countIn(words, name);
    return count;
  }

  add(address: string): void {
    this.own[HeaderWord.total]! += 1;
    const at = this.entries.get(address) ?? this.enter(address);
    if (at > 0) this.own[at]! += 1;
  }

  remove(address: string): void {
    this.own[HeaderWord.total]! -= 1;
    const at = this.entries.get(address);
    if (at === undefined) return;
    this.own[at]! -= 1;
    if (this.own[at]! > 0) return;
    this.entries.delete(address);
    this.freeEntries.push(at);
  }

  /** 0 when there are connections from too many addresses: those of this one are not counted. */
  private enter(address: string): number {
    const { own } = this;
    const fresh = (own[HeaderWord.entries]! + 1) * entryWords;
    const at = this.freeEntries.pop() ?? (fresh < own.length ? fresh : 0);
    if (at === 0) return 0;
    own.set(wordsOf(address), at + 1);
    if (at === fresh) own[HeaderWord.entries]! += 1;
    this.entries.set(address, at);
    return at;
  }
}

function wordsOf(address: string): Int32Array {
  const bytes = new Uint8Array(addressWords * 4);
  bytes.set(encodeUtf8(address).subarray(0, bytes.byteLength));
  return new Int32Array(bytes.buffer);
}

function countIn(words: Int32Array, name: Int32Array): number {
  const end = (words[HeaderWord.entries]! + 1) * entryWords;
  for (let at = entryWords; at < end; at += entryWords) {
    if (words[at]! > 0 && isNameAt(words, at + 1, name)) return words[at]!;
  }
  return 0;
}

function isNameAt(words: Int32Array, at: number, name: Int32Array): boolean {
  for (let i = 0; i < addressWords; i++) if (words[at + i] !== name[i]) return false;
  return true;
}
