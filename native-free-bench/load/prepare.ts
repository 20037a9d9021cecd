/**
 * Makes the nodes that a load needs before it starts: the keys that reads and sets choose from,
 * a parent with children to list, and for each connection a parent of its own to create under.
 * Nodes that are there already, from a run before, are used again.
 */
import { createRequest, OpCode, pathWatchRequest, statResponse } from '../../src/jute/proto.ts';
import { encodeRecord, RawClient } from '../../test/support/raw-client.ts';
import { sync } from '../../test/support/raw-requests.ts';
import {
  aclEveryone,
  childName,
  childrenCount,
  childrenParent,
  createParent,
  keyParent,
  keyPath,
} from './frames.ts';
import type { LoadSpec } from './workload.ts';

const windowRequests = 2000;
const nodeExists = -110;

/** Returns, for each connection, the parent under which it creates nodes. */
export async function prepareNodes(spec: LoadSpec): Promise<string[]> {
  const client = await RawClient.connect({ host: spec.host, port: spec.ports[0]! });
  const run = `run${Date.now().toString(36)}`;
  const parents = Array.from({ length: spec.connections }, (_, i) => createParent(run, i));
  const none = new Uint8Array(0);
  await createAll(client, ['/bench', keyParent, childrenParent], none);
  const children = Array.from({ length: childrenCount }, (_, i) => childName(i));
  await createAll(
    client,
    children.map((name) => `${childrenParent}/${name}`),
    none,
  );
  if (!(await hasKeys(client, spec))) {
    const keys = Array.from({ length: spec.keys }, (_, i) => keyPath(i));
    await createAll(client, keys, new Uint8Array(spec.dataBytes).fill(0x78));
  }
  if (spec.operation.startsWith('create')) await createAll(client, parents, none);
  await client.close();
  await catchUp(spec);
  return parents;
}

/** Waits until every server shows what was made through the first one. */
async function catchUp({ host, ports }: LoadSpec): Promise<void> {
  for (const port of ports.slice(1)) {
    const client = await RawClient.connect({ host, port });
    await sync(client);
    await client.close();
  }
}

async function hasKeys(client: RawClient, spec: LoadSpec): Promise<boolean> {
  if (spec.keys === 0) return true;
  const request = { path: keyPath(spec.keys - 1), watch: false };
  const { value } = await client.call(OpCode.exists, pathWatchRequest, request, statResponse);
  if (value === undefined) return false;
  if (value.stat.dataLength === spec.dataBytes) return true;
  throw new Error(`keys with ${value.stat.dataLength} bytes are there, not ${spec.dataBytes}`);
}

/** Pipelined, a window at a time. */
async function createAll(client: RawClient, paths: string[], data: Uint8Array): Promise<void> {
  for (let from = 0; from < paths.length; from += windowRequests) {
    const part = paths.slice(from, from + windowRequests);
    const replies = part.map((path) => {
      const request = { path, data, acl: aclEveryone, flags: 0 };
      return client.request(OpCode.create, encodeRecord(createRequest, request));
    });
    for (const reply of await Promise.all(replies)) {
      if (reply.err !== 0 && reply.err !== nodeExists) {
        throw new Error(`preparing failed with error code ${reply.err}`);
      }
    }
  }
}
