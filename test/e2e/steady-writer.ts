/**
 * A client that writes as fast as it is answered, with a fixed number of requests in flight, and
 * keeps the books of it in a `WriteHistory`. It ends when its connection does.
 */
import {
  CreateFlag,
  createRequest,
  deleteRequest,
  OpCode,
  setDataRequest,
} from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import type { SeededRandom } from '../support/random.ts';
import { encodeRecord, type RawClient, type RawReply } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { type Contents, WriteHistory } from './write-history.ts';

const nodesEach = 40;

interface Operation {
  readonly type: number;
  readonly body: Uint8Array;
}

export class SteadyWriter {
  readonly history: WriteHistory;
  /** The highest zxid that an acknowledgement carried. */
  zxidMax = 0n;
  /** Answers that no correct server gives to these writes. */
  readonly wrongReplies: RawReply[] = [];
  private readonly root: string;
  private readonly random: SeededRandom;
  private serial = 0;

  constructor(root: string, random: SeededRandom) {
    this.root = root;
    this.random = random;
    this.history = new WriteHistory(
      Array.from({ length: nodesEach }, (_, i) => `${root}/n${String(i).padStart(3, '0')}`),
    );
  }

  /** Creates the parent of this writer's nodes, if need be. */
  async prepare(client: RawClient): Promise<void> {
    await requests.create(client, this.root);
  }

  /** Keeps `depth` writes in flight until the connection ends; calls `onAck` for each answer. */
  async writeOn(client: RawClient, depth: number, onAck: () => void): Promise<void> {
    const sendNext = (): void => {
      this.sendOne(client).then(
        (reply) => {
          this.acknowledge(reply);
          onAck();
          if (!client.socket.isClosed) sendNext();
        },
        () => {},
      );
    };
    for (let i = 0; i < depth; i++) sendNext();
    await client.socket.closed;
  }

  /** What the server shows of this writer's nodes. */
  async look(client: RawClient): Promise<Contents> {
    const seen = new Map<string, string | null>();
    await Promise.all(
      this.history.paths.map(async (path) => {
        const { data } = await requests.getData(client, path);
        seen.set(path, data === null ? null : Buffer.from(data).toString('utf8'));
      }),
    );
    return seen;
  }

  private acknowledge(reply: RawReply): void {
    if (reply.err !== 0) this.wrongReplies.push(reply);
    if (reply.zxid > this.zxidMax) this.zxidMax = reply.zxid;
    this.history.acknowledge();
  }

  private sendOne(client: RawClient): Promise<RawReply> {
    const first = this.operationOn(this.random.pick(this.history.paths));
    if (this.random.below(10) > 0) {
      this.history.send({ changes: new Map([[first.path, first.content]]) });
      return client.request(first.operation.type, first.operation.body);
    }
    const others = this.history.paths.filter((path) => path !== first.path);
    const second = this.operationOn(this.random.pick(others));
    const changes = new Map([first, second].map(({ path, content }) => [path, content]));
    this.history.send({ changes });
    return requests.multi(client, [first.operation, second.operation]);
  }

  /** A write that succeeds once all writes before it have. */
  private operationOn(path: string): {
    path: string;
    content: string | null;
    operation: Operation;
  } {
    const exists = this.history.contentAfterAll(path) !== null;
    if (exists && this.random.below(4) === 0) {
      const body = encodeRecord(deleteRequest, { path, version: -1 });
      return { path, content: null, operation: { type: OpCode.delete, body } };
    }
    const content = `${this.serial++}:${'x'.repeat(this.random.below(300))}`;
    const data = encodeUtf8(content);
    if (exists) {
      const body = encodeRecord(setDataRequest, { path, data, version: -1 });
      return { path, content, operation: { type: OpCode.setData, body } };
    }
    const request = { path, data, acl: requests.openAcl, flags: CreateFlag.persistent };
    const body = encodeRecord(createRequest, request);
    return { path, content, operation: { type: OpCode.create, body } };
  }
}
