/**
 * The jars of a version of Apache ZooKeeper, brought from Maven Central when they are not in the
 * cache yet, or those of a distribution on this machine. They never become part of the project.
 */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../test/support/project-root.ts';

/** The release we promise to be compatible with, and the newest one of the line before. */
export const apacheVersion = '3.9.5';
export const apacheVersionBefore = '3.8.6';
/** The release that Debian 12 has. */
export const apacheVersionDebian = '3.8.0';

const here = join(projectRoot, 'native-free-bench/apache');

/**
 * Class path of that version, or of the unpacked distribution at that absolute path: every jar, and
 * the directory with the logging configuration.
 */
export async function apacheClassPath(versionOrHome: string = apacheVersion): Promise<string> {
  if (isAbsolute(versionOrHome)) return classPathOf(join(versionOrHome, 'lib'));
  const script = join(here, 'fetch-jars.sh');
  const { stdout } = await promisify(execFile)('bash', [script, versionOrHome]);
  return classPathOf(stdout.trim());
}

function classPathOf(directory: string): string {
  const jars = readdirSync(directory).filter((name) => name.endsWith('.jar'));
  if (!jars.some((name) => /^zookeeper-\d[\d.]*\.jar$/.test(name))) {
    throw new Error(`no zookeeper-*.jar in ${directory}`);
  }
  return [here, ...jars.sort().map((name) => join(directory, name))].join(':');
}
