/**
 * A client that does everything right while others do not: writes, reads back, and is notified,
 * over and over on one connection, and checks every answer.
 */
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';

export class WellBehavedClient {
  rounds = 0;
  private readonly client: RawClient;
  private readonly path: string;
  private isStopping = false;
  private running: Promise<void> = Promise.resolve();

  private constructor(client: RawClient, path: string) {
    this.client = client;
    this.path = path;
  }

  static async start(port: number, path: string): Promise<WellBehavedClient> {
    const client = await RawClient.connect({ port });
    const { reply } = await requests.create(client, path);
    if (reply.err !== 0) throw new Error(`create ${path}: ${reply.err}`);
    const well = new WellBehavedClient(client, path);
    well.running = well.run();
    well.running.catch(() => {});
    return well;
  }

  /** Ends after the round under way; rejects with the first wrong answer. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
    await this.client.close();
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      const content = `round ${this.rounds}`;
      const watched = await requests.getData(this.client, this.path, true);
      const set = await requests.setData(this.client, this.path, encodeUtf8(content));
      const read = await requests.getData(this.client, this.path);
      this.check(watched.reply.err === 0 && set.err === 0 && read.reply.err === 0, 'an error');
      this.check(Buffer.from(read.data ?? []).toString() === content, 'other data');
      this.check(read.stat?.version === this.rounds + 1, 'another version');
      const notifications = await this.client.notified(this.rounds + 1);
      const last = notifications.at(-1)!;
      this.check(last.path === this.path && last.position < set.position, 'a late notification');
      this.check(this.client.strays.length === 0, 'a reply to nothing');
      this.rounds++;
    }
  }

  private check(condition: boolean, what: string): void {
    if (!condition) throw new Error(`the well-behaved client got ${what} in round ${this.rounds}`);
  }
}
