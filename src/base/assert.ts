/**
 * Assertions that stay on in production. A failed one means that the program itself is wrong, not
 * its input: the runner of the agent catches it and stops the whole process (crash-only).
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Stops the process (through the runner) unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Ends a `switch` over a union: the compiler rejects it when a case is missing. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value ${String(value)}`);
}
