/**
 * Apache's server as a child process, standalone on the loopback interface with its admin server
 * off: the reference that benches and tests put beside ours.
 */
import { type ServerOptions, writeServerConfig } from '../../test/support/ringkeeper-process.ts';
import { ServerProcess } from '../../test/support/server-process.ts';
import { apacheClassPath } from './jars.ts';

/** Of a JVM, as `-Xmx` takes it, unless an option says otherwise. */
export const apacheHeap = '2g';
export const apacheMainClass = 'ZooKeeperServerMain';

export interface ApacheOptions extends ServerOptions {
  version?: string;
  /** Below `org.apache.zookeeper.server`: standalone unless given. */
  mainClass?: string;
  /** JVM heap, as `-Xmx` takes it. */
  heap?: string;
  /** System properties, e.g. `zookeeper.snapCount`. */
  properties?: Record<string, string>;
}

/** Starts Apache's server and resolves when it serves. */
export async function startApache(options: ApacheOptions = {}): Promise<ServerProcess> {
  const classPath = await apacheClassPath(options.version);
  const { port, dataDir, configFile } = await writeServerConfig(options);
  const properties = Object.entries(options.properties ?? {});
  return ServerProcess.start({
    command: 'java',
    args: [
      `-Xmx${options.heap ?? apacheHeap}`,
      ...(options.runtimeArgs ?? []),
      ...properties.map(([name, value]) => `-D${name}=${value}`),
      '-cp',
      classPath,
      `org.apache.zookeeper.server.${options.mainClass ?? apacheMainClass}`,
      configFile,
    ],
    port,
    dataDir,
  });
}
