/** Many sessions that watch one node: how long it takes until the last one is told of a change. */
import { RawClient } from '../../test/support/raw-client.ts';
import { create, setData } from '../../test/support/raw-requests.ts';
import { forEachLimited, openingMax } from './limited.ts';
import { benchRoot } from './nodes.ts';
import { assertDescriptors } from './process-usage.ts';
import { Watcher } from './watcher.ts';
import type { Address } from './workload.ts';

const path = `${benchRoot}/watched`;

/** Times since the write left, ms. */
export interface FanOutTimes {
  readonly medianMs: number;
  readonly lastMs: number;
}

export class FanOut {
  private readonly writer: RawClient;
  private readonly watchers: Watcher[] = [];
  private readonly timesMs: number[] = [];
  private allNotified: { resolve(): void; reject(error: Error): void } | null = null;

  private constructor(writer: RawClient) {
    this.writer = writer;
  }

  /** Opens `sessions` sessions that take the servers in turn. */
  static async open(servers: readonly Address[], sessions: number): Promise<FanOut> {
    assertDescriptors(sessions);
    const fanOut = new FanOut(await RawClient.connect(servers[0]!));
    await create(fanOut.writer, benchRoot);
    await create(fanOut.writer, path);
    await forEachLimited(sessions, openingMax, async (index) => {
      const onError = (error: Error) => fanOut.allNotified?.reject(error);
      const watcher = await Watcher.open(servers[index % servers.length]!, onError);
      watcher.onNotified = () => fanOut.onNotified();
      fanOut.watchers.push(watcher);
    });
    return fanOut;
  }

  /** All watch, one writes. Rejects when a session is lost or told of something else. */
  async round(): Promise<FanOutTimes> {
    const { watchers, timesMs } = this;
    await forEachLimited(watchers.length, openingMax, (index) => watchers[index]!.watch(path));
    timesMs.length = 0;
    const last = new Promise<void>((resolve, reject) => {
      this.allNotified = { resolve, reject };
    });
    const startedMs = performance.now();
    const reply = await setData(this.writer, path, null);
    if (reply.err !== 0) throw new Error(`error code ${reply.err}`);
    await last;
    const since = (index: number) => timesMs[index]! - startedMs;
    return { medianMs: since(timesMs.length >> 1), lastMs: since(timesMs.length - 1) };
  }

  async close(): Promise<void> {
    const { watchers } = this;
    await forEachLimited(watchers.length, openingMax, (index) => watchers[index]!.close());
    await this.writer.close();
  }

  private onNotified(): void {
    this.timesMs.push(performance.now());
    if (this.timesMs.length === this.watchers.length) this.allNotified?.resolve();
    if (this.timesMs.length > this.watchers.length) {
      this.allNotified?.reject(new Error('more notifications than watches'));
    }
  }
}
