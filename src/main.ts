#!/usr/bin/env node
/**
 * The process: reads the command line and the configuration, starts a server, waits for the end.
 * The only file that ends the process, and that prints for people instead of logging.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { checkRun, reportOf } from './check/check-run.ts';
import { readRunDirectory } from './check/node-run-directory.ts';
import { type EnsembleCommand, parseCommand, type ServerCommand } from './cli/command.ts';
import { ExitCode, exitMeaning } from './cli/exit-codes.ts';
import { versionLine } from './cli/help.ts';
import { ThrowAwayEnsemble } from './cli/throw-away-ensemble.ts';
import { ConfigError } from './config/config-error.ts';
import { type Configuration, readConfiguration } from './config/read-configuration.ts';
import { type RingkeeperServer, startRingkeeper } from './server.ts';
import { NodeDisk } from './storage/node-disk.ts';
import { ownVersion } from './thread/own-version.ts';

/**
 * The errors whose message says all. They keep their name on the way from a worker thread, but not
 * their class.
 */
const exitCodeOf: Readonly<Record<string, ExitCode>> = {
  RunDirectoryError: ExitCode.invalidConfiguration,
  ConfigError: ExitCode.invalidConfiguration,
  DataDirectoryError: ExitCode.dataDirectoryInaccessible,
  DirectoryLockedError: ExitCode.dataDirectoryInaccessible,
  DiskError: ExitCode.logWriteFailed,
  ElectionPortError: ExitCode.quorumPortBindFailed,
  AssertionError: ExitCode.threadDied,
  ClientPortError: ExitCode.unexpectedError,
  MemberEndedError: ExitCode.unexpectedError,
  RecoveryError: ExitCode.unexpectedError,
};
/** Session ids of a standalone server begin with this byte (Apache). */
const standaloneServerId = 1;
const dayMs = 86_400_000;

function end(code: ExitCode, message?: string): never {
  if (message !== undefined) process.stderr.write(`${message}\n`);
  process.exit(code);
}

function fail(error: unknown): never {
  const { name, message, stack } = error as Error;
  const code = exitCodeOf[name] ?? ExitCode.unexpectedError;
  const text = name in exitCodeOf ? message : (stack ?? String(error));
  return end(code, `ringkeeper: ${text}\nringkeeper: exit ${code}, ${exitMeaning(code)}`);
}

/** What nobody caught would end the process with a code of Node's. */
process.on('uncaughtException', fail).on('unhandledRejection', fail);

function configure(command: ServerCommand): Configuration {
  return readConfiguration({
    ...command,
    environment: process.env,
    readText,
  });
}

/** Null when there is no such file. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    const allowed = `a file that can be read (${code})`;
    throw new ConfigError({ origin: { kind: 'default' }, key: 'file', value: path, allowed });
  }
}

/**
 * A young collection here keeps next to nothing. When helper threads have a share in it, it is over
 * when the last of them has had its turn, which on a busy machine is much later.
 */
function collectWithoutHelpers(): void {
  setFlagsFromString('--no-parallel-scavenge');
}

async function serve(command: ServerCommand): Promise<void> {
  collectWithoutHelpers();
  const configuration = configure(command);
  const { settings, myId, warnings, isDistributed } = configuration;
  const serverId = myId ?? standaloneServerId;
  const membership = isDistributed ? configuration.membership : null;
  const server = await startRingkeeper({ settings, serverId, membership, onFailure: fail });
  for (const warning of warnings) server.ports.logger.warn({}, warning.message);
  endOnSignal(server);
  // The log tells when a member has found a leader.
  const does = server.isServing ? 'serves' : 'waits for a quorum to serve';
  process.stdout.write(
    `ringkeeper ${ownVersion} ${does} ZooKeeper clients on ${server.connectString}\n` +
      `Try: echo srvr | nc ${settings.clientPortAddress ?? '127.0.0.1'} ${server.port}\n`,
  );
}

function endOnSignal(server: RingkeeperServer): void {
  const onSignal = () => {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
    server.close().then(() => end(ExitCode.ok), fail);
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
}

async function play({ size, firstPort }: EnsembleCommand): Promise<void> {
  const [, script = ''] = process.argv;
  const ending = new AbortController();
  const onSignal = () => {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
    ending.abort();
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  const { signal } = ending;
  const ensemble = await ThrowAwayEnsemble.start({ size, firstPort, script, signal }).catch(
    (error: unknown) => (signal.aborted ? end(ExitCode.ok) : fail(error)),
  );
  signal.addEventListener('abort', () => void ensemble.end().then(() => end(ExitCode.ok), fail));
  process.stdout.write(
    `${size} servers serve ZooKeeper clients on ${ensemble.connectString}\n` +
      `Try: echo srvr | nc 127.0.0.1 ${firstPort}    (data in ${ensemble.directory} until Ctrl-C)\n`,
  );
  // The children live beside; nothing else keeps this process alive.
  setInterval(() => {}, dayMs);
}

/** Ends with 0 when all stages hold, with 1 when not, with 2 when there is nothing to check. */
function check(directory: string): void {
  const result = checkRun(readRunDirectory(new NodeDisk(), directory));
  process.stdout.write(reportOf(result));
  process.exitCode = result.findings.isClean ? ExitCode.ok : ExitCode.unexpectedError;
}

const command = parseCommand(process.argv.slice(2), process.env);
switch (command.kind) {
  case 'server':
    serve(command).catch(fail);
    break;
  case 'ensemble':
    play(command).catch(fail);
    break;
  case 'check':
    check(command.directory);
    break;
  case 'version':
    process.stdout.write(versionLine(ownVersion));
    break;
  case 'help':
    process.stdout.write(`${command.text}\n`);
    break;
  case 'invalid':
    end(ExitCode.invalidConfiguration, `ringkeeper: ${command.message}`);
}
