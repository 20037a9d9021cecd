import { join } from 'node:path';
import { apacheClassPath } from '../../native-free-bench/apache/jars.ts';
import { projectRoot } from '../support/project-root.ts';
import { describePeer } from './support/peer.ts';

describePeer("Apache's Java client", async () => ({
  command: 'java',
  args: [
    '-Xmx256m',
    '-cp',
    `${join(projectRoot, 'test/interop/.cache/java')}:${await apacheClassPath()}`,
    'InteropPeer',
  ],
}));
