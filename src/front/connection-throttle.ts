/**
 * Limits how many handshakes are taken (Apache `BlueThrottle`): a bucket of tokens that fills with
 * time, and, when that is switched on, a probability with which handshakes are dropped, which grows
 * while the bucket is empty. Knows neither clock nor sockets.
 *
 * The bucket is one for all fronts, in shared memory. Two fronts that change it at the same moment
 * may count a handshake too few; nothing else can happen, so there is no lock.
 */
import type { Random } from '../base/ports.ts';

export interface ConnectionThrottleSettings {
  /** Size of the bucket; 0 switches all of it off. */
  readonly tokens: number;
  readonly fillTimeMs: number;
  readonly fillCount: number;
  /** Time between two changes of the probability; -1: nothing is dropped by chance. */
  readonly freezeTimeMs: number;
  readonly dropIncrease: number;
  readonly dropDecrease: number;
  readonly decreaseRatio: number;
  /** Tokens for a new session and for one that comes back; null: one for either. */
  readonly weights: { readonly open: number; readonly renew: number } | null;
}

/** Structured-cloneable; one for a server. */
export interface ConnectionThrottleMemory {
  readonly buffer: SharedArrayBuffer;
}

/** Float64 cells. What is empty is the full bucket, so that it needs no one to fill it first. */
const Cell = { missing: 0, filledMs: 1, changedMs: 2, dropProbability: 3, cells: 4 } as const;

export function createConnectionThrottle(): ConnectionThrottleMemory {
  return { buffer: new SharedArrayBuffer(Cell.cells * 8) };
}

export class ConnectionThrottle {
  private readonly cells: Float64Array;
  private readonly settings: ConnectionThrottleSettings;
  private readonly random: Random;
  private readonly tokensMax: number;
  private readonly fillCount: number;

  constructor(
    memory: ConnectionThrottleMemory,
    settings: ConnectionThrottleSettings,
    random: Random,
    nowMs: number,
  ) {
    const weight = settings.weights?.open ?? 1;
    this.cells = new Float64Array(memory.buffer);
    this.settings = settings;
    this.random = random;
    this.tokensMax = settings.tokens * weight;
    this.fillCount = settings.fillCount * weight;
    if (this.cells[Cell.filledMs] === 0) this.cells.fill(nowMs, Cell.filledMs, Cell.changedMs + 1);
  }

  /** Tokens that are missing in the bucket. */
  get deficit(): number {
    return this.cells[Cell.missing]!;
  }

  /** Probability with which the next handshake is dropped. */
  get dropProbability(): number {
    return this.cells[Cell.dropProbability]!;
  }

  /** Whether a handshake is taken, for a new session or for one that comes back. */
  takes(isNew: boolean, nowMs: number): boolean {
    if (this.tokensMax === 0) return true;
    const { weights, freezeTimeMs } = this.settings;
    const needed = weights === null ? 1 : isNew ? weights.open : weights.renew;
    this.fill(nowMs);
    if (freezeTimeMs !== -1 && this.isDropped(nowMs)) return false;
    const { cells, tokensMax } = this;
    if (tokensMax - cells[Cell.missing]! < needed) return false;
    cells[Cell.missing]! += needed;
    return true;
  }

  private fill(nowMs: number): void {
    const { cells } = this;
    const passedMs = Math.floor(nowMs - cells[Cell.filledMs]!);
    const { fillTimeMs } = this.settings;
    if (passedMs <= fillTimeMs) return;
    const more = Math.floor((passedMs * this.fillCount) / fillTimeMs);
    cells[Cell.missing] = Math.max(cells[Cell.missing]! - more, 0);
    cells[Cell.filledMs] = nowMs;
  }

  private isDropped(nowMs: number): boolean {
    const { freezeTimeMs, dropIncrease, dropDecrease, decreaseRatio } = this.settings;
    const { cells } = this;
    const probability = this.dropProbability;
    if (nowMs - cells[Cell.changedMs]! > freezeTimeMs) {
      if (this.deficit === this.tokensMax) {
        cells[Cell.dropProbability] = Math.min(probability + dropIncrease, 1);
      } else if (this.deficit <= Math.round(this.tokensMax * decreaseRatio)) {
        cells[Cell.dropProbability] = Math.max(probability - dropDecrease, 0);
      }
      cells[Cell.changedMs] = nowMs;
    }
    return this.random.next32() / 2 ** 32 < this.dropProbability;
  }
}
