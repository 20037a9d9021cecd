/**
 * The jars of a version of Apache ZooKeeper, brought from Maven Central when they are not in the
 * cache yet. They never become part of the project.
 */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../test/support/project-root.ts';

/** The release we promise to be compatible with, and the newest one of the line before. */
export const apacheVersion = '3.9.5';
export const apacheVersionBefore = '3.8.6';
/** The release that Debian 12 has. */
export const apacheVersionDebian = '3.8.0';

/** Class path of that version: every jar, and the directory with the logging configuration. */
export async function apacheClassPath(version: string = apacheVersion): Promise<string> {
  const here = join(projectRoot, 'native-free-bench/apache');
  const { stdout } = await promisify(execFile)('bash', [join(here, 'fetch-jars.sh'), version]);
  const directory = stdout.trim();
  const jars = readdirSync(directory).filter((name) => name.endsWith('.jar'));
  if (!jars.includes(`zookeeper-${version}.jar`)) throw new Error(`no server jar in ${directory}`);
  return [here, ...jars.sort().map((name) => join(directory, name))].join(':');
}
