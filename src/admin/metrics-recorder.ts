/**
 * Counts and measures, for one thread: each thread has a memory of its own and is its only writer,
 * so that recording is a few plain stores. Anybody may read at any time (`readMetrics`); a figure
 * that is being changed may then be off by the one change. Never allocates while recording.
 */
import type { Random } from '../base/ports.ts';
import {
  type AdvancedId,
  type AnySetId,
  type BasicId,
  type CounterId,
  labelBytes,
  labelCells,
  metricsCells,
  ResetWord,
  reservoirValues,
  type SetId,
  SummaryCell,
} from './metrics-layout.ts';

/** Structured-cloneable; one for each thread that records. */
export interface MetricsMemory {
  readonly buffer: SharedArrayBuffer;
}

export function createMetricsMemory(): MetricsMemory {
  return { buffer: new SharedArrayBuffer(metricsCells * 8) };
}

/** Asks the owner of a memory to start again from zero, which it does at its next `maybeReset`. */
export function requestMetricsReset(memory: MetricsMemory): void {
  new Int32Array(memory.buffer, 0, 2)[ResetWord.wanted]! += 1;
}

export class MetricsRecorder {
  readonly #cells: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #resets: Int32Array;
  readonly #random: Random;

  constructor(memory: MetricsMemory, random: Random) {
    this.#cells = new Float64Array(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#resets = new Int32Array(memory.buffer, 0, 2);
    this.#random = random;
  }

  count(id: CounterId, by: number): void {
    this.#cells[id]! += by;
  }

  /** A value of a BASIC summary: a whole number of ms, bytes, requests ... */
  add(id: BasicId, value: number): void {
    this.#addBasic(id, value);
  }

  /** A value of an ADVANCED summary, which also goes into the sample. */
  addSampled(id: AdvancedId, value: number): void {
    this.#addSampled(id, value);
  }

  /** The label is UTF-8 text in `bytes`; without room for another label nothing is counted. */
  countIn(set: SetId<'counter'>, bytes: Uint8Array, start: number, end: number): void {
    const at = this.#labelled(set, bytes, start, end);
    if (at > 0) this.#cells[at]! += 1;
  }

  addIn(set: SetId<'basic'>, bytes: Uint8Array, start: number, end: number, value: number): void {
    const at = this.#labelled(set, bytes, start, end);
    if (at > 0) this.#addBasic(at, value);
  }

  addSampledIn(
    set: SetId<'advanced'>,
    bytes: Uint8Array,
    start: number,
    end: number,
    value: number,
  ): void {
    const at = this.#labelled(set, bytes, start, end);
    if (at > 0) this.#addSampled(at, value);
  }

  /** Once a duty cycle: starts again from zero when somebody asked for it. */
  maybeReset(): void {
    const wanted = this.#resets[ResetWord.wanted]!;
    if (wanted === this.#resets[ResetWord.done]) return;
    this.#cells.fill(0, 1);
    this.#resets[ResetWord.done] = wanted;
  }

  #addBasic(at: number, value: number): void {
    const cells = this.#cells;
    const before = cells[at]!;
    if (before === 0 || value < cells[at + SummaryCell.least]!) {
      cells[at + SummaryCell.least] = value;
    }
    if (before === 0 || value > cells[at + SummaryCell.most]!) {
      cells[at + SummaryCell.most] = value;
    }
    cells[at + SummaryCell.sum]! += value;
    cells[at] = before + 1;
  }

  /** Every value has the same chance to be in the sample (`ResettableUniformReservoir`). */
  #addSampled(at: number, value: number): void {
    const before = this.#cells[at]!;
    const chosen =
      before < reservoirValues
        ? before
        : Math.floor((this.#random.next32() / 2 ** 32) * (before + 1));
    if (chosen < reservoirValues) this.#cells[at + SummaryCell.values + chosen] = value;
    this.#addBasic(at, value);
  }

  /** First cell of the metric of a label, which is entered if it is new; 0: there is no room. */
  #labelled(set: AnySetId, bytes: Uint8Array, start: number, end: number): number {
    const length = Math.min(end - start, labelBytes - 1);
    for (let label = 0; label < set.labels; label++) {
      const cell = set.at + label * set.cells;
      const at = cell * 8;
      const known = this.#bytes[at]!;
      if (known === 0) this.#enter(at, bytes, start, length);
      else if (known !== length + 1 || !this.#isLabel(at, bytes, start, length)) continue;
      return cell + labelCells;
    }
    return 0;
  }

  /** The length byte is one more than the length, so that 0 means a free place. */
  #enter(at: number, bytes: Uint8Array, start: number, length: number): void {
    for (let i = 0; i < length; i++) this.#bytes[at + 1 + i] = bytes[start + i]!;
    this.#bytes[at] = length + 1;
  }

  #isLabel(at: number, bytes: Uint8Array, start: number, length: number): boolean {
    for (let i = 0; i < length; i++) {
      if (this.#bytes[at + 1 + i] !== bytes[start + i]) return false;
    }
    return true;
  }
}
