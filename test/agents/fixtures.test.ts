/** A whole server on directories that Apache's servers wrote: what clients see, or why it refuses. */
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type EmbeddedServer, startServer } from '../../src/index.ts';
import { copyOf, type ExpectedNode, expectedOf } from '../compat/fixture-directory.ts';
import { projectRoot } from '../support/project-root.ts';
import { RawClient } from '../support/raw-client.ts';
import { getChildren, getData } from './requests.ts';

const loads: [directory: string, expected: string][] = [
  ['zk-3.8-datadir/main', 'zk-3.8-datadir/main'],
  ['zk-3.8-datadir/torn-truncated', 'zk-3.8-datadir/torn-truncated'],
  ['zk-3.8-datadir/torn-zeroed', 'zk-3.8-datadir/torn-zeroed'],
  ['zk-3.8-datadir/empty-tail-log', 'zk-3.8-datadir/main'],
  ['zk-3.8-datadir/header-only-tail-log', 'zk-3.8-datadir/main'],
  ['zk-3.8-datadir/bad-snapshot', 'zk-3.8-datadir/main'],
  ['zk-3.8-datadir/torn-snapshot', 'zk-3.8-datadir/main'],
  ['zk-3.9-datadir/main', 'zk-3.9-datadir/main'],
  ['zk-3.9-datadir/compressed', 'zk-3.9-datadir/compressed'],
  ['zk-3.9-datadir/quorum-member', 'zk-3.9-datadir/quorum-member'],
  ['zk-3.9-datadir/ghost-tail', 'zk-3.9-datadir/ghost-tail'],
];
const refuses = ['bad-crc-last', 'bad-crc-middle', 'gap-in-log', 'no-snapshot'].map(
  (name) => `zk-3.8-datadir/${name}`,
);
const settings = { extendedTypesEnabled: true, skipACL: 'yes', tickTime: 60_000 };
const hex = (value: bigint) => `0x${BigInt.asUintN(64, value).toString(16)}`;

const copies: string[] = [];
let server: EmbeddedServer | null = null;

function copy(name: string): string {
  const path = copyOf(name);
  copies.push(path);
  return path;
}

afterEach(async () => {
  await server?.close();
  server = null;
  for (const path of copies.splice(0)) rmSync(path, { recursive: true });
});

/** Everything that a client can see of the tree, by path. */
async function walk(client: RawClient, path = '/'): Promise<Map<string, object>> {
  const { value } = await getData(client, path);
  const { czxid, mzxid, pzxid, ctime, mtime, ephemeralOwner, ...numbers } = value!.stat;
  const data = value!.data === null ? null : Buffer.from(value!.data).toString('base64');
  const zxids = { czxid: hex(czxid), mzxid: hex(mzxid), pzxid: hex(pzxid) };
  const times = { ctime: Number(ctime), mtime: Number(mtime) };
  const node = { data, ...zxids, ...times, ephemeralOwner: hex(ephemeralOwner), ...numbers };
  const seen = new Map<string, object>([[path, node]]);
  const names = (await getChildren(client, path)).value?.children ?? [];
  for (const name of names) {
    const below = await walk(client, path === '/' ? `/${name}` : `${path}/${name}`);
    for (const entry of below) seen.set(...entry);
  }
  return seen;
}

/** Data of quota usage, and the config node of a member, are set by each server for itself. */
function comparable(path: string, node: Partial<ExpectedNode>): object {
  const { acl: _acl, persisted: _persisted, ...visible } = node;
  if (path === '/zookeeper/config') return { data: visible.data, version: visible.version };
  if (!path.endsWith('/zookeeper_stats')) return visible;
  const { data: _data, dataLength: _length, ...rest } = visible;
  return rest;
}

describe('a server on a directory of Apache', () => {
  it.each(loads)('shows clients of %s the tree of %s', async (directory, expectedName) => {
    server = await startServer({ dataDir: copy(directory), settings, logLevel: 'fatal' });
    const client = await RawClient.connect({ port: server.port });
    const expected = expectedOf(expectedName);
    const seen = await walk(client);
    expect([...seen.keys()].sort()).toEqual(Object.keys(expected.tree).sort());
    for (const [path, node] of seen) {
      const wanted = expected.tree[path]!;
      expect({ path, ...comparable(path, node) }).toEqual({ path, ...comparable(path, wanted) });
    }
    await client.abandon();
  });

  it.each(refuses)('refuses %s and names file, offset and zxid', async (directory) => {
    const start = startServer({ dataDir: copy(directory), settings, logLevel: 'fatal' });
    await expect(start).rejects.toThrow(/version-2\/\S+, offset \d+, zxid 0x[0-9a-f]+: /);
  });

  it('loads logs without a snapshot when it is told to trust them', async () => {
    const trusting = { ...settings, 'snapshot.trust.empty': true };
    const dataDir = copy('zk-3.8-datadir/no-snapshot');
    server = await startServer({
      dataDir,
      settings: trusting,
      logLevel: 'fatal',
      placement: 'paired',
    });
    // Before anybody is served: the next start needs no trust.
    expect(readdirSync(join(dataDir, 'version-2'))).toContain('snapshot.39');
    const client = await RawClient.connect({ port: server.port });
    const { tree } = expectedOf('zk-3.8-datadir/main');
    expect([...(await walk(client)).keys()].sort()).toEqual(Object.keys(tree).sort());
    await client.abandon();
  });

  it('ends as a process with a code that is not 0 and says why', () => {
    const dataDir = copy('zk-3.8-datadir/bad-crc-middle');
    const main = join(projectRoot, 'dist/main.js');
    const args = [main, 'server', '--port', '0', '--data-dir', dataDir];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/log\.2b, offset \d+, zxid 0x2e/);
  });
});
