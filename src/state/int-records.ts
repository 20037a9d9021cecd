/**
 * Records of a few int32 each in one typed array, numbered from 1; 0 means none, so that a zeroed
 * field is an empty link. Freed records are given out again. Memory never shrinks.
 */
import { assert } from '../base/assert.ts';

export class IntRecords {
  /** Field `f` of record `r` is `words[r * stride + f]`; replaced when the array grows. */
  words: Int32Array;
  readonly stride: number;
  private next = 1;
  /** Head of the free records, linked by their first field. */
  private free = 0;

  constructor(stride: number) {
    this.stride = stride;
    this.words = new Int32Array(64 * stride);
  }

  /** A record with all fields zero. */
  allocate(): number {
    const { stride } = this;
    const record = this.free;
    if (record !== 0) {
      this.free = this.words[record * stride] as number;
      this.words[record * stride] = 0;
      return record;
    }
    if ((this.next + 1) * stride > this.words.length) this.grow();
    return this.next++;
  }

  release(record: number): void {
    assert(record > 0 && record < this.next, 'a record that is released was allocated');
    const at = record * this.stride;
    this.words.fill(0, at, at + this.stride);
    this.words[at] = this.free;
    this.free = record;
  }

  private grow(): void {
    const records = Math.ceil(1.5 * (this.words.length / this.stride));
    const words = new Int32Array(records * this.stride);
    words.set(this.words);
    this.words = words;
  }
}
