/** The version in package.json, and when this build was made. */
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = import.meta.url;

/** This file, and the bundle of a thread, are one folder deeper than the bundle of a process. */
function packageVersion(): string {
  const isInFolder = /\/thread\/[^/]+$/.test(here);
  const path = new URL(isInFolder ? '../../package.json' : '../package.json', here);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

export const ownVersion: string = packageVersion();

export function builtMs(): number {
  return statSync(fileURLToPath(here)).mtimeMs;
}
