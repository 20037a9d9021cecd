/**
 * The embedded API: a server inside somebody else's process, for tests and tools.
 *
 *     const server = await startServer();
 *     const client = connect(server.connectString);
 *     ...
 *     await server.close();
 */
import {
  dataPlace,
  embeddedConfiguration,
  type SettingValues,
  throwUncaught,
} from './embedded-options.ts';
import { startRingkeeper } from './server.ts';

export {
  type EmbeddedEnsemble,
  type EnsembleMemberControl,
  type MemberRole,
  type StartEnsembleOptions,
  startEnsemble,
} from './embedded-ensemble.ts';

export interface StartServerOptions {
  /** Where the data lives. Without it: a new temporary directory, removed by `close`. */
  readonly dataDir?: string;
  /** 0, the default, lets the system choose a free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /**
   * `inline`: everything on the caller's thread, starts fastest. `threads`: keeper and log in
   * worker threads, as a server in production. `paired`: only the log has a thread of its own.
   */
  readonly placement?: 'inline' | 'threads' | 'paired';
  /** Further settings by their zoo.cfg names, e.g. `{ tickTime: 500 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Default `warn`. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** The server has stopped because of an error. Default: the error is thrown, uncaught. */
  readonly onFailure?: (error: unknown) => void;
}

export interface EmbeddedServer {
  /** `host:port`, as every ZooKeeper client takes it; an IPv6 address in brackets. */
  readonly connectString: string;
  readonly port: number;
  readonly dataDir: string;
  /** Stops serving. Data stays on disk, unless the directory was a temporary one. */
  close(): Promise<void>;
}

/** Resolves when the server takes clients. Rejects when it cannot start. */
export async function startServer(options: StartServerOptions = {}): Promise<EmbeddedServer> {
  const { dataDir, remove } = await dataPlace(options.dataDir);
  try {
    const { settings } = embeddedConfiguration(settingsOf(options, dataDir));
    const server = await startRingkeeper({
      settings,
      serverId: 1,
      membership: null,
      onFailure: options.onFailure ?? throwUncaught,
    });
    return {
      connectString: server.connectString,
      port: server.port,
      dataDir,
      close: async () => {
        await server.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function settingsOf(options: StartServerOptions, dataDir: string): SettingValues {
  return {
    'ringkeeper.treeMemoryMb': 1024,
    '4lw.commands.whitelist': '*',
    maxClientCnxns: 0,
    ...options.settings,
    dataDir,
    clientPort: options.port ?? 0,
    clientPortAddress: options.host ?? '127.0.0.1',
    'ringkeeper.placement': options.placement ?? 'inline',
    'ringkeeper.logLevel': options.logLevel ?? 'warn',
  };
}
