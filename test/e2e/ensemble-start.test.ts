/** What keeps a member of an ensemble from starting is said in words, and by an exit code. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { EnsembleProcesses, ringkeepers } from '../support/ensemble-processes.ts';
import { freePort } from '../support/free-port.ts';
import { startRingkeeper, temporaryDirectory } from '../support/ringkeeper-process.ts';

const directories: string[] = [];

afterEach(() => {
  for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true });
});

interface Wrong {
  readonly myId?: string;
  readonly electionPort?: number;
  readonly settings?: Record<string, string>;
}

/** A member of three, the others of which are not there. */
async function startMember({ myId = '2', settings, ...wrong }: Wrong): Promise<never> {
  const dataDir = temporaryDirectory();
  directories.push(dataDir);
  mkdirSync(dataDir, { recursive: true });
  if (myId !== '') writeFileSync(join(dataDir, 'myid'), `${myId}\n`);
  const servers: Record<string, string> = {};
  for (const id of [1, 2, 3]) {
    const own = id === 2 ? wrong.electionPort : undefined;
    servers[`server.${id}`] = `127.0.0.1:${await freePort()}:${own ?? (await freePort())}`;
  }
  const server = await startRingkeeper({
    dataDir,
    settings: { initLimit: '10', syncLimit: '5', ...servers, ...settings },
  });
  await server.kill();
  throw new Error('it serves without a quorum');
}

it('a member says that it waits for a quorum, and later that it has a leader', async () => {
  const ensemble = await EnsembleProcesses.prepare({ voters: ringkeepers(3) });
  try {
    const [first, second] = ensemble.members;
    await first!.start();
    const startLine = `waits for a quorum to serve ZooKeeper clients on 127.0.0.1:${first!.port}\n`;
    await ensemble.waitFor('the start line', () => first!.log.includes(startLine) || null);
    expect(first!.log).not.toMatch(/ING in epoch/);
    await second!.start();
    await ensemble.allServe();
    expect(first!.log).toMatch(/(LEADING|FOLLOWING) in epoch 1/);
  } finally {
    await ensemble.close();
  }
});

it('a member without a number ends with 2 and says which file is missing', async () => {
  await expect(startMember({ myId: '' })).rejects.toThrow(/myid.*exit 2,/s);
});

it('a member with the number of nobody ends with 2 and says so', async () => {
  await expect(startMember({ myId: '7' })).rejects.toThrow(/myid=7.*server\.N.*exit 2,/s);
});

it('a member whose lines are no addresses ends with 2 and says which', async () => {
  const settings = { 'server.4': '127.0.0.1:2888' };
  await expect(startMember({ settings })).rejects.toThrow(/server\.4.*exit 2,/s);
});

it('a member without initLimit ends with 2 and says so', async () => {
  await expect(startMember({ settings: { initLimit: '0' } })).rejects.toThrow(
    /initLimit.*exit 2,/s,
  );
});

it.each(['paired', 'threads'])(
  'a member whose election port is taken ends with 14 (%s)',
  async (placement) => {
    const electionPort = await freePort();
    const other = createServer().listen(electionPort, '127.0.0.1');
    const settings = { electionPortBindRetry: '2', 'ringkeeper.placement': placement };
    await expect(startMember({ electionPort, settings })).rejects.toThrow(
      /election port could not be listened on, tried 2 times.*EADDRINUSE.*exit 14,/s,
    );
    other.close();
  },
);
