/**
 * Limits how many handshakes are taken (Apache `BlueThrottle`): a bucket of tokens that fills with
 * time, and, when that is switched on, a probability with which handshakes are dropped, which grows
 * while the bucket is empty. Knows neither clock nor sockets.
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

export class ConnectionThrottle {
  /** Probability with which the next handshake is dropped. */
  dropProbability = 0;
  private readonly settings: ConnectionThrottleSettings;
  private readonly random: Random;
  private readonly tokensMax: number;
  private readonly fillCount: number;
  private tokens: number;
  private filledMs: number;
  private changedMs: number;

  constructor(settings: ConnectionThrottleSettings, random: Random, nowMs: number) {
    const weight = settings.weights?.open ?? 1;
    this.settings = settings;
    this.random = random;
    this.tokensMax = this.tokens = settings.tokens * weight;
    this.fillCount = settings.fillCount * weight;
    this.filledMs = this.changedMs = nowMs;
  }

  /** Tokens that are missing in the bucket. */
  get deficit(): number {
    return this.tokensMax - this.tokens;
  }

  /** Whether a handshake is taken, for a new session or for one that comes back. */
  takes(isNew: boolean, nowMs: number): boolean {
    if (this.tokensMax === 0) return true;
    const { weights, freezeTimeMs } = this.settings;
    const needed = weights === null ? 1 : isNew ? weights.open : weights.renew;
    this.fill(nowMs);
    if (freezeTimeMs !== -1 && this.isDropped(nowMs)) return false;
    if (this.tokens < needed) return false;
    this.tokens -= needed;
    return true;
  }

  private fill(nowMs: number): void {
    const passedMs = Math.floor(nowMs - this.filledMs);
    const { fillTimeMs } = this.settings;
    if (passedMs <= fillTimeMs) return;
    const more = Math.floor((passedMs * this.fillCount) / fillTimeMs);
    this.tokens = Math.min(this.tokens + more, this.tokensMax);
    this.filledMs = nowMs;
  }

  private isDropped(nowMs: number): boolean {
    const { freezeTimeMs, dropIncrease, dropDecrease, decreaseRatio } = this.settings;
    if (nowMs - this.changedMs > freezeTimeMs) {
      if (this.tokens === 0) {
        this.dropProbability = Math.min(this.dropProbability + dropIncrease, 1);
      } else if (this.deficit <= Math.round(this.tokensMax * decreaseRatio)) {
        this.dropProbability = Math.max(this.dropProbability - dropDecrease, 0);
      }
      this.changedMs = nowMs;
    }
    return this.random.next32() / 2 ** 32 < this.dropProbability;
  }
}
