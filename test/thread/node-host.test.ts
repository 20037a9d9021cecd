import os from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nodeHost } from '../../src/thread/node-host.ts';

function systemError(): never {
  throw new Error('A system error occurred: uv_os_get_passwd returned ENOENT');
}

describe('what the host says of itself', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is complete for a user whom the system does not know by name', () => {
    vi.spyOn(os, 'userInfo').mockImplementation(systemError);
    vi.spyOn(os, 'homedir').mockImplementation(systemError);
    vi.spyOn(process, 'cwd').mockImplementation(systemError);
    vi.stubEnv('USER', undefined);
    const { userName, userHome, workingDirectory } = nodeHost();
    expect([userName, userHome, workingDirectory]).toEqual(['?', '?', '?']);
    vi.unstubAllEnvs();
  });
});
