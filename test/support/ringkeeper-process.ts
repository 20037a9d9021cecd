/**
 * Our server as a child process, from the bundle in `dist`: writes a `zoo.cfg` beside its data and
 * starts `node dist/main.js server <zoo.cfg>`.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { projectRoot } from './project-root.ts';
import { ServerProcess } from './server-process.ts';

export interface ServerOptions {
  /** A new temporary directory unless given. Logs and snapshots lie in its `version-2`. */
  dataDir?: string;
  /** A free one unless given. */
  port?: number;
  /** Arguments of Node.js or of the JVM. */
  runtimeArgs?: readonly string[];
  /** Further lines of `zoo.cfg`; they win over the defaults. */
  settings?: Record<string, string>;
}

/** Starts our server standalone on the loopback interface and resolves when it serves. */
export async function startRingkeeper(options: ServerOptions = {}): Promise<ServerProcess> {
  const { port, dataDir, configFile } = await writeServerConfig(options);
  return ServerProcess.start({
    command: process.execPath,
    args: [...(options.runtimeArgs ?? []), join(projectRoot, 'dist/main.js'), 'server', configFile],
    port,
    dataDir,
  });
}

/** What `zoo.cfg` says besides directory and port, for ours and Apache's server alike. */
export const serverDefaults: Readonly<Record<string, string>> = {
  clientPortAddress: '127.0.0.1',
  tickTime: '2000',
  'admin.enableServer': 'false',
  '4lw.commands.whitelist': '*',
  maxClientCnxns: '0',
};

/** Writes `zoo.cfg` into the data directory; the same text serves ours and Apache's server. */
export async function writeServerConfig(
  options: ServerOptions,
): Promise<{ port: number; dataDir: string; configFile: string }> {
  const dataDir = options.dataDir ?? temporaryDirectory();
  mkdirSync(dataDir, { recursive: true });
  const port = options.port ?? (await freePort());
  const settings: Record<string, string> = {
    dataDir,
    clientPort: String(port),
    ...serverDefaults,
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  const configFile = join(dataDir, 'zoo.cfg');
  writeFileSync(configFile, `${lines.join('\n')}\n`);
  return { port, dataDir, configFile };
}

/** A directory of its own under the system's temporary one. The caller may leave it there. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'ringkeeper-'));
}
