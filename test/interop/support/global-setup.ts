/** Installs and compiles the peers, and bundles our server, once before all interop suites. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import buildBundle from '../../support/build-bundle.ts';
import { projectRoot } from '../../support/project-root.ts';
import { targetName } from '../../support/target-server.ts';

export default function setUpInterop(): void {
  if (targetName === 'ringkeeper') buildBundle();
  const script = join(projectRoot, 'test/interop/setup.sh');
  execFileSync('bash', [script], { stdio: 'inherit' });
}
