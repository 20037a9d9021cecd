/**
 * The four rules of "events before data", on real threads and sockets: writers change nodes while
 * watchers read them and watch them, and every stream of replies and events is checked.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedServer, startServer } from '../../src/index.ts';
import { addWatchRequest, multiHeader, OpCode, setDataRequest } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { RawClient } from '../support/raw-client.ts';
import { placed, placements } from './placements.ts';
import { create, getData, setData, text } from './requests.ts';

const nodes = ['/r0', '/r1', '/r2', '/r3'];
const rounds = 120;

interface Seen {
  readonly position: number;
  readonly zxid: bigint;
  readonly mzxid: bigint;
  readonly path: string;
}

/** Sets all nodes to one value in one txn. */
function setAll(client: RawClient, value: string) {
  const body = new JuteWriter(256);
  for (const path of nodes) {
    multiHeader.write(body, { type: OpCode.setData, done: false, err: -1 });
    setDataRequest.write(body, { path, data: encodeUtf8(value), version: -1 });
  }
  multiHeader.write(body, { type: -1, done: true, err: -1 });
  return client.request(OpCode.multi, body.finish().slice());
}

/** Reads without pause, one after another, without leaving watches. */
async function readFor(client: RawClient, isOver: () => boolean): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let i = 0; !isOver(); i++) {
    const path = nodes[i % nodes.length]!;
    const { reply, value } = await getData(client, path);
    const { position, zxid } = reply;
    seen.push({ position, zxid, mzxid: value!.stat.mzxid, path });
  }
  return seen;
}

describe.each(placements)('with $placement placement and $fronts fronts', (placement) => {
  let server: EmbeddedServer;

  beforeAll(async () => {
    server = await startServer(placed(placement));
    const client = await RawClient.connect({ port: server.port });
    for (const path of nodes) await create(client, path, '');
    await client.close();
  });

  afterAll(() => server.close());

  it('shows a change to a persistent watcher first as an event, then in a reply', async () => {
    const { port } = server;
    const writers = await Promise.all([0, 1].map(() => RawClient.connect({ port })));
    const watchers = await Promise.all([0, 1, 2].map(() => RawClient.connect({ port })));
    for (const watcher of watchers) {
      for (const path of nodes) {
        await watcher.call(OpCode.addWatch, addWatchRequest, { path, mode: 0 });
      }
    }
    let writing = true;
    const reading = watchers.map((watcher) => readFor(watcher, () => !writing));
    let changes = 0;
    await Promise.all(
      writers.map(async (writer, w) => {
        for (let i = 0; i < rounds; i++) {
          const single = (i + w) % 3 > 0;
          const value = `${w}-${i}`;
          if (single) await setData(writer, nodes[i % nodes.length]!, value);
          else await setAll(writer, value);
          changes += single ? 1 : nodes.length;
        }
      }),
    );
    writing = false;
    const reads = await Promise.all(reading);
    expect(changes).toBeGreaterThan(rounds);
    for (const [at, watcher] of watchers.entries()) {
      await watcher.notified(changes);
      expect(watcher.notifications.length).toBe(changes);
      checkStream(reads[at]!, watcher);
    }
    await Promise.all([...writers, ...watchers].map((client) => client.close()));
  });

  it('never shows a part of a multi', async () => {
    const { port } = server;
    const writer = await RawClient.connect({ port });
    const readers = await Promise.all([0, 1].map(() => RawClient.connect({ port })));
    await setAll(writer, 'start');
    let writing = true;
    const reading = readers.map(async (reader) => {
      let last = 0n;
      while (writing) {
        const replies = await Promise.all(nodes.map((path) => getData(reader, path)));
        for (const { reply, value } of replies) {
          // All nodes change together, so a reply's zxid is the mzxid that every node has by then.
          expect(value!.stat.mzxid).toBe(reply.zxid);
          expect(reply.zxid).toBeGreaterThanOrEqual(last);
          last = reply.zxid;
        }
      }
    });
    for (let i = 0; i < rounds; i++) await setAll(writer, `m-${i}`);
    writing = false;
    await Promise.all(reading);
    await Promise.all([writer, ...readers].map((client) => client.close()));
  });

  it('has what an event tells of ready to be read', async () => {
    const { port } = server;
    const writer = await RawClient.connect({ port });
    const watcher = await RawClient.connect({ port });
    for (let i = 1; i <= rounds; i++) {
      await getData(watcher, '/r0', true);
      const change = setData(writer, '/r0', `e-${i}`);
      const event = (await watcher.notified(i))[i - 1]!;
      const { reply, value } = await getData(watcher, '/r0');
      expect(reply.zxid).toBeGreaterThanOrEqual(event.zxid);
      expect(text(value?.data)).toBe(`e-${i}`);
      expect((await change).reply.zxid).toBe(event.zxid);
    }
    await Promise.all([writer.close(), watcher.close()]);
  });
});

/** Zxids of the stream never fall, and an event comes before every reply that shows its change. */
function checkStream(reads: readonly Seen[], watcher: RawClient): void {
  const stream = [
    ...reads.map((read) => ({ ...read, isEvent: false })),
    ...watcher.notifications.map((event) => ({ ...event, mzxid: 0n, isEvent: true })),
  ].sort((a, b) => a.position - b.position);
  let last = 0n;
  const told = new Map<string, bigint>();
  for (const item of stream) {
    expect(item.zxid).toBeGreaterThanOrEqual(last);
    last = item.zxid;
    if (item.isEvent) told.set(item.path, item.zxid);
    else if (told.has(item.path)) expect(item.mzxid).toBe(told.get(item.path));
  }
}
