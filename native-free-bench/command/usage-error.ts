/** What the user asked for cannot be done as asked; the message says what can. */
export class UsageError extends Error {}

/** `unknown scenario 'sped', did you mean 'speed'?`, or a list of all that there is. */
export function unknown(what: string, given: string, known: readonly string[]): UsageError {
  const near = known
    .map((name) => ({ name, distance: editDistance(given, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const isNear = near !== undefined && near.distance <= Math.max(1, given.length / 3);
  const hint = isNear ? `did you mean '${near.name}'?` : `one of: ${known.join(', ')}`;
  return new UsageError(`unknown ${what} '${given}', ${hint}`);
}

/** Letters to insert, remove or exchange until `a` is `b`. */
function editDistance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const now = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const exchanged = before[j]! + (a[i] === b[j] ? 0 : 1);
      now.push(Math.min(exchanged, before[j + 1]! + 1, now[j]! + 1));
    }
    before = now;
  }
  return before.at(-1)!;
}
