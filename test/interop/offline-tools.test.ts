/**
 * Apache's offline tools on a directory that our server has written: TxnLogToolkit finds every txn
 * and no damage, SnapshotFormatter every node as clients saw it, and SnapshotComparer no difference
 * between our snapshot and the one that Apache's server takes of the same history.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApache } from '../../native-free-bench/apache/server.ts';
import { CreateFlag } from '../../src/jute/proto.ts';
import { dataDirectory, listStorage } from '../../src/storage/data-directory.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import { TxnLogReader } from '../../src/storage/txn-log-reader.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { startRingkeeper, temporaryDirectory } from '../support/ringkeeper-process.ts';
import { type SeenNode, walkTree } from '../support/tree-walk.ts';
import { compareSnapshots, dumpLog, formatSnapshot } from './support/apache-tools.ts';

const settings = { extendedTypesEnabled: 'true', 'autopurge.purgeInterval': '0' };

describe.each(['', 'snappy'])('a directory with snapshots of method "%s"', (method) => {
  const dataDir = temporaryDirectory();
  const apacheDir = temporaryDirectory();
  let seen: Record<string, SeenNode>;
  let snapshot: string;

  beforeAll(async () => {
    const options = { dataDir, settings: { ...settings, 'snapshot.compression.method': method } };
    const server = await startRingkeeper(options);
    const client = await RawClient.connect({ port: server.port, timeoutMs: 40_000 });
    await change(client);
    seen = await walkTree(client);
    await client.abandon();
    await server.stop();
    // Apache's server makes a snapshot of the same history from the log alone.
    cpSync(dataDir, apacheDir, { recursive: true });
    const again = await startRingkeeper(options);
    // No client: a session would be one txn more.
    while (newestSnapshot(dataDir) === 'snapshot.0') await askFourLetterWord(again.port, 'ruok');
    await again.stop();
    snapshot = newestSnapshot(dataDir);
    const apache = await startApache({ dataDir: apacheDir, settings });
    await apache.stop();
  });

  afterAll(() => {
    for (const path of [dataDir, apacheDir]) rmSync(path, { recursive: true, force: true });
  });

  it('has logs in which TxnLogToolkit finds every txn and no damage', async () => {
    const { logs } = listStorage(new NodeDisk(), dataDirectory(dataDir));
    expect(logs.length).toBeGreaterThan(0);
    for (const { path } of logs) {
      const text = await dumpLog(path);
      const zxids = [...text.matchAll(/ zxid 0x([0-9a-f]+) /g)].map((match) => match[1]!);
      expect(zxids).toEqual(zxidsIn(path));
      expect(text).toContain(`EOF reached after ${zxids.length} txns.`);
      expect(text).not.toMatch(/CRC|corrupt/i);
    }
  });

  it('has a snapshot in which SnapshotFormatter finds every node as clients saw it', async () => {
    const nodes = await formatSnapshot(pathOf(dataDir, snapshot));
    expect(Object.keys(nodes).sort()).toEqual(Object.keys(seen).sort());
    for (const [path, { stat }] of Object.entries(seen)) {
      expect({ path, ...nodes[path] }).toMatchObject({
        path,
        cZxid: hex(stat.czxid),
        mZxid: hex(stat.mzxid),
        pZxid: hex(stat.pzxid),
        // Files count the children that were created, clients also those that were deleted.
        cversion: `${(stat.cversion + stat.numChildren) / 2}`,
        dataVersion: `${stat.version}`,
        aclVersion: `${stat.aversion}`,
        dataLength: `${stat.dataLength}`,
      });
    }
  });

  it('has a snapshot in which SnapshotComparer finds what is in the one of Apache', async () => {
    const same = snapshot.replace(/\.(gz|snappy)$/, '');
    expect(newestSnapshot(apacheDir)).toBe(same);
    const text = await compareSnapshots(pathOf(dataDir, snapshot), pathOf(apacheDir, same));
    expect(text.match(/^Node .* found .*$/gm)).toBeNull();
    const counts = [...text.matchAll(/^Node count: (\d+)\nTotal size: (\d+)$/gm)];
    expect(counts.length).toBe(2);
    expect(counts[0]!.slice(1)).toEqual(counts[1]!.slice(1));
    expect(Number(counts[0]![1])).toBe(Object.keys(seen).length);
    expect(text).toContain('All layers compared.');
  });
});

/** Some of everything that a log and a snapshot can hold. */
async function change(client: RawClient): Promise<void> {
  await requests.authenticate(client, 'alice:secret');
  await requests.create(client, '/plain', { data: new Uint8Array(1000) });
  await requests.create(client, '/null', { data: null });
  await requests.create(client, '/größe-水', { data: new Uint8Array(3) });
  await requests.create(client, '/private', { acl: requests.creatorAcl });
  await requests.create(client, '/container', { flags: CreateFlag.container });
  await requests.create(client, '/container/child');
  await requests.createTtl(client, '/ttl', 3_600_000n);
  await requests.create(client, '/mine', { flags: CreateFlag.ephemeral });
  await requests.create(client, '/nowhere/nothing');
  await requests.setAcl(client, '/null', requests.creatorAcl);
  const flags = CreateFlag.persistentSequential;
  const made = Array.from({ length: 50 }, () => requests.create(client, '/plain/s-', { flags }));
  const paths = (await Promise.all(made)).map(({ path }) => path!);
  for (const path of paths.slice(0, 10)) await requests.remove(client, path);
  for (const path of paths.slice(20)) await requests.setData(client, path, new Uint8Array(20));
  await requests.setData(client, '/plain', new Uint8Array(500_000));
}

function newestSnapshot(dataDir: string): string {
  const [newest] = listStorage(new NodeDisk(), dataDirectory(dataDir)).snapshots;
  return newest!.path.split('/').at(-1)!;
}

function pathOf(dataDir: string, name: string): string {
  return join(dataDir, 'version-2', name);
}

function hex(zxid: bigint): string {
  return `0x${zxid.toString(16).padStart(14, '0')}`;
}

function zxidsIn(path: string): string[] {
  const file = new NodeDisk().openRead(path);
  const log = new TxnLogReader(file);
  const found: string[] = [];
  while (log.next()) found.push(BigInt(log.zxidLo).toString(16));
  file.close();
  return found;
}
