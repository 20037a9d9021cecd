/**
 * The jars of a version of Apache ZooKeeper, brought from Maven Central when they are not in the
 * cache yet, or those that lie on this machine. They never become part of the project.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../test/support/project-root.ts';

/** The release we promise to be compatible with, and the newest one of the line before. */
export const apacheVersion = '3.9.5';
export const apacheVersionBefore = '3.8.6';
/** The release that Debian 12 has. */
export const apacheVersionDebian = '3.8.0';

const here = join(projectRoot, 'native-free-bench/apache');
const run = promisify(execFile);
const serverJar = /^zookeeper-(\d[\d.]*)\.jar$/;

export interface ApacheJars {
  readonly version: string;
  /** Every jar, and the directory with the logging configuration. */
  readonly classPath: string;
}

/**
 * The jars of that version, or those at that absolute path: an unpacked distribution, a folder of
 * jars, or the server's jar among them. Rejects with what is missing.
 */
export async function apacheJars(versionOrPath: string = apacheVersion): Promise<ApacheJars> {
  if (isAbsolute(versionOrPath)) return jarsIn(jarDirectory(versionOrPath));
  const script = join(here, 'fetch-jars.sh');
  const { stdout } = await run('bash', [script, versionOrPath]).catch((error: Error) => {
    throw new Error(`Maven could not fetch Apache ZooKeeper ${versionOrPath}: ${error.message}`);
  });
  return jarsIn(stdout.trim());
}

export async function apacheClassPath(versionOrPath?: string): Promise<string> {
  return (await apacheJars(versionOrPath)).classPath;
}

/** As `java -version` begins; rejects where there is no Java. */
export async function javaVersion(): Promise<string> {
  const { stderr } = await run('java', ['-version']).catch((error: Error) => {
    throw new Error(`Apache ZooKeeper needs Java: ${error.message}`);
  });
  return stderr.split('\n')[0]!.replaceAll('"', '').replace(' version ', ' ');
}

function jarDirectory(path: string): string {
  if (path.endsWith('.jar')) return dirname(path);
  const lib = join(path, 'lib');
  return existsSync(lib) ? lib : path;
}

function jarsIn(directory: string): ApacheJars {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const jars = names.filter((name) => name.endsWith('.jar')).sort();
  const version = jars.map((name) => serverJar.exec(name)?.[1]).find((each) => each !== undefined);
  if (version === undefined) throw new Error(`no zookeeper-<version>.jar in ${directory}`);
  return { version, classPath: [here, ...jars.map((name) => join(directory, name))].join(':') };
}
