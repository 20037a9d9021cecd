/** Every micro bench with tiny numbers: it does what the obvious way does, and can be measured. */
import { describe, expect, it } from 'vitest';
import { subjects } from '../../native-free-bench/micro/index.ts';
import { measureSubject } from '../../native-free-bench/micro/measure.ts';
import { tinySize } from '../../native-free-bench/micro/subject.ts';

const named = subjects.map((subject) => [subject.name, subject] as const);

describe('a piece by itself', () => {
  it.each(named)('%s comes to the same as the obvious way, call after call', (_, subject) => {
    for (const { name, operations, run, reference } of subject.prepare(tinySize)) {
      expect(operations, name).toBeGreaterThan(0);
      for (let call = 0; call < 3; call++) {
        if (reference === undefined) expect(run(), name).toBeGreaterThan(0);
        else expect(run(), name).toBe(reference());
      }
    }
  });

  it.each(named)('%s is measured', (_, subject) => {
    const results = [...measureSubject(subject, tinySize, 0.01)];
    expect(results.length).toBeGreaterThan(0);
    for (const { opsPerSecond, ratio } of results) {
      expect(opsPerSecond).toBeGreaterThan(0);
      if (ratio !== null) expect(ratio).toBeGreaterThan(0);
    }
  });
});
