/**
 * From session id, as two int32 halves, to slot: an open-addressing hash table. Made so that the
 * request path looks up a session without a bigint and without garbage.
 */
import { assert } from '../base/assert.ts';

const capacityMin = 64;

export class SessionIndex {
  count = 0;
  /** Three words an entry: id hi, id lo, slot + 1; 0 = empty. */
  private words = new Int32Array(3 * capacityMin);
  private mask = capacityMin - 1;

  /** Slot, or -1. */
  find(idHi: number, idLo: number): number {
    const { words, mask } = this;
    for (let i = hashOf(idHi, idLo) & mask; ; i = (i + 1) & mask) {
      const stored = words[3 * i + 2] as number;
      if (stored === 0) return -1;
      if (words[3 * i + 1] === idLo && words[3 * i] === idHi) return stored - 1;
    }
  }

  add(idHi: number, idLo: number, slot: number): void {
    assert(this.find(idHi, idLo) < 0, 'a session id is indexed once');
    if (2 * (this.count + 1) > this.mask) this.grow();
    this.store(idHi, idLo, slot + 1);
    this.count++;
  }

  remove(idHi: number, idLo: number): void {
    const { words, mask } = this;
    let hole = hashOf(idHi, idLo) & mask;
    while (words[3 * hole + 1] !== idLo || words[3 * hole] !== idHi || words[3 * hole + 2] === 0) {
      assert(words[3 * hole + 2] !== 0, 'a session id that is removed is indexed');
      hole = (hole + 1) & mask;
    }
    this.count--;
    // Entries behind the hole move up, unless that would put them before their own place.
    for (let i = (hole + 1) & mask; words[3 * i + 2] !== 0; i = (i + 1) & mask) {
      const home = hashOf(words[3 * i] as number, words[3 * i + 1] as number) & mask;
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      words.copyWithin(3 * hole, 3 * i, 3 * i + 3);
      hole = i;
    }
    words.fill(0, 3 * hole, 3 * hole + 3);
  }

  private store(idHi: number, idLo: number, stored: number): void {
    const { words, mask } = this;
    let i = hashOf(idHi, idLo) & mask;
    while (words[3 * i + 2] !== 0) i = (i + 1) & mask;
    words[3 * i] = idHi;
    words[3 * i + 1] = idLo;
    words[3 * i + 2] = stored;
  }

  private grow(): void {
    const old = this.words;
    this.words = new Int32Array(2 * old.length);
    this.mask = 2 * (this.mask + 1) - 1;
    for (let i = 0; i < old.length; i += 3) {
      const stored = old[i + 2] as number;
      if (stored !== 0) this.store(old[i] as number, old[i + 1] as number, stored);
    }
  }
}

/** Ids of one server differ in their low bits and count up: spread those. */
function hashOf(idHi: number, idLo: number): number {
  const mixed = Math.imul(idLo ^ Math.imul(idHi, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
