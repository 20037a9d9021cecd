/** Whatever asks the real clock or real chance in a simulated run is an error. */
import { vi } from 'vitest';

export function withoutChance<T>(call: () => T): T {
  const refuse = () => {
    throw new Error('a simulated run looks at the real world');
  };
  const spies = [
    vi.spyOn(Math, 'random').mockImplementation(refuse),
    vi.spyOn(Date, 'now').mockImplementation(refuse),
    vi.spyOn(performance, 'now').mockImplementation(refuse),
  ];
  try {
    return call();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
