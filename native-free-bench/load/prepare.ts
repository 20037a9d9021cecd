/**
 * Makes the nodes that a load needs before it starts: the keys that reads and sets choose from,
 * a parent with children to list, and for each connection a parent of its own to create under.
 * Nodes that are there already, from a run before, are used again.
 */
import { createRequest, OpCode, pathWatchRequest, statResponse } from '../../src/jute/proto.ts';
import { encodeRecord, RawClient } from '../../test/support/raw-client.ts';
import { sync } from '../../test/support/raw-requests.ts';
import { benchRoot, childName, childrenParent, createParent, keyParent, keyPath } from './nodes.ts';
import { aclEveryone } from './requests.ts';
import { valueOfKey } from './values.ts';
import { childrenDefault, type LoadSpec, type OperationName } from './workload.ts';

const windowRequests = 2000;
const windowBytes = 4 * 1024 * 1024;
const nodeExists = -110;
const none = new Uint8Array(0);

const ofKeys: readonly OperationName[] = ['get', 'exists', 'set', 'multi'];
const ofParents: readonly OperationName[] = ['create', 'createDelete', 'createDeleteEphemeral'];

/** Returns the name of the run, from which `createParent` makes the connections' parents. */
export async function prepareNodes(spec: LoadSpec): Promise<string> {
  const needs = (names: readonly OperationName[]) => names.some((name) => name in spec.mix);
  const client = await RawClient.connect(spec.servers[0]!);
  const run = `run${Date.now().toString(36)}`;
  await createAll(client, [benchRoot], () => none);
  if (needs(['getChildren'])) await prepareChildren(client, spec.children ?? childrenDefault);
  if (needs(ofKeys)) await prepareKeys(client, spec);
  if (needs(ofParents)) {
    const parents = Array.from({ length: spec.connections }, (_, i) => createParent(run, i));
    await createAll(client, parents, () => none);
  }
  await client.close();
  await catchUp(spec);
  return run;
}

async function prepareChildren(client: RawClient, count: number): Promise<void> {
  const parent = childrenParent(count);
  const children = Array.from({ length: count }, (_, i) => `${parent}/${childName(i)}`);
  await createAll(client, [parent, ...children], () => none);
}

async function prepareKeys(client: RawClient, { keys, dataBytes }: LoadSpec): Promise<void> {
  if (keys === 0 || (await hasNode(client, keyPath(dataBytes, keys - 1)))) return;
  await createAll(client, [keyParent(dataBytes)], () => none);
  const paths = Array.from({ length: keys }, (_, i) => keyPath(dataBytes, i));
  await createAll(client, paths, (i) => valueOfKey(i, dataBytes), dataBytes);
}

/** Waits until every server shows what was made through the first one. */
async function catchUp({ servers }: LoadSpec): Promise<void> {
  for (const server of servers.slice(1)) {
    const client = await RawClient.connect(server);
    await sync(client);
    await client.close();
  }
}

async function hasNode(client: RawClient, path: string): Promise<boolean> {
  const request = { path, watch: false };
  const { value } = await client.call(OpCode.exists, pathWatchRequest, request, statResponse);
  return value !== undefined;
}

/** Pipelined, a window at a time. */
async function createAll(
  client: RawClient,
  paths: readonly string[],
  dataOf: (index: number) => Uint8Array,
  dataBytes = 0,
): Promise<void> {
  const window = Math.max(1, Math.min(windowRequests, Math.floor(windowBytes / (dataBytes + 1))));
  for (let from = 0; from < paths.length; from += window) {
    const replies = paths.slice(from, from + window).map((path, i) => {
      const request = { path, data: dataOf(from + i), acl: aclEveryone, flags: 0 };
      return client.request(OpCode.create, encodeRecord(createRequest, request));
    });
    for (const reply of await Promise.all(replies)) {
      if (reply.err !== 0 && reply.err !== nodeExists) {
        throw new Error(`preparing failed with error code ${reply.err}`);
      }
    }
  }
}
