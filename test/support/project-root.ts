/**
 * Where the project lies, found upwards from the running module, so that the same code works from
 * its source and from a bundle.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findProjectRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error('no package.json above this module');
    directory = parent;
  }
  return directory;
}

export const projectRoot = findProjectRoot();
