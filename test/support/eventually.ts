/** Waits for a condition, not for a time. */

const pauseMs = 50;

/**
 * Asks `probe` again and again until it returns something other than null; a probe that throws
 * counts as null. Fails with `what` and the last error when `limitMs` are over.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | null> | T | null,
  limitMs = 60_000,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  let lastError: unknown;
  while (performance.now() < endMs) {
    try {
      const found = await probe();
      if (found !== null) return found;
    } catch (error) {
      lastError = error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new Error(`not in ${limitMs} ms: ${what}`, { cause: lastError });
}
