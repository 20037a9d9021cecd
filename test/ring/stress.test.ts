/** Rings between real threads, in both directions at once, so small that they wrap and fill. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { buildWorker, exchange, removeWorker } from './stress-pair.ts';

describe('between two threads', () => {
  beforeAll(buildWorker);
  afterAll(removeWorker);

  it.each([
    [128, 30_000, 0],
    [512, 100_000, -4096],
    [4096, 300_000, 0x7fff0000],
    [65_536, 100_000, 0],
  ])('%i bytes carry %i records of random sizes each way', (capacity, records, start) =>
    exchange({ capacity, records, start, seed: capacity }),
  );
});
