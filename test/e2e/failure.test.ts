/** Whatever is thrown where nobody catches it ends the process with a code and a message of ours. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../support/project-root.ts';
import { writeServerConfig } from '../support/ringkeeper-process.ts';
import { ServerProcess } from '../support/server-process.ts';

/** What a signal throws in the process, and the code that it ends with. */
const failures = [
  { thrown: "new Error('injected')", code: 1, meaning: 'unexpected error' },
  {
    thrown: "Object.assign(new Error('injected'), { name: 'AssertionError' })",
    code: 21,
    meaning: 'a thread ended unexpectedly',
  },
];

it.each(failures)(
  'a process in which a callback throws $thrown ends with $code',
  async (failure) => {
    const { port, dataDir, configFile } = await writeServerConfig({});
    const injection = `process.on('SIGUSR2', () => { throw ${failure.thrown}; })`;
    const server = await ServerProcess.start({
      command: process.execPath,
      args: [
        ...['--import', `data:text/javascript,${encodeURIComponent(injection)}`],
        ...[join(projectRoot, 'dist/main.js'), 'server', configFile],
      ],
      ...{ port, dataDir },
    });
    process.kill(server.pid, 'SIGUSR2');
    expect(await server.exited).toBe(failure.code);
    expect(server.logs()).toContain('injected');
    expect(server.logs()).toContain(`ringkeeper: exit ${failure.code}, ${failure.meaning}`);
    rmSync(dataDir, { recursive: true });
  },
);
