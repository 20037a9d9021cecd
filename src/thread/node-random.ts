/** The random port on Node: used for jitter only, never for anything that must be secret. */
import { randomFillSync } from 'node:crypto';
import type { Random } from '../base/ports.ts';

export function nodeRandom(): Random {
  const pool = new Uint32Array(256);
  let taken = pool.length;
  return {
    next32() {
      if (taken === pool.length) {
        randomFillSync(pool);
        taken = 0;
      }
      return pool[taken++] as number;
    },
  };
}
