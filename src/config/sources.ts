/**
 * Where values come from besides zoo.cfg: `-D` flags, environment variables, and the defaults of a
 * server without a configuration file. Turns each into a list of name, text and place; does not
 * know what the values mean.
 */
import type { Origin } from './config-error.ts';

/** Something that was said about a setting, before anybody looked whether it makes sense. */
export interface Said {
  readonly name: string;
  readonly value: string;
  readonly origin: Origin;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A server that is started without a configuration file: for development and embedding. */
const withoutFile: Readonly<Record<string, string>> = {
  dataDir: './data',
  clientPort: '2181',
  clientPortAddress: '127.0.0.1',
  tickTime: '2000',
  '4lw.commands.whitelist': 'ruok, srvr, stat, conf, cons, envi, dirs, isro, mntr, wchs',
};

export function saidWithoutFile(): Said[] {
  return Object.entries(withoutFile).map(([name, value]) => ({
    name,
    value,
    origin: { kind: 'default' },
  }));
}

/**
 * Splits the text of SERVER_JVMFLAGS or JVMFLAGS as a shell would: at blanks that stand in no
 * quotes. Options of the Java machine stay among the result; `saidByFlags` passes over them.
 */
export function flagsOfText(text: string | undefined): string[] {
  const words = text?.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, escaped, double, single) =>
      double === undefined ? (escaped ?? single) : double.replace(/\\(.)/g, '$1'),
    ),
  );
}

/** `-Dname=value`; `-Dname` alone means the empty value. All else is not ours. */
export function saidByFlags(flags: readonly string[]): Said[] {
  return flags.flatMap((flag) => {
    const match = /^-D([^=]+)(?:=(.*))?$/s.exec(flag);
    if (match === null) return [];
    const name = match[1]!;
    return [{ name, value: match[2] ?? '', origin: { kind: 'flag', name } as const }];
  });
}

const ownPrefix = 'RINGKEEPER_';

/** Variables `RINGKEEPER_<key>`; names come back without the prefix. Empty ones are not set. */
export function saidByEnvironment(environment: Environment): Said[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    name.startsWith(ownPrefix) && value !== undefined && value !== ''
      ? [{ name: name.slice(ownPrefix.length), value, origin: { kind: 'environment', name } }]
      : [],
  );
}

/** Variables of the official container image, by the key that its entry script makes of them. */
const imageVariables: Readonly<Record<string, string>> = {
  ZOO_DATA_DIR: 'dataDir',
  ZOO_DATA_LOG_DIR: 'dataLogDir',
  ZOO_TICK_TIME: 'tickTime',
  ZOO_INIT_LIMIT: 'initLimit',
  ZOO_SYNC_LIMIT: 'syncLimit',
  ZOO_AUTOPURGE_PURGEINTERVAL: 'autopurge.purgeInterval',
  ZOO_AUTOPURGE_SNAPRETAINCOUNT: 'autopurge.snapRetainCount',
  ZOO_MAX_CLIENT_CNXNS: 'maxClientCnxns',
  ZOO_STANDALONE_ENABLED: 'standaloneEnabled',
  ZOO_ADMINSERVER_ENABLED: 'admin.enableServer',
  ZOO_4LW_COMMANDS_WHITELIST: '4lw.commands.whitelist',
};

/** What the image would write into the zoo.cfg that it makes when there is none. */
export function saidByImageEnvironment(environment: Environment): Said[] {
  const said: Said[] = [];
  for (const [variable, name] of Object.entries(imageVariables)) {
    const value = environment[variable];
    if (value) said.push({ name, value, origin: { kind: 'environment', name: variable } });
  }
  for (const variable of ['ZOO_SERVERS', 'ZOO_CFG_EXTRA']) {
    for (const word of environment[variable]?.split(/\s+/) ?? []) {
      const at = word.indexOf('=');
      if (at <= 0) continue;
      const origin = { kind: 'environment', name: variable } as const;
      said.push({ name: word.slice(0, at), value: word.slice(at + 1), origin });
    }
  }
  return said;
}
