/** Apache's command shell, fed through its standard input as a person would type. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apacheClassPath } from '../../native-free-bench/apache/jars.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { startTarget, targetName } from '../support/target-server.ts';

const commands = [
  'create /shell one',
  'get -s /shell',
  'set -v 0 /shell two',
  'set -v 0 /shell three',
  'get /shell',
  'create -e /shell/ephemeral x',
  'create -s /shell/n- x',
  'create -c /shell/container',
  'ls -R /shell',
  'addauth digest alice:secret',
  'setAcl /shell/ephemeral auth::cdrwa',
  'getAcl /shell/ephemeral',
  'whoami',
  'stat /shell',
  'getEphemerals',
  'getAllChildrenNumber /shell',
  'setquota -n 10 /shell',
  'listquota /shell',
  'delete /shell/n-0000000001',
  'config',
  'version',
  'deleteall /shell/container',
  'quit',
] as const;

describe(`Apache's command shell against ${targetName}`, () => {
  let server: ServerProcess;
  let text = '';
  let exitCode: number | null = null;

  beforeAll(async () => {
    server = await startTarget();
    const shell = spawn('java', [
      '-cp',
      await apacheClassPath(),
      'org.apache.zookeeper.ZooKeeperMain',
      '-waitforconnection',
      '-server',
      server.connectString,
    ]);
    for (const stream of [shell.stdout, shell.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
    }
    const exited = new Promise<number | null>((resolve) => shell.on('close', resolve));
    shell.stdin.end(`${commands.join('\n')}\n`);
    exitCode = await exited;
  });

  afterAll(async () => {
    await server.stop();
    rmSync(server.dataDir, { recursive: true, force: true });
  });

  it.each([
    { does: 'creates a node', pattern: /^Created \/shell$/m },
    { does: 'reads it', pattern: /^one$/m },
    { does: 'shows its stat', pattern: /^dataLength = 3$/m },
    { does: 'is refused a stale version', pattern: /version No is not valid : \/shell/ },
    { does: 'reads what it wrote', pattern: /^two$/m },
    { does: 'creates an ephemeral node', pattern: /^Created \/shell\/ephemeral$/m },
    { does: 'numbers a sequential node', pattern: /^Created \/shell\/n-0000000001$/m },
    { does: 'creates a container', pattern: /^Created \/shell\/container$/m },
    { does: 'lists a subtree', pattern: /^\/shell\n(\/shell\/.*\n)*\/shell\/n-0000000001$/m },
    { does: 'sets an ACL by its identity', pattern: /^'digest,'alice:/m },
    { does: 'tells who it is', pattern: /^digest: alice$/m },
    { does: 'lists its ephemeral nodes', pattern: /\[\/shell\/ephemeral\]/ },
    { does: 'counts descendants', pattern: /^3$/m },
    { does: 'reads a quota', pattern: /Output quota for \/shell count=10/ },
  ])('$does', ({ pattern }) => {
    expect(text).toMatch(pattern);
  });

  it('ends without an error', () => {
    expect(exitCode).toBe(0);
    expect(text).not.toMatch(/KeeperErrorCode|Exception in thread/);
  });
});
