/**
 * From the words of the command line to a command. Decides nothing about the world: reads no file,
 * starts no server, and prints nothing; `main.ts` does what the command says.
 */
import { parseArgs } from 'node:util';
import type { Environment, Said } from '../config/sources.ts';
import { suggest } from '../config/suggest.ts';
import { helpText, serverHelpText, serverOptions } from './help.ts';

/** Starts a server. Fits into the sources of `readConfiguration`. */
export interface ServerCommand {
  readonly kind: 'server';
  readonly configFile: string | null;
  readonly defaults: 'development' | 'apache';
  /** `-Dname=value`, in their order. */
  readonly flags: readonly string[];
  readonly options: readonly Said[];
}

/** Starts some servers that live as long as the command. */
export interface EnsembleCommand {
  readonly kind: 'ensemble';
  readonly size: number;
  /** Of the first server; the next ones have the ports behind it. */
  readonly firstPort: number;
}

export type Command =
  | ServerCommand
  | EnsembleCommand
  /** Checks what clients recorded against what servers logged. */
  | { readonly kind: 'check'; readonly directory: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'help'; readonly text: string }
  /** Print to stderr and end with `ExitCode.invalidConfiguration`. */
  | { readonly kind: 'invalid'; readonly message: string };

const commandNames = ['server', 'ensemble', 'check', 'version', 'help'];
const ensembleDefaults = { size: 3, port: 2181 };
const ensembleSizeMax = 15;

/** `argv` without the program and the script. Never throws. */
export function parseCommand(argv: readonly string[], environment: Environment): Command {
  const [name, ...rest] = argv;
  switch (name) {
    case undefined:
    case 'help':
    case '--help':
    case '-h':
      return { kind: 'help', text: rest[0] === 'server' ? serverHelpText() : helpText() };
    case 'version':
    case '--version':
      return { kind: 'version' };
    case 'server':
      return parseServer(rest, environment);
    case 'ensemble':
      return parseEnsemble(rest);
    case 'check':
      return parseCheck(rest);
    default:
      return parseUnknown(name);
  }
}

function parseUnknown(name: string): Command {
  const near = suggest(name, commandNames);
  const hint = near === null ? `known are ${commandNames.join(', ')}` : `did you mean ${near}?`;
  const isFile = name.endsWith('.cfg');
  const better = isFile ? `to start a server: ringkeeper server ${name}` : hint;
  return { kind: 'invalid', message: `unknown command ${name}; ${better}` };
}

function parseServer(words: readonly string[], environment: Environment): Command {
  const known = [...serverOptions.keys()];
  const strings = known.map((name) => [name, { type: 'string' } as const]);
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      ...Object.fromEntries(strings),
      define: { type: 'string', short: 'D', multiple: true },
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const places: string[] = [];
  const flags: string[] = [];
  const options: Said[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') places.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.name === 'help') return { kind: 'help', text: serverHelpText() };
    const option = serverOptions.get(token.name);
    if (option === undefined && token.name !== 'define') {
      return invalidOption(token.rawName, known);
    }
    if (token.value === undefined || token.value === '') {
      return invalid(`${token.rawName} needs a value`);
    }
    if (option === undefined) {
      flags.push(`-D${token.value}`);
    } else {
      const origin = { kind: 'option', name: token.rawName } as const;
      options.push({ name: option.key, value: token.value, origin });
    }
  }
  return placed(places, { flags, options }, environment);
}

function parseCheck([directory, ...others]: readonly string[]): Command {
  if (directory === undefined || others.length > 0) {
    return { kind: 'invalid', message: 'check needs one run directory; see ringkeeper help' };
  }
  return { kind: 'check', directory };
}

function parseEnsemble(words: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: {
      size: { type: 'string' },
      port: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    allowPositionals: true,
  });
  if (values['help'] === true) return { kind: 'help', text: helpText() };
  const [alien] = [
    ...Object.keys(values).filter((name) => !/^(size|port)$/.test(name)),
    ...positionals,
  ];
  if (alien !== undefined) return invalidEnsemble(`${alien} is not understood`);
  const size = Number(values['size'] ?? ensembleDefaults.size);
  const firstPort = Number(values['port'] ?? ensembleDefaults.port);
  if (!Number.isInteger(size) || size < 2 || size > ensembleSizeMax) {
    return invalidEnsemble(`--size takes a number from 2 to ${ensembleSizeMax}`);
  }
  if (!Number.isInteger(firstPort) || firstPort < 1 || firstPort + size > 65_536) {
    return invalidEnsemble('--port takes the number of a port');
  }
  return { kind: 'ensemble', size, firstPort };
}

function invalidEnsemble(message: string): Command {
  return { kind: 'invalid', message: `${message}; see ringkeeper help` };
}

function invalid(message: string): Command {
  return { kind: 'invalid', message: `${message}; see ringkeeper help server` };
}

function invalidOption(rawName: string, known: readonly string[]): Command {
  const names = known.map((name) => `--${name}`);
  const near = suggest(rawName, names);
  const hint = near === null ? '' : ` (did you mean ${near}?)`;
  return invalid(`unknown option ${rawName}${hint}`);
}

/**
 * Nothing, the path of a configuration file, or Apache's port, data directory, tick time and
 * connections of an address (`ServerConfig.parse`).
 */
function placed(
  places: readonly string[],
  { flags, options }: Pick<ServerCommand, 'flags' | 'options'>,
  { ZOOCFGDIR, ZOOCFG }: Environment,
): Command {
  const [first, ...others] = places;
  if (others.length === 0) {
    if (first !== undefined && /^\d+$/.test(first)) {
      return invalid(`server ${first} needs a data directory after the port`);
    }
    const named = ZOOCFG ?? 'zoo.cfg';
    const isPath = ZOOCFGDIR === undefined || named.startsWith('/');
    const byScript = ZOOCFGDIR === undefined && ZOOCFG === undefined ? null : named;
    const configFile = first ?? (byScript === null || isPath ? byScript : `${ZOOCFGDIR}/${named}`);
    return { kind: 'server', configFile, defaults: 'development', flags, options };
  }
  const keys = ['clientPort', 'dataDir', 'tickTime', 'maxClientCnxns'];
  if (places.length > keys.length) {
    return invalid(`too many words: ${places.slice(keys.length).join(' ')}`);
  }
  const said = places.map((value, at): Said => {
    return { name: keys[at]!, value, origin: { kind: 'option', name: `<${keys[at]!}>` } };
  });
  return {
    kind: 'server',
    configFile: null,
    defaults: 'apache',
    flags,
    options: [...said, ...options],
  };
}
