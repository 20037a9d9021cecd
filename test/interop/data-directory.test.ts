/**
 * One data directory, served by the server under test and by releases of Apache's in turn: each
 * finds exactly the tree that the one before it left, with the same digests, and goes on from it.
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apacheVersion, apacheVersionBefore } from '../../native-free-bench/apache/jars.ts';
import { startApache } from '../../native-free-bench/apache/server.ts';
import { CreateFlag, createRequest, OpCode, setDataRequest } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { encodeRecord, RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { type ServerOptions, temporaryDirectory } from '../support/ringkeeper-process.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { startTarget, targetName } from '../support/target-server.ts';
import { type SeenNode, walkTree } from '../support/tree-walk.ts';

const user = 'alice:secret';

/** What a server showed before it was stopped. */
interface Sight {
  readonly tree: Record<string, SeenNode>;
  /** Digest of the tree by the zxid (hex) after which it was taken. */
  readonly digests: Map<string, string>;
  readonly mismatches: string | undefined;
  readonly log: string;
}

interface Keeper {
  readonly name: string;
  readonly isApache: boolean;
  start(options: ServerOptions): Promise<ServerProcess>;
}

const target: Keeper = {
  name: targetName,
  isApache: targetName === 'apache',
  start: startTarget,
};

function apache(version: string): Keeper {
  const start = (options: ServerOptions) => startApache({ ...options, version });
  return { name: `Apache ${version}`, isApache: true, start };
}

const line = [target, apache(apacheVersion), target, apache(apacheVersionBefore), target];

describe.each([
  { how: 'from the log alone', snapCount: '100000' },
  { how: 'from snapshots and the log', snapCount: '100' },
])('a data directory that is read $how', ({ snapCount }) => {
  const dataDir = temporaryDirectory();
  const found: Sight[] = [];
  const left: Sight[] = [];

  beforeAll(async () => {
    for (const [turn, keeper] of line.entries()) {
      const settings = { snapCount, extendedTypesEnabled: 'true' };
      const server = await keeper.start({ dataDir, settings });
      try {
        const client = await RawClient.connect({ port: server.port });
        await requests.authenticate(client, user);
        found.push(await look(client, server));
        await change(client, `/turn${turn}`);
        await leaveEphemeral(server, `/turn${turn}/ephemeral`);
        left.push(await look(client, server));
        await client.close();
      } finally {
        await server.stop();
      }
    }
  });

  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  const handovers = line.slice(1).map((keeper, i) => {
    return { turn: i + 1, from: line[i]!.name, to: keeper.name, isApache: keeper.isApache };
  });

  it.each(handovers)('$to finds the tree that $from left', ({ turn }) => {
    expect(Object.keys(found[turn]!.tree).length).toBeGreaterThan(100 * turn);
    expect(found[turn]!.tree).toEqual(left[turn - 1]!.tree);
  });

  it.each(handovers)('$to has the digests that $from had', ({ turn }) => {
    const before = left[turn - 1]!.digests;
    const common = [...left[turn]!.digests].filter(([zxid]) => before.has(zxid));
    for (const [zxid, digest] of common)
      expect({ zxid, digest }).toEqual({ zxid, digest: before.get(zxid) });
    if (snapCount === '100000' && turn === 1) expect(common.length).toBeGreaterThan(0);
  });

  it.each(handovers.filter((each) => each.isApache))('$to has no complaint', ({ turn }) => {
    expect(left[turn]!.mismatches).toBe('0');
    expect(left[turn]!.log).not.toMatch(/digests? .*not match|mismatch/i);
  });
});

async function look(client: RawClient, server: ServerProcess): Promise<Sight> {
  const hash = await askFourLetterWord(server.port, 'hash');
  const digests = [...hash.matchAll(/^([0-9a-f]+): ?(-?\w+)$/gm)];
  const mntr = await askFourLetterWord(server.port, 'mntr');
  return {
    tree: await walkTree(client),
    digests: new Map(digests.map((match) => [match[1]!, match[2]!])),
    mismatches: /^zk_digest_mismatches_count\s+(\d+)/m.exec(mntr)?.[1],
    log: server.logs(),
  };
}

/** Some of everything that ends in the log, 200 transactions and more below `root`. */
async function change(client: RawClient, root: string): Promise<void> {
  await requests.create(client, root, { data: encodeUtf8('root') });
  await requests.create(client, `${root}/null`, { data: null });
  await requests.create(client, `${root}/größe-水`, { data: encodeUtf8('ü') });
  await requests.create(client, `${root}/private`, { acl: requests.creatorAcl });
  await requests.create(client, `${root}/container`, { flags: CreateFlag.container });
  await requests.createTtl(client, `${root}/ttl`, 3_600_000n);
  await requests.create(client, `${root}/nowhere/nothing`);
  await requests.setAcl(client, `${root}/null`, requests.creatorAcl);
  const flags = CreateFlag.persistentSequential;
  const made = Array.from({ length: 120 }, (_, i) =>
    requests.create(client, `${root}/s-`, { flags, data: new Uint8Array(i) }),
  );
  await Promise.all(made);
  for (let i = 0; i < 20; i++) {
    const path = `${root}/s-${String(i).padStart(10, '0')}`;
    await requests.setData(client, path, encodeUtf8(`changed ${i}`));
    if (i % 3 === 0) await requests.remove(client, path);
  }
  await multis(client, root);
}

async function multis(client: RawClient, root: string): Promise<void> {
  const node = { path: `${root}/multi`, data: new Uint8Array(1), acl: requests.openAcl, flags: 0 };
  const create = { type: OpCode.create, body: encodeRecord(createRequest, node) };
  const set = { path: `${root}/multi`, data: encodeUtf8('set'), version: 0 };
  const setData = { type: OpCode.setData, body: encodeRecord(setDataRequest, set) };
  await requests.multi(client, [create, setData]);
  // The second time it fails as a whole, and the failure is logged too.
  await requests.multi(client, [setData, create]);
}

/** A node of a session that nobody closes: session and node must survive in the directory. */
async function leaveEphemeral(server: ServerProcess, path: string): Promise<void> {
  const client = await RawClient.connect({ port: server.port, timeoutMs: 40_000 });
  await requests.create(client, path, { flags: CreateFlag.ephemeral });
  await client.abandon();
}
