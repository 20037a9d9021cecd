/** What recording clients do all day: steps over a few shared nodes, chosen by a seed. */
import { ErrorCode } from '../../src/base/error-codes.ts';
import {
  addWatchRequest,
  CreateFlag,
  createRequest,
  deleteRequest,
  getChildrenResponse,
  multiHeader,
  OpCode,
  pathRequest,
  pathResponse,
  pathWatchRequest,
  setDataRequest,
} from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import type { SeededRandom } from './random.ts';
import { encodeRecord, type RawReply } from './raw-client.ts';
import { openAcl } from './raw-requests.ts';
import type { Recorder } from './recorder.ts';

type Step = (client: Recorder, random: SeededRandom) => Promise<unknown>;

const nodesPerWorkload = 4;

const createBody = (path: string, flags: number, data = new Uint8Array(0)) =>
  encodeRecord(createRequest, { path, data, acl: openAcl, flags }).slice();
const setBody = (path: string, data: Uint8Array, version: number) =>
  encodeRecord(setDataRequest, { path, data, version }).slice();
const create = (client: Recorder, path: string, flags: number = CreateFlag.persistent) =>
  client.request(OpCode.create2, createBody(path, flags));
const remove = (client: Recorder, path: string) =>
  client.request(OpCode.delete, encodeRecord(deleteRequest, { path, version: -1 }).slice());
const read = (client: Recorder, type: number, path: string, watch = false) =>
  client.request(type, encodeRecord(pathWatchRequest, { path, watch }).slice());

const ask = (client: Recorder, type: number, path: string) =>
  client.request(type, encodeRecord(pathRequest, { path }).slice());

/** multi or multiRead. */
function multi(
  client: Recorder,
  parts: readonly { type: number; body: Uint8Array }[],
  multiType: number = OpCode.multi,
) {
  const writer = new JuteWriter(256);
  for (const { type, body } of parts) {
    multiHeader.write(writer, { type, done: false, err: -1 });
    writer.writeRaw(body);
  }
  multiHeader.write(writer, { type: -1, done: true, err: -1 });
  return client.request(multiType, writer.finish().slice());
}

export const workloads: Readonly<Record<string, Step>> = {
  async register(client, random) {
    const path = `/register-${random.below(nodesPerWorkload)}`;
    const choice = random.below(5);
    if (choice === 0) return create(client, path);
    if (choice === 2) return ask(client, OpCode.getACL, path);
    if (choice === 1) return read(client, OpCode.getData, path);
    const version = random.below(3) - 1;
    return client.request(OpCode.setData, setBody(path, random.bytes(16), version));
  },
  async set(client, random) {
    await create(client, '/set');
    const path = `/set/${random.below(30)}`;
    if (random.below(3) === 0) return remove(client, path);
    await create(client, path);
    return read(client, OpCode.getChildren2, '/set');
  },
  async sequence(client) {
    await create(client, '/sequence');
    return create(client, '/sequence/n-', CreateFlag.persistentSequential);
  },
  /** Two accounts change together, or neither: one of them is there only now and then. */
  async bank(client, random) {
    const [from, to] = ['/account-0', `/account-${1 + random.below(2)}`];
    await create(client, from);
    if (random.below(3) === 0) await create(client, to);
    const parts = [from, to].map((path) => ({
      type: OpCode.setData,
      body: setBody(path, random.bytes(8), -1),
    }));
    const removal = {
      type: OpCode.delete,
      body: encodeRecord(deleteRequest, { path: to, version: -1 }).slice(),
    };
    await multi(client, random.below(4) === 0 ? [...parts, removal] : parts);
    const looks = [from, to].map((path) => ({
      type: OpCode.getData,
      body: encodeRecord(pathWatchRequest, { path, watch: false }).slice(),
    }));
    return multi(client, looks, OpCode.multiRead);
  },
  async ephemeral(client, random) {
    const path = `/ephemeral-${random.below(8)}`;
    const reply = await create(client, path, CreateFlag.ephemeral);
    if (reply?.err === ErrorCode.nodeExists && random.below(2) === 0) return remove(client, path);
    return read(client, OpCode.exists, path);
  },
  async lock(client) {
    await create(client, '/lock');
    const reply = await create(client, '/lock/n-', CreateFlag.ephemeralSequential);
    if (reply === null || reply.err !== 0) return null;
    const own = pathResponse.read(new JuteReader(reply.body)).path!;
    const before = await nextBefore(client, own);
    if (before !== null) await read(client, OpCode.exists, before, true);
    return remove(client, own);
  },
  async watch(client, random) {
    const path = `/watched-${random.below(nodesPerWorkload)}`;
    const [child, choice] = [`${path}/child`, random.below(9)];
    if (choice === 0) return create(client, path);
    if (choice === 1) return create(client, child);
    if (choice === 2) return remove(client, random.below(2) === 0 ? child : path);
    if (choice === 3) return client.request(OpCode.setData, setBody(path, random.bytes(4), -1));
    if (choice === 4) return read(client, OpCode.getChildren, path, true);
    if (choice === 5) {
      const mode = random.below(2);
      return client.request(OpCode.addWatch, encodeRecord(addWatchRequest, { path, mode }).slice());
    }
    return read(client, choice === 6 ? OpCode.exists : OpCode.getData, path, true);
  },
  sync(client) {
    return ask(client, OpCode.sync, '/');
  },
};

/** The node of the line for the lock that stands just before ours, or null for the holder. */
async function nextBefore(client: Recorder, own: string): Promise<string | null> {
  const reply: RawReply | null = await read(client, OpCode.getChildren, '/lock');
  if (reply === null || reply.err !== 0) return null;
  const names = getChildrenResponse.read(new JuteReader(reply.body)).children ?? [];
  const others = names.map((name) => `/lock/${name}`).filter((path) => path < own);
  return others.sort().at(-1) ?? null;
}

/** Steps of workloads that the seed chooses, some of them at the same time, until told to stop. */
export async function work(
  client: Recorder,
  random: SeededRandom,
  isOver: () => boolean,
): Promise<void> {
  const all = Object.values(workloads);
  while (!isOver()) {
    const together = 1 + random.below(3);
    await Promise.all(Array.from({ length: together }, () => random.pick(all)(client, random)));
  }
}
