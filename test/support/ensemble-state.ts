/**
 * Whether all members of an ensemble hold the same, and everything that was acknowledged. A member
 * may be behind for a while: what counts is that they become equal.
 */
import { OpCode, pathRequest } from '../../src/jute/proto.ts';
import type { EnsembleMember } from './ensemble-member.ts';
import type { EnsembleProcesses } from './ensemble-processes.ts';
import { eventually } from './eventually.ts';
import { askFourLetterWord } from './four-letter-word.ts';
import { encodeRecord, RawClient } from './raw-client.ts';
import { type SeenNode, walkTree } from './tree-walk.ts';

/** Every server fills it by itself when it starts, so that its stat differs. */
const ownNode = '/zookeeper/config';

export type SeenTree = Record<string, SeenNode>;

/** Waits until all running members show the same tree and equal digests; returns that tree. */
export async function sameTreeOnAll(ensemble: EnsembleProcesses): Promise<SeenTree> {
  await ensemble.allServe();
  return ensemble.waitFor('the same tree and digests on all members', async () => {
    const members = ensemble.members.filter(({ isRunning }) => isRunning);
    const sights = [];
    for (const member of members) sights.push(await look(member));
    const first = sights[0]!;
    for (const [i, { tree, digests }] of sights.entries()) {
      const where = `member ${members[i]!.id} beside member ${members[0]!.id}`;
      const difference = firstDifference(first.tree, tree);
      if (difference !== null) throw new Error(`${where}: ${difference}`);
      const zxid = firstUnlike(first.digests, digests);
      if (zxid !== null) throw new Error(`${where}: the digest at 0x${zxid} differs`);
    }
    return first.tree;
  });
}

/** Waits until all running members have carried out the same last txn. Needs that nobody writes. */
export async function sameZxidOnAll(ensemble: EnsembleProcesses): Promise<void> {
  await ensemble.waitFor('the same zxid on all members', async () => {
    const running = ensemble.members.filter(({ isRunning }) => isRunning);
    const texts = await Promise.all(running.map(({ port }) => askFourLetterWord(port, 'srvr')));
    const zxids = new Set(texts.map((text) => /^Zxid: (0x[0-9a-f]+)$/m.exec(text)?.[1] ?? text));
    return zxids.size === 1 ? true : null;
  });
}

/** Those of `paths` that are not in the tree. */
export function missingFrom(tree: SeenTree, paths: readonly string[]): string[] {
  return paths.filter((path) => tree[path] === undefined);
}

/**
 * How often a member found its digest to be another one than that of the txn. Waits until it
 * serves: before, it counts for nobody.
 */
export function digestMismatches(member: EnsembleMember): Promise<number> {
  return eventually(`mntr of member ${member.id}`, async () => {
    const mntr = await askFourLetterWord(member.port, 'mntr');
    const count = /^zk_digest_mismatches_count\s+(\d+)/m.exec(mntr)?.[1];
    return count === undefined ? null : Number(count);
  });
}

async function look(member: EnsembleMember): Promise<{
  tree: SeenTree;
  digests: Map<string, string>;
}> {
  const client = await RawClient.connect({ port: member.port });
  try {
    await client.request(OpCode.sync, encodeRecord(pathRequest, { path: '/' }));
    const tree = await walkTree(client);
    delete tree[ownNode];
    const hash = await askFourLetterWord(member.port, 'hash');
    const digests = [...hash.matchAll(/^([0-9a-f]+): ?(-?\w+)$/gm)];
    return { tree, digests: new Map(digests.map((match) => [match[1]!, match[2]!])) };
  } finally {
    await client.close();
  }
}

/** The first path that the two do not show alike, with what each of them has there. */
function firstDifference(a: SeenTree, b: SeenTree): string | null {
  for (const path of new Set([...Object.keys(b), ...Object.keys(a)])) {
    const [here, there] = [textOf(b[path]), textOf(a[path])];
    if (here !== there) return `${path} differs:\n  ${here}\nbeside\n  ${there}`;
  }
  return null;
}

function textOf(node: SeenNode | undefined): string {
  return JSON.stringify(node ?? null, (_key, value) => {
    return typeof value === 'bigint' ? String(value) : value;
  });
}

/** The first key under which both have a value, but not the same. */
function firstUnlike(a: Map<string, string>, b: Map<string, string>): string | null {
  for (const [key, value] of a) if (b.has(key) && b.get(key) !== value) return key;
  return null;
}
