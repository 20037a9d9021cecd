/**
 * Which ephemeral nodes each session owns, in the order of their creation, as refs into the tree.
 * Knows no paths and changes no nodes.
 */
export class Ephemerals {
  private total = 0;
  /** Session id in two steps, hi then lo: ids of one server share a few high halves. */
  private readonly refs = new Map<number, Map<number, Set<number>>>();

  /** Ephemeral nodes of all sessions. */
  get count(): number {
    return this.total;
  }

  /** No-op when the session has it already. */
  add(sessionHi: number, sessionLo: number, ref: number): void {
    let sameHi = this.refs.get(sessionHi);
    if (sameHi === undefined) this.refs.set(sessionHi, (sameHi = new Map()));
    let refs = sameHi.get(sessionLo);
    if (refs === undefined) sameHi.set(sessionLo, (refs = new Set()));
    if (refs.has(ref)) return;
    refs.add(ref);
    this.total++;
  }

  /** No-op when the session does not have it. */
  remove(sessionHi: number, sessionLo: number, ref: number): void {
    const sameHi = this.refs.get(sessionHi);
    const refs = sameHi?.get(sessionLo);
    if (sameHi === undefined || refs === undefined || !refs.delete(ref)) return;
    this.total--;
    if (refs.size > 0) return;
    sameHi.delete(sessionLo);
    if (sameHi.size === 0) this.refs.delete(sessionHi);
  }

  /** Refs in the order of creation; copy them before adding or removing. */
  refsOf(sessionHi: number, sessionLo: number): Iterable<number> {
    return this.refs.get(sessionHi)?.get(sessionLo) ?? [];
  }

  countOf(sessionHi: number, sessionLo: number): number {
    return this.refs.get(sessionHi)?.get(sessionLo)?.size ?? 0;
  }

  /** Sessions that own at least one. */
  *sessions(): Generator<{ hi: number; lo: number }> {
    for (const [hi, sameHi] of this.refs) for (const lo of sameHi.keys()) yield { hi, lo };
  }

  clear(): void {
    this.refs.clear();
    this.total = 0;
  }
}
