/**
 * Global setup of the test runs: bundles the server and the benches once, since tests that start
 * real processes run what is in `dist`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project-root.ts';

export default function buildBundle(): void {
  if (!existsSync(join(projectRoot, 'src/main.ts'))) return;
  for (const script of ['bundle', 'bundle:bench']) {
    const args = ['run', '--silent', '--if-present', script];
    execFileSync('npm', args, { cwd: projectRoot, stdio: 'inherit' });
  }
}
