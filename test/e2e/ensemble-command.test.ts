/** `npm run ensemble`: three processes to try things with, gone when they are told to end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { canListen, freePort } from '../support/free-port.ts';
import { projectRoot } from '../support/project-root.ts';
import { RawClient } from '../support/raw-client.ts';
import { create, getData } from '../support/raw-requests.ts';

const script = join(projectRoot, 'dist/main.js');

function startCommand(port: number): ChildProcess {
  return spawn(process.execPath, [script, 'ensemble', '--port', `${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));

/** Everything that is printed until it holds `word`. */
function printed(child: ChildProcess, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (piece: Buffer) => {
      text += piece.toString();
      if (text.includes(word)) resolve(text);
    });
    child.once('exit', () => reject(new Error(`ended with: ${text}`)));
  });
}

/** The first of three ports in a row, all free. */
async function firstPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if ((await canListen(port + 1)) && (await canListen(port + 2))) return port;
  }
}

it('serves clients on three servers, and leaves nothing behind', async () => {
  const port = await firstPort();
  const command = startCommand(port);
  const text = await printed(command, 'Ctrl-C)\n');
  expect(text).toContain(`127.0.0.1:${port},127.0.0.1:${port + 1},127.0.0.1:${port + 2}`);
  const writer = await RawClient.connect({ port });
  await create(writer, '/hello', { data: Buffer.from('you') });
  const reader = await RawClient.connect({ port: port + 2, lastZxidSeen: 0n });
  await expect.poll(async () => (await getData(reader, '/hello')).data?.length).toBe(3);
  const directory = /data in (\S+)/.exec(text)?.[1] ?? '';
  expect(existsSync(join(directory, '3/version-2'))).toBe(true);
  const exit = exitOf(command);
  command.kill('SIGTERM');
  expect(await exit).toBe(0);
  expect(existsSync(directory)).toBe(false);
});

it('ends as well when it is told to before it serves', async () => {
  const command = startCommand(await firstPort());
  const exit = exitOf(command);
  await new Promise((resolve) => command.once('spawn', resolve));
  command.kill('SIGINT');
  expect([0, null]).toContain(await exit);
});

it('says which port is taken, and ends with all servers', async () => {
  const port = await firstPort();
  const other = createServer().listen(port + 1, '127.0.0.1');
  const command = startCommand(port);
  let said = '';
  command.stderr?.on('data', (piece: Buffer) => (said += piece.toString()));
  expect(await exitOf(command)).toBe(1);
  expect(said).toContain(`127.0.0.1:${port + 1} (EADDRINUSE): another process listens there`);
  expect(said).toContain(`the server on port ${port + 1} has ended`);
  expect(said).not.toContain('    at ');
  other.close();
});
