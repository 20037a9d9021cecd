/**
 * A client as most are: an unchanged library with its stock settings, that opens one session,
 * leaves an ephemeral node in it and stays. As long as it lives, both do.
 */
import { once } from 'node:events';
import zookeeper, { type Client } from 'node-zookeeper-client';
import { CreateFlag } from '../../src/jute/proto.ts';
import { eventually } from '../support/eventually.ts';

export class LivingClient {
  private readonly client: Client;
  private readonly path: string;
  private readonly states: string[] = [];

  private constructor(client: Client, path: string) {
    this.client = client;
    this.path = path;
    client.on('state', (state: { getName(): string }) => this.states.push(state.getName()));
  }

  /** Resolves when its node at `path` is there. */
  static async open(connectString: string, path: string): Promise<LivingClient> {
    const living = new LivingClient(zookeeper.createClient(connectString), path);
    const { client } = living;
    const connected = once(client, 'connected');
    client.connect();
    await connected;
    await new Promise<void>((resolve, reject) => {
      client.create(path, Buffer.from('yes'), CreateFlag.ephemeral, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    return living;
  }

  /** What went wrong, in words. The session ends here. */
  async close(): Promise<string[]> {
    const owner = await eventually('the living client', () => this.ownerOfNode());
    const session = this.client.getSessionId().toString('hex');
    const closed = once(this.client, 'disconnected');
    this.client.close();
    await closed;
    const wrong: string[] = [];
    if (owner !== session) wrong.push(`session ${session} has a node of ${owner}`);
    if (this.states.includes('EXPIRED')) wrong.push(this.states.join(' '));
    return wrong;
  }

  /** Hex, `nobody` when the node is gone; null while there is no answer. */
  private ownerOfNode(): Promise<string | null> {
    return new Promise((resolve) => {
      this.client.exists(this.path, (error, stat) => {
        if (error) resolve(null);
        else resolve(stat ? stat.ephemeralOwner.toString('hex') : 'nobody');
      });
    });
  }
}
