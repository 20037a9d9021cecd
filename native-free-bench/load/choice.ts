/** Choices of the load generator. All follow from a seed, so that a run can be repeated. */
import { SeededRandom } from '../../test/support/random.ts';
import { type Mix, type OperationName, operationNames } from './workload.ts';

/** Exponent of the Zipf distribution; the YCSB benchmark uses the same. */
const zipfExponent = 0.99;
/** Steps of the random numbers that choose from a distribution. */
const steps = 2 ** 32;

/** A source of its own for each connection, so that their number changes nobody else's choices. */
export function randomOf(seed: number, connection: number): SeededRandom {
  return new SeededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(connection + 1, 0x85ebca6b));
}

/** Chooses indexes by weight. */
export class WeightedChoice {
  /** Sums of the weights up to and with each index. */
  private readonly sums: Float64Array;

  constructor(weights: ArrayLike<number>) {
    this.sums = new Float64Array(weights.length);
    let sum = 0;
    for (let i = 0; i < weights.length; i++) this.sums[i] = sum += weights[i]!;
  }

  next(random: SeededRandom): number {
    const { sums } = this;
    const wanted = (random.below(steps) / steps) * sums[sums.length - 1]!;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Chooses operations by the weights of a mix. */
export function operationChoice(mix: Mix): (random: SeededRandom) => OperationName {
  const names = operationNames.filter((name) => (mix[name] ?? 0) > 0);
  if (names.length === 0) throw new Error('the mix has no operation');
  const choice = new WeightedChoice(names.map((name) => mix[name]!));
  return (random) => names[choice.next(random)]!;
}

/** Chooses keys: all alike, or the k-th one k^-0.99 times as often as the first. */
export function keyChoice(
  keys: number,
  distribution: 'uniform' | 'zipf',
): (random: SeededRandom) => number {
  if (distribution === 'uniform') return (random) => random.below(keys);
  const weights = Float64Array.from({ length: keys }, (_, i) => (i + 1) ** -zipfExponent);
  const choice = new WeightedChoice(weights);
  return (random) => choice.next(random);
}
