import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apacheJars } from '../../native-free-bench/apache/jars.ts';

describe('the jars of Apache ZooKeeper on this machine', () => {
  const home = mkdtempSync(join(tmpdir(), 'ringkeeper-jars-'));
  const lib = join(home, 'lib');
  mkdirSync(lib);
  for (const name of ['zookeeper-jute-3.9.1.jar', 'zookeeper-3.9.1.jar', 'netty.jar', 'NOTICE']) {
    writeFileSync(join(lib, name), '');
  }

  it.each([home, lib, join(lib, 'zookeeper-3.9.1.jar')])('are found at %s', async (path) => {
    const { version, classPath } = await apacheJars(path);
    expect(version).toBe('3.9.1');
    const [logging, ...jars] = classPath.split(':');
    expect(logging).toContain('native-free-bench/apache');
    expect(jars).toEqual(
      ['netty.jar', 'zookeeper-3.9.1.jar', 'zookeeper-jute-3.9.1.jar'].map((name) =>
        join(lib, name),
      ),
    );
  });

  it('are missed by name', async () => {
    await expect(apacheJars('/nowhere')).rejects.toThrow('no zookeeper-<version>.jar in /nowhere');
  });
});
