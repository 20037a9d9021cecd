/**
 * The bookkeeping of one writer: what it sent, in order, and how much of it was acknowledged. One
 * connection's writes take effect in the order in which they were sent, so what a server shows
 * after a crash must be the outcome of the first `p` writes for one `p`, and `p` must not be less
 * than the number of acknowledged ones. It talks to no server.
 */

/** Content by path; null says that there is no such node. */
export type Contents = ReadonlyMap<string, string | null>;

export interface Write {
  /** More than one path: they change together. */
  readonly changes: Contents;
}

export interface Verdict {
  readonly isConsistent: boolean;
  /** In words, for the failing test. */
  readonly reason: string;
}

export class WriteHistory {
  private base: Map<string, string | null>;
  private expected: Map<string, string | null>;
  private writes: Write[] = [];
  private acknowledged = 0;

  constructor(paths: readonly string[]) {
    this.base = new Map(paths.map((path) => [path, null]));
    this.expected = new Map(this.base);
  }

  get paths(): readonly string[] {
    return [...this.base.keys()];
  }

  get sentCount(): number {
    return this.writes.length;
  }

  get acknowledgedCount(): number {
    return this.acknowledged;
  }

  /** What a path holds once everything sent has taken effect. */
  contentAfterAll(path: string): string | null {
    return this.expected.get(path) ?? null;
  }

  send(write: Write): void {
    this.writes.push(write);
    for (const [path, content] of write.changes) this.expected.set(path, content);
  }

  /** The oldest write without an acknowledgement got it. */
  acknowledge(): void {
    this.acknowledged++;
  }

  /** Whether `seen` can be what a correct server shows now. */
  judge(seen: Contents): Verdict {
    const state = new Map(this.base);
    const wrong = new Set<string>();
    const compare = (path: string): void => {
      if ((seen.get(path) ?? null) === (state.get(path) ?? null)) wrong.delete(path);
      else wrong.add(path);
    };
    for (const path of this.base.keys()) compare(path);
    let fewest: string[] | null = null;
    for (let taken = 0; taken <= this.writes.length; taken++) {
      if (taken > 0) {
        for (const [path, content] of this.writes[taken - 1]!.changes) {
          state.set(path, content);
          compare(path);
        }
      }
      if (taken < this.acknowledged) continue;
      if (wrong.size === 0) return { isConsistent: true, reason: '' };
      if (fewest === null || wrong.size < fewest.length) fewest = [...wrong];
    }
    const counts = `${this.acknowledged} of ${this.writes.length} writes were acknowledged`;
    return { isConsistent: false, reason: `${counts}, but these differ: ${fewest?.join(' ')}` };
  }

  /** Begins anew from what a server showed: the writes before are settled. */
  settle(seen: Contents): void {
    this.base = new Map([...this.base.keys()].map((path) => [path, seen.get(path) ?? null]));
    this.expected = new Map(this.base);
    this.writes = [];
    this.acknowledged = 0;
  }
}
