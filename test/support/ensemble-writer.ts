/**
 * A client of an ensemble that writes numbered nodes, one after the other, at a bounded rate, and
 * keeps the books: which writes were acknowledged, and which answers were wrong.
 */
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { EnsembleClient, type EnsembleClientOptions } from './ensemble-client.ts';
import * as requests from './raw-requests.ts';

export interface WriterOptions extends EnsembleClientOptions {
  /** Parent of the nodes; the writer creates it. */
  readonly root: string;
  readonly writesPerSecond: number;
  /** Told of each acknowledgement, with the time of `performance.now`. */
  readonly onAcknowledged?: (atMs: number) => void;
}

const nodeExists = -110;

export class EnsembleWriter {
  /** Paths whose creation was acknowledged, in order. */
  readonly acknowledged: string[] = [];
  /** Answers that no correct server gives. */
  readonly wrongAnswers: string[] = [];
  private readonly options: WriterOptions;
  private readonly client: EnsembleClient;
  private isStopping = false;
  private readonly done: Promise<void>;
  private readonly progress: { count: number; resolve(): void; reject(error: Error): void }[] = [];

  private constructor(options: WriterOptions) {
    this.options = options;
    this.client = new EnsembleClient(options);
    this.done = this.run();
    this.done.catch((error: Error) => {
      for (const { reject } of this.progress.splice(0)) reject(error);
    });
  }

  static start(options: WriterOptions): EnsembleWriter {
    return new EnsembleWriter(options);
  }

  get lostSessions(): number {
    return this.client.lostSessions;
  }

  /** Resolves when `count` further writes are acknowledged. */
  wrote(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count;
    return new Promise((resolve, reject) => {
      this.progress.push({ count: wanted, resolve, reject });
    });
  }

  /** Ends after the write under way; rejects if the writer has failed. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.done;
    await this.client.close();
  }

  private async run(): Promise<void> {
    const pauseMs = 1000 / this.options.writesPerSecond;
    let dueMs = performance.now();
    await this.write(this.options.root);
    for (let serial = 0; !this.isStopping; serial++) {
      await this.write(`${this.options.root}/n${String(serial).padStart(6, '0')}`);
      // Time lost while nobody served is not made up for: a burst would hide what comes next.
      dueMs = Math.max(dueMs + pauseMs, performance.now() - pauseMs);
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** Tries until the write is acknowledged, or until the writer is stopped. */
  private async write(path: string): Promise<void> {
    for (let isFirst = true; !this.isStopping || isFirst; isFirst = false) {
      const data = encodeUtf8(path);
      const answer = await this.client.attempt((client) => requests.create(client, path, { data }));
      if (answer === null) continue;
      const { err } = answer.reply;
      // After a lost answer the node may be there already.
      if (err === 0 || (err === nodeExists && !isFirst)) return this.acknowledge(path);
      this.wrongAnswers.push(`create ${path}: ${err}`);
    }
  }

  private acknowledge(path: string): void {
    this.acknowledged.push(path);
    this.options.onAcknowledged?.(performance.now());
    while (this.progress[0] !== undefined && this.progress[0].count <= this.acknowledged.length) {
      this.progress.shift()?.resolve();
    }
  }
}
