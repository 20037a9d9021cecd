/** Installs and compiles the peers, and bundles our server, once before all interop suites. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { apacheClassPath } from '../../../native-free-bench/apache/jars.ts';
import buildBundle from '../../support/build-bundle.ts';
import { projectRoot } from '../../support/project-root.ts';
import { targetName } from '../../support/target-server.ts';

export default async function setUpInterop(): Promise<void> {
  if (targetName === 'ringkeeper') buildBundle();
  const env = { ...process.env, APACHE_CLASS_PATH: await apacheClassPath() };
  const script = join(projectRoot, 'test/interop/setup.sh');
  execFileSync('bash', [script], { env, stdio: 'inherit' });
}
