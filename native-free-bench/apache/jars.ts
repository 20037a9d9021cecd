/**
 * Finds the jars of a version of Apache ZooKeeper, or brings them from Maven Central with the
 * machine's own Maven. They are kept in a git-ignored cache and never become part of the project.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../test/support/project-root.ts';

/** The release we promise to be compatible with, and the newest one of the line before. */
export const apacheVersion = '3.9.5';
export const apacheVersionBefore = '3.8.6';

/** Class path of that version: every jar, and the directory with the logging configuration. */
export async function apacheClassPath(version: string = apacheVersion): Promise<string> {
  const directory = join(projectRoot, 'native-free-bench/.cache/apache', version);
  if (!existsSync(directory)) await fetchJars(version, directory);
  const jars = readdirSync(directory).filter((name) => name.endsWith('.jar'));
  if (!jars.includes(`zookeeper-${version}.jar`)) throw new Error(`no server jar in ${directory}`);
  const entries = jars.sort().map((name) => join(directory, name));
  return [join(projectRoot, 'native-free-bench/apache'), ...entries].join(':');
}

/** Copies beside the final directory first, so that a run cut short leaves no half of it. */
async function fetchJars(version: string, directory: string): Promise<void> {
  const partial = `${directory}.${process.pid}.partial`;
  mkdirSync(dirname(directory), { recursive: true });
  await promisify(execFile)('mvn', [
    '--quiet',
    '--batch-mode',
    '--file',
    join(projectRoot, 'native-free-bench/apache/pom.xml'),
    'dependency:copy-dependencies',
    `-Dzookeeper.version=${version}`,
    `-DoutputDirectory=${partial}`,
  ]);
  if (existsSync(directory)) rmSync(partial, { recursive: true });
  else renameSync(partial, directory);
}
