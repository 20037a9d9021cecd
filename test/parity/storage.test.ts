/** Storage: section G of docs/parity.md, as it shows on the disk of a running server. */
import fs, { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { dataDirectory } from '../../src/storage/data-directory.ts';
import type { RawClient } from '../support/raw-client.ts';
import { create, getData, setData } from '../support/raw-requests.ts';
import { craftDirectory } from './crafted.ts';
import { listFiles, readLogs, readNewestSnapshot } from './files.ts';
import { exists, getChildren } from './requests.ts';
import { Site, type SiteSettings, useDirectories } from './site.ts';

const directory = useDirectories();
const sites: Site[] = [];

afterEach(async () => {
  await Promise.all(sites.splice(0).map((site) => site.stop()));
});

async function start(dataDir: string, settings: SiteSettings = {}): Promise<Site> {
  const site = new Site({ dataDir, settings });
  sites.push(site);
  await site.start();
  return site;
}

/** Creates /n0, /n1 and so on, one after another. */
async function fill(client: RawClient, count: number, dataBytes = 10): Promise<void> {
  const data = new Uint8Array(dataBytes);
  for (let i = 0; i < count; i++) await create(client, `/n${i}`, { data });
}

/** Fills a new directory under these settings and returns it when the server has ended. */
async function filled(settings: SiteSettings, count: number, dataBytes = 10): Promise<string> {
  const dataDir = directory();
  const site = await start(dataDir, settings);
  await fill(await site.connect(), count, dataBytes);
  await site.stop();
  return dataDir;
}

/** How many of the nodes of `fill` a server finds that starts there. */
async function nodesFound(dataDir: string, settings: SiteSettings = {}): Promise<number> {
  const site = await start(dataDir, settings);
  const { children } = await getChildren(await site.connect(), '/');
  await site.stop();
  return children.filter((name) => /^n\d+$/.test(name)).length;
}

describe('forceSync', () => {
  const { fdatasyncSync, fsyncSync } = fs;

  afterEach(() => {
    fs.fdatasyncSync = fdatasyncSync;
    fs.fsyncSync = fsyncSync;
    syncBuiltinESMExports();
  });

  /** Calls of fdatasync and fsync while ten nodes are written, after a first one. */
  async function syncsWith(forceSync: 'yes' | 'no'): Promise<number> {
    const site = await start(directory(), { forceSync });
    const client = await site.connect();
    await create(client, '/first');
    let calls = 0;
    fs.fdatasyncSync = (fd) => {
      calls++;
      fdatasyncSync(fd);
    };
    fs.fsyncSync = (fd) => {
      calls++;
      fsyncSync(fd);
    };
    syncBuiltinESMExports();
    await fill(client, 10);
    return calls;
  }

  it('syncs before each answer by default', async () => {
    expect(await syncsWith('yes')).toBeGreaterThanOrEqual(10);
  });

  it('never syncs the log with no', async () => {
    expect(await syncsWith('no')).toBe(0);
  });
});

describe('snapshots', () => {
  it('come after between half and all of snapCount txns, each with a new log', async () => {
    const dataDir = await filled({ snapCount: 40, 'autopurge.purgeInterval': 0 }, 200);
    const { logs, snapshots } = listFiles(dataDirectory(dataDir));
    expect(snapshots.length).toBeGreaterThanOrEqual(1 + 4);
    expect(snapshots.length).toBeLessThanOrEqual(1 + 10);
    expect(logs.length).toBeGreaterThanOrEqual(snapshots.length - 1);
    expect(await nodesFound(dataDir)).toBe(200);
  });

  it('come after snapSizeLimitInKb of log', async () => {
    const settings = { snapSizeLimitInKb: 64, 'autopurge.purgeInterval': 0 };
    const dataDir = await filled(settings, 40, 10_000);
    const { snapshots } = listFiles(dataDirectory(dataDir));
    expect(snapshots.length).toBeGreaterThanOrEqual(1 + 5);
    expect(snapshots.length).toBeLessThanOrEqual(1 + 13);
  });

  it('do not come with a log that is full, which ends at txnLogSizeLimitInKb', async () => {
    const dataDir = await filled({ txnLogSizeLimitInKb: 64, preAllocSize: 16 }, 40, 10_000);
    const { logs, snapshots } = listFiles(dataDirectory(dataDir));
    expect(snapshots).toEqual(['snapshot.0']);
    expect(logs.length).toBeGreaterThanOrEqual(5);
    expect(await nodesFound(dataDir)).toBe(40);
  });

  it.each([
    { method: 'gz', magic: Buffer.from([0x1f, 0x8b]) },
    { method: 'snappy', magic: Buffer.from('\u0082SNAPPY\0', 'latin1') },
  ])('are written with $method and read whatever the settings say', async ({ method, magic }) => {
    const settings = { 'snapshot.compression.method': method };
    const dataDir = await filled(settings, 30);
    await nodesFound(dataDir, settings);
    const { file, nodes } = readNewestSnapshot(dataDirectory(dataDir));
    expect(file.name).toMatch(new RegExp(`^snapshot\\.[1-9a-f][0-9a-f]*\\.${method}$`));
    expect(readFileSync(file.path).subarray(0, magic.length)).toEqual(magic);
    expect(nodes).toBe(4 + 30);
    // Without the logs and the first snapshot, it is all that is left.
    const version2 = join(dataDir, 'version-2');
    const { logs } = listFiles(dataDirectory(dataDir));
    for (const name of [...logs, 'snapshot.0']) rmSync(join(version2, name));
    expect(await nodesFound(dataDir)).toBe(30);
  });

  it('end with the digest and the last zxid, unless that is switched off', async () => {
    const dataDir = await filled({}, 5);
    await nodesFound(dataDir);
    const { file, trailer } = readNewestSnapshot(dataDirectory(dataDir));
    expect(trailer.lastProcessedZxid).toBe(file.zxid);
    expect(trailer.digest).toMatchObject({ zxid: file.zxid, version: 2 });
    const off = { 'digest.enabled': false, 'serializeLastProcessedZxid.enabled': false };
    const without = await filled(off, 5);
    await nodesFound(without, off);
    const none = { digest: null, lastProcessedZxid: null };
    expect(readNewestSnapshot(dataDirectory(without)).trailer).toEqual(none);
    expect(await nodesFound(without)).toBe(5);
  });
});

describe('the log', () => {
  it('carries the digests that the word hash shows', async () => {
    const dataDir = directory();
    const site = await start(dataDir);
    const client = await site.connect();
    await fill(client, 150);
    const hash = await site.ask('hash');
    await site.stop();
    const at128 = readLogs(dataDirectory(dataDir)).find(({ zxid }) => zxid === 128n);
    expect(hash).toBe(`80: ${at128?.digest}\n`);
  });

  it('carries no digests with digest.enabled=false', async () => {
    const dataDir = await filled({ 'digest.enabled': false }, 5);
    const txns = readLogs(dataDirectory(dataDir));
    expect(txns.length).toBe(6);
    expect(txns.every(({ digest }) => digest === null)).toBe(true);
  });

  it('has an error txn for each write that failed, and no zxid missing', async () => {
    const dataDir = directory();
    const site = await start(dataDir);
    const client = await site.connect();
    await create(client, '/a');
    const failed = (await create(client, '/a')).reply;
    await setData(client, '/b', null);
    await create(client, '/c');
    await site.stop();
    const txns = readLogs(dataDirectory(dataDir));
    expect(txns.map(({ zxid }) => zxid)).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(txns.map(({ err }) => err)).toEqual([
      ...[null, null, ErrorCode.nodeExists, ErrorCode.noNode, null],
    ]);
    expect(failed.zxid).toBe(3n);
    expect(txns.map(({ digest }) => digest === null)).toEqual([false, false, true, true, false]);
  });

  it('ends a session with the list of its ephemerals, unless that is switched off', async () => {
    const lengths: number[] = [];
    for (const enabled of [true, false]) {
      const dataDir = directory();
      const site = await start(dataDir, { 'closeSessionTxn.enabled': enabled });
      const client = await site.connect();
      await create(client, '/ephemeral', { flags: 1 });
      await client.close();
      await site.stop();
      expect(readLogs(dataDirectory(dataDir)).at(-1)?.type).toBe(OpCode.closeSession);
      const log = readFileSync(join(dataDir, 'version-2/log.1'));
      lengths.push(log.toString('latin1').split('/ephemeral').length - 1);
      expect(await nodesFound(dataDir)).toBe(0);
      const again = await start(dataDir);
      expect((await exists(await again.connect(), '/ephemeral')).err).toBe(ErrorCode.noNode);
    }
    expect(lengths).toEqual([2, 1]);
  });
});

describe('a directory', () => {
  it('without a snapshot is refused, but for snapshot.trust.empty', async () => {
    const dataDir = await filled({}, 5);
    rmSync(join(dataDir, 'version-2/snapshot.0'));
    await expect(start(dataDir)).rejects.toThrow(/no snapshot found/);
    expect(await nodesFound(dataDir, { 'snapshot.trust.empty': true })).toBe(5);
    expect(await nodesFound(dataDir)).toBe(5);
  });

  it('of logs may be another one, with a lock of its own', async () => {
    const dataDir = directory();
    const dataLogDir = directory();
    const site = await start(dataDir, { dataLogDir });
    await fill(await site.connect(), 3);
    const other = new Site({ dataDir: directory(), settings: { dataLogDir } });
    await expect(other.start()).rejects.toThrow(/is in use/);
    await site.stop();
    const found = listFiles(dataDirectory(dataDir, dataLogDir));
    expect(found).toEqual({ logs: ['log.1'], snapshots: ['snapshot.0'], foreign: [] });
    expect(fs.readdirSync(join(dataDir, 'version-2'))).toEqual(['snapshot.0']);
    expect(await nodesFound(dataDir, { dataLogDir })).toBe(3);
  });

  it('with logs among the snapshots is refused when the two are set apart', async () => {
    const dataDir = await filled({}, 1);
    const dataLogDir = directory();
    await expect(start(dataDir, { dataLogDir })).rejects.toThrow(/log\.1/);
    const settings = { dataLogDir: dataDir };
    await expect(start(directory(), settings)).rejects.toThrow(/snapshot\.0/);
  });

  it('that is missing is refused with datadir.autocreate=false', async () => {
    const dataDir = join(directory(), 'none');
    await expect(start(dataDir, { 'datadir.autocreate': false })).rejects.toThrow(/autocreate/);
    expect(fs.existsSync(dataDir)).toBe(false);
    mkdirSync(join(dataDir, 'version-2'), { recursive: true });
    expect(await nodesFound(dataDir, { 'datadir.autocreate': false })).toBe(0);
  });

  it('that is empty is refused with db.autocreate=false', async () => {
    const starting = start(directory(), { 'db.autocreate': false });
    await expect(starting).rejects.toThrow(/db\.autocreate is false: put an empty file initialize/);
  });

  it('that is empty becomes a database beside a file initialize, which goes', async () => {
    const dataDir = directory();
    writeFileSync(join(dataDir, 'initialize'), '');
    expect(await nodesFound(dataDir, { 'db.autocreate': false })).toBe(0);
    expect(fs.existsSync(join(dataDir, 'initialize'))).toBe(false);
    expect(await nodesFound(dataDir, { 'db.autocreate': false })).toBe(0);
  });

  it('keeps autopurge.snapRetainCount snapshots with the logs that they need', async () => {
    const settings = { snapCount: 10, 'autopurge.snapRetainCount': 4 };
    const dataDir = await filled(settings, 150);
    const { logs, snapshots } = listFiles(dataDirectory(dataDir));
    expect(snapshots.length).toBe(4);
    const oldest = BigInt(`0x${snapshots.at(-1)!.slice('snapshot.'.length)}`);
    const logZxids = logs.map((name) => BigInt(`0x${name.slice('log.'.length)}`));
    expect(logZxids.filter((zxid) => zxid <= oldest + 1n).length).toBeLessThanOrEqual(2);
    expect(await nodesFound(dataDir)).toBe(150);
  });

  it('is purged, too, when a node is longer than most servers take', async () => {
    const settings = { 'jute.maxbuffer': 4_000_000, snapCount: 10 };
    const dataDir = directory();
    craftDirectory(dataDir, { '/long': { data: 'x'.repeat(3_000_000) } });
    const site = await start(dataDir, settings);
    await fill(await site.connect(), 50);
    await site.stop();
    expect(listFiles(dataDirectory(dataDir)).snapshots.length).toBe(3);
    expect(await nodesFound(dataDir, settings)).toBe(50);
  });

  it('is never purged with autopurge.purgeInterval=0', async () => {
    const settings = { snapCount: 10, 'autopurge.purgeInterval': 0 };
    const dataDir = await filled(settings, 150);
    const { logs, snapshots } = listFiles(dataDirectory(dataDir));
    expect(snapshots.at(-1)).toBe('snapshot.0');
    expect(logs[0]).toBe('log.1');
    expect(snapshots.length).toBeGreaterThan(10);
  });

  it('with names of others in it is left alone', async () => {
    const dataDir = await filled({}, 2);
    const names = ['log.2b.fixed', 'log.FF', 'notes.txt'];
    for (const name of names) writeFileSync(join(dataDir, 'version-2', name), 'x');
    expect(await nodesFound(dataDir)).toBe(2);
    const { foreign } = listFiles(dataDirectory(dataDir));
    expect(foreign.map((path) => path.split('/').at(-1)).sort()).toEqual(names.sort());
  });
});

describe('a txn', () => {
  it('of a node with data that is null, empty or long comes back as it was', async () => {
    const dataDir = directory();
    const site = await start(dataDir);
    const client = await site.connect();
    const long = new Uint8Array(30_000).map((_, i) => i);
    const kinds = { '/null': null, '/empty': new Uint8Array(0), '/long': long };
    for (const [path, data] of Object.entries(kinds)) await create(client, path, { data });
    await site.stop();
    const again = await (await start(dataDir)).connect();
    for (const [path, data] of Object.entries(kinds)) {
      expect((await getData(again, path)).data).toEqual(data);
    }
  });
});
