/**
 * What clients of an ensemble do while it is hurt. Each workload runs until it is told to stop,
 * keeps the books of what it was promised, and judges them in the end.
 */
import type { SeenTree } from '../support/ensemble-state.ts';

export interface Workload {
  readonly name: string;
  /** Operations that were acknowledged so far. */
  readonly acknowledged: number;
  /** Works until `stop`; rejects when an answer was one that no correct server gives. */
  run(): Promise<void>;
  /** Ends after the operation under way, and closes all sessions. */
  stop(): Promise<void>;
  /** What is wrong, in words, with the tree at the end; empty when all is well. */
  judge(tree: SeenTree): string[];
}

/** A loop that ends when it is told to. */
export abstract class LoopingWorkload implements Workload {
  abstract readonly name: string;
  acknowledged = 0;
  private isStopping = false;
  private running: Promise<void> = Promise.resolve();

  run(): Promise<void> {
    this.running = this.loop();
    return this.running;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
    await this.close();
  }

  abstract judge(tree: SeenTree): string[];

  protected abstract prepare(): Promise<void>;
  /** One operation, whether it is answered or not. */
  protected abstract step(): Promise<void>;
  protected abstract close(): Promise<void>;

  protected get isEnding(): boolean {
    return this.isStopping;
  }

  private async loop(): Promise<void> {
    await this.prepare();
    while (!this.isStopping) await this.step();
  }
}

/** Data of a node as text; the empty string when there is none. */
export function textAt(tree: SeenTree, path: string): string {
  return Buffer.from(tree[path]?.data ?? '', 'hex').toString('utf8');
}
