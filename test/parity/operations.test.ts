/** Operations: section L of docs/parity.md, and what people and scripts see of the process. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type EmbeddedServer, startServer } from '../../src/index.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { projectRoot } from '../support/project-root.ts';
import { RawClient } from '../support/raw-client.ts';
import { create, setData } from '../support/raw-requests.ts';
import { startRingkeeper } from '../support/ringkeeper-process.ts';
import { getChildren } from './requests.ts';
import { Site, useDirectories, useSite } from './site.ts';

describe('an embedded server', () => {
  const directory = useDirectories();

  it('needs nothing, serves several at once, and takes its temporary directory with it', async () => {
    const servers = await Promise.all([startServer(), startServer()]);
    const [first, second] = servers as [EmbeddedServer, EmbeddedServer];
    expect(first.connectString).toBe(`127.0.0.1:${first.port}`);
    expect(second.port).not.toBe(first.port);
    const client = await RawClient.connect({ port: first.port });
    await create(client, '/here');
    const other = await RawClient.connect({ port: second.port });
    expect((await getChildren(other, '/')).children).toEqual(['zookeeper']);
    for (const server of servers) await server.close();
    await Promise.all([client.socket.closed, other.socket.closed]);
    expect(existsSync(first.dataDir)).toBe(false);
  });

  it('frees its port and keeps a directory that it was given', async () => {
    const dataDir = directory();
    const server = await startServer({ dataDir });
    const client = await RawClient.connect({ port: server.port });
    await create(client, '/kept');
    await server.close();
    await server.close();
    const again = await startServer({ dataDir, port: server.port });
    const reader = await RawClient.connect({ port: again.port });
    expect((await getChildren(reader, '/')).children).toContain('kept');
    await again.close();
  });

  it('rejects with the setting that is wrong, or with the port that is taken', async () => {
    const wrong = startServer({ settings: { tickTime: 'soon' } });
    await expect(wrong).rejects.toThrow(/tickTime=soon/);
    const ensemble = startServer({
      settings: { 'server.1': 'a:2888:3888', 'server.2': 'b:2888:3888' },
    });
    await expect(ensemble).rejects.toThrow(/initLimit/);
    const first = await startServer();
    await expect(startServer({ port: first.port })).rejects.toThrow(/EADDRINUSE/);
    await first.close();
  });

  it('tells its owner when the disk fails, and serves nobody from then on', async () => {
    const dataDir = directory();
    let onFailure: (error: unknown) => void = () => {};
    const failure = new Promise<unknown>((resolve) => (onFailure = resolve));
    const server = await startServer({
      ...{ dataDir, logLevel: 'fatal', onFailure },
      settings: { txnLogSizeLimitInKb: 1, forceSync: 'no' },
    });
    const client = await RawClient.connect({ port: server.port });
    expect((await setData(client, '/', new Uint8Array(2000))).err).toBe(0);
    // The next txn begins a new file, for which there is no directory any more.
    rmSync(join(dataDir, 'version-2'), { recursive: true });
    const unanswered = setData(client, '/', null);
    expect(await failure).toMatchObject({
      name: 'DiskError',
      message: expect.stringContaining('version-2'),
    });
    await expect(unanswered).rejects.toThrow(/closed/);
    await expect(RawClient.connect({ port: server.port })).rejects.toThrow(/ECONNREFUSED/);
    await server.close();
  });
});

describe('a directory that is copied while a client writes to it', () => {
  const directory = useDirectories();
  const site = useSite({
    placement: 'threads',
    settings: { snapCount: 60, 'autopurge.purgeInterval': 0 },
  });

  it('is a server with all that was there before the copy, and nothing that has a gap', async () => {
    const client = await site.connect();
    let written = 0;
    let copying = true;
    const writing = (async () => {
      for (; copying || written < 300; written++) await create(client, `/n${written}`);
    })();
    while (written < 150) await client.ping();
    const before = written;
    const dataDir = directory();
    await copySnapshotsFirst(site.server.dataDir, dataDir);
    copying = false;
    await writing;
    const copy = new Site({ dataDir });
    await copy.start();
    const { children } = await getChildren(await copy.connect(), '/');
    await copy.stop();
    const numbers = children.filter((name) => name !== 'zookeeper').map((n) => Number(n.slice(1)));
    expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, i) => i));
    expect(numbers.length).toBeGreaterThanOrEqual(before);
    expect(numbers.length).toBeLessThanOrEqual(written);
  });
});

async function copySnapshotsFirst(from: string, to: string): Promise<void> {
  for (const prefix of ['snapshot.', 'log.']) {
    const names = readdirSync(join(from, 'version-2')).filter((name) => name.startsWith(prefix));
    for (const name of names.filter((each) => !each.endsWith('.tmp'))) {
      await cp(join(from, 'version-2', name), join(to, 'version-2', name));
    }
  }
}

describe('the process', () => {
  const directory = useDirectories();

  function run(args: readonly string[]): { status: number | null; stderr: string } {
    const main = join(projectRoot, 'dist/main.js');
    return spawnSync(process.execPath, [main, 'server', ...args], { encoding: 'utf8' });
  }

  /** It ends with this code, and says why in two lines, without a stack. */
  function expectRefusal(args: readonly string[], code: number, why: string): void {
    const { status, stderr } = run(args);
    expect(stderr).toContain(why);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(status).toBe(code);
  }

  it('ends with 2 for a wrong configuration', () => {
    expectRefusal(['--data-dir', directory(), '-DtickTime=soon'], 2, 'tickTime=soon');
    expectRefusal(['/no/such/zoo.cfg'], 2, 'configuration file=/no/such/zoo.cfg');
    expectRefusal([directory()], 2, 'a file that can be read (EISDIR)');
  });

  it('ends with 3 for a directory that it cannot have', async () => {
    const server = await startServer({ logLevel: 'fatal' });
    expectRefusal(['--data-dir', server.dataDir, '--port', '0'], 3, 'in use by process');
    await server.close();
    const file = join(directory(), 'file');
    writeFileSync(file, '');
    for (const dataDir of [file, `${file}/sub`]) {
      expectRefusal(['--data-dir', dataDir], 3, 'the data directory cannot be used: ');
    }
  });

  it('ends with 1 where it cannot listen, and says what to do', async () => {
    const server = await startServer({ logLevel: 'fatal' });
    const listen = (...where: string[]) => ['--data-dir', directory(), ...where];
    expectRefusal(listen('--port', `${server.port}`), 1, 'another process listens there: stop it');
    await server.close();
    const nowhere = listen('--port', '0', '--host', '192.0.2.1');
    expectRefusal(nowhere, 1, 'this machine has no such address');
  });

  describe('with a zoo.cfg of its own', () => {
    let server: Awaited<ReturnType<typeof startRingkeeper>> | null = null;

    afterAll(async () => {
      await server?.stop();
    });

    it('ends with 0 when it is told to, and reports syncs above the threshold', async () => {
      const settings = { 'fsync.warningthresholdms': '-1', 'ringkeeper.placement': 'paired' };
      server = await startRingkeeper({ dataDir: directory(), settings });
      const client = await RawClient.connect({ port: server.port });
      await create(client, '/slow');
      const mntr = await askFourLetterWord(server.port, 'mntr');
      expect(Number(/zk_cnt_fsynctime\t(\d+)/.exec(mntr)?.[1])).toBeGreaterThan(0);
      await client.close();
      const exitCode = await server.stop();
      expect(server.logs()).toContain('fsync-ing the write ahead log in ');
      expect(exitCode).toBe(0);
    });
  });
});
