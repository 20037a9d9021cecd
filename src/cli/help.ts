/**
 * What `ringkeeper help` and `ringkeeper version` print, and the options of the command `server`
 * that they describe. Texts only.
 */
import { apacheVersion } from '../admin/environment.ts';
import { ExitCode, exitMeaning } from './exit-codes.ts';

export interface ServerOption {
  /** The key of zoo.cfg that the option sets. */
  readonly key: string;
  readonly placeholder: string;
  readonly means: string;
}

/** Options of `server` by name, without the dashes. */
export const serverOptions: ReadonlyMap<string, ServerOption> = new Map([
  ['data-dir', { key: 'dataDir', placeholder: 'DIR', means: 'where snapshots and logs are kept' }],
  ['port', { key: 'clientPort', placeholder: 'N', means: 'port for clients; 0 chooses one' }],
  ['host', { key: 'clientPortAddress', placeholder: 'H', means: 'address to listen on' }],
  [
    'placement',
    { key: 'ringkeeper.placement', placeholder: 'X', means: 'auto, threads, paired or inline' },
  ],
  [
    'log-level',
    {
      key: 'ringkeeper.logLevel',
      placeholder: 'L',
      means: 'trace, debug, info, warn, error or fatal',
    },
  ],
  ['log-format', { key: 'ringkeeper.logFormat', placeholder: 'F', means: 'text or json' }],
]);

export function helpText(): string {
  return `ringkeeper: a server for ZooKeeper clients.

  ringkeeper server [zoo.cfg] [options]   start a server
  ringkeeper ensemble [--size 3] [--port 2181]
                                          start servers to try things with, until Ctrl-C
  ringkeeper check DIR                    check recorded histories against servers' logs
  ringkeeper version                      print the version
  ringkeeper help [server]                print this, or the options of a command

Without a configuration file the server listens on 127.0.0.1:2181 and keeps its data in ./data.
`;
}

export function serverHelpText(): string {
  const options = [...serverOptions].map(([name, { placeholder, means }]) => {
    return `  ${`--${name} ${placeholder}`.padEnd(18)}  ${means}`;
  });
  const codes = Object.values(ExitCode).map((code) => {
    return `  ${String(code).padStart(2)}  ${exitMeaning(code)}`;
  });
  return `Start a server.

  ringkeeper server [zoo.cfg] [options]
  ringkeeper server <port> <dataDir> [<tickTime> [<maxClientCnxns>]] [options]

Options win over the configuration file and the environment:
${options.join('\n')}
  -Dname=value        any setting, as for the Java server; -Dzookeeper.name=value too

Every setting can also come from the environment, as RINGKEEPER_<KEY>: RINGKEEPER_TICK_TIME=2000.
SERVER_JVMFLAGS and JVMFLAGS are searched for -D flags; ZOOCFGDIR and ZOOCFG name the file when
the command does not.

Exit codes:
${codes.join('\n')}
`;
}

/** One line, for `ringkeeper version`. */
export function versionLine(ownVersion: string): string {
  return `ringkeeper ${ownVersion}, compatible with Apache ZooKeeper, version ${apacheVersion}\n`;
}
