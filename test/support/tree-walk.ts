/**
 * Everything that a client can see of a tree, as plain values, so that two servers or two moments
 * can be compared. It reads only.
 */
import type { Acl, Stat } from '../../src/jute/data.ts';
import {
  getACLResponse,
  getChildrenResponse,
  getDataResponse,
  OpCode,
  pathRequest,
  pathWatchRequest,
} from '../../src/jute/proto.ts';
import type { RawClient } from './raw-client.ts';

export interface SeenNode {
  /** Hex, or null for null data. */
  readonly data: string | null;
  readonly stat: Stat;
  readonly acl: Acl[] | null;
}

/** Nodes that are asked for before the first of them is answered. */
const nodesAtOnce = 100;

/** All nodes by path, parents before children. Fails on a node that the client may not read. */
export async function walkTree(client: RawClient): Promise<Record<string, SeenNode>> {
  const seen: Record<string, SeenNode> = {};
  let paths = ['/'];
  while (paths.length > 0) {
    const now = paths.slice(0, nodesAtOnce);
    const nodes = await Promise.all(now.map((path) => readNode(client, path)));
    const children = await Promise.all(now.map((path) => childrenOf(client, path)));
    const found = now.flatMap((path, i) => {
      seen[path] = nodes[i]!;
      const parent = path === '/' ? '' : path;
      return children[i]!.map((name) => `${parent}/${name}`);
    });
    paths = [...paths.slice(nodesAtOnce), ...found];
  }
  return seen;
}

async function readNode(client: RawClient, path: string): Promise<SeenNode> {
  const [data, acl] = await Promise.all([
    client.call(OpCode.getData, pathWatchRequest, { path, watch: false }, getDataResponse),
    client.call(OpCode.getACL, pathRequest, { path }, getACLResponse),
  ]);
  if (data.value === undefined || acl.value === undefined) {
    throw new Error(`${path} cannot be read: ${data.reply.err} ${acl.reply.err}`);
  }
  const bytes = data.value.data;
  return {
    data: bytes === null ? null : Buffer.from(bytes).toString('hex'),
    stat: data.value.stat,
    acl: acl.value.acl,
  };
}

async function childrenOf(client: RawClient, path: string): Promise<string[]> {
  const request = { path, watch: false };
  const { value } = await client.call(
    OpCode.getChildren,
    pathWatchRequest,
    request,
    getChildrenResponse,
  );
  return (value?.children ?? []).map((name) => name ?? '').sort();
}
