import { join } from 'node:path';
import { projectRoot } from '../support/project-root.ts';
import { describePeer } from './support/peer.ts';

describePeer('kazoo', () => ({
  command: 'python3',
  args: [join(projectRoot, 'test/interop/kazoo/interop_peer.py')],
  env: { PYTHONPATH: join(projectRoot, 'test/interop/.cache/python'), PYTHONUNBUFFERED: '1' },
}));
