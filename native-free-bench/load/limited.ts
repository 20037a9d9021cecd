/** Sessions that are being opened at the same time; more would overflow a listener's backlog. */
export const openingMax = 100;

/** Calls `act` with 0 up to, not including, `count`; at most `limit` are under way at a time. */
export async function forEachLimited(
  count: number,
  limit: number,
  act: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const some = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, some));
}
