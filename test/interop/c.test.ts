import { join } from 'node:path';
import { projectRoot } from '../support/project-root.ts';
import { describePeer } from './support/peer.ts';

describePeer('the C client', () => ({
  command: join(projectRoot, 'test/interop/.cache/c/interop_peer'),
  args: [],
}));
