/** Every four-letter word, asked of a real process that has something to tell. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { startTarget, targetName } from '../support/target-server.ts';

/** So many that the zxids of the digests, which `hash` tells in hex, have letters, too. */
const creates = 2800;
const ephemeral = 1;

describe(`a ${targetName} server with a client, nodes and watches`, () => {
  let server: ServerProcess;
  let client: RawClient;

  beforeAll(async () => {
    server = await startTarget();
    client = await RawClient.connect({ port: server.port });
    await requests.create(client, '/words');
    await requests.create(client, '/words/mine', { flags: ephemeral });
    const made = Array.from({ length: creates }, (_, i) => requests.create(client, `/words/${i}`));
    await Promise.all(made);
    await requests.getData(client, '/words', true);
  });

  afterAll(async () => {
    await client.close();
    await server.stop();
    rmSync(server.dataDir, { recursive: true, force: true });
  });

  it.each([
    { word: 'conf', tells: /^clientPort=\d+$/m },
    { word: 'cons', tells: /^ \/127\.0\.0\.1:\d+\[1\]\(.*sid=0x[0-9a-f]+.*\)$/m },
    { word: 'dirs', tells: /^logdir_size: [1-9]\d*$/m },
    { word: 'dump', tells: /^\t\/words\/mine$/m },
    { word: 'envi', tells: /^zookeeper\.version=3\.9/m },
    { word: 'gtmk', tells: /^\d+$/m },
    { word: 'ruok', tells: /^imok$/ },
    { word: 'srvr', tells: /^Mode: standalone\nNode count: 2807$/m },
    { word: 'stat', tells: /^Clients:\n \/127\.0\.0\.1:\d+/m },
    { word: 'wchs', tells: /^1 connections watching 1 paths\nTotal watches:1$/m },
    { word: 'wchc', tells: /^0x[0-9a-f]+\n\t\/words$/m },
    { word: 'wchp', tells: /^\/words\n\t0x[0-9a-f]+$/m },
    { word: 'mntr', tells: /^zk_znode_count\t2807$/m },
    { word: 'isro', tells: /^rw$/ },
    { word: 'hash', tells: /^80: -?\d+\n(.+\n)*a00: -?\d+$/m },
    { word: 'crst', tells: /^Connection stats reset\.$/m },
    { word: 'srst', tells: /^Server stats reset\.$/m },
  ])('answers $word and goes on serving', async ({ word, tells }) => {
    expect(await askFourLetterWord(server.port, word)).toMatch(tells);
    expect((await client.ping()).err).toBe(0);
  });
});
