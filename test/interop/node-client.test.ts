import { join } from 'node:path';
import { projectRoot } from '../support/project-root.ts';
import { describePeer } from './support/peer.ts';

describePeer('node-zookeeper-client', () => ({
  command: process.execPath,
  args: [join(projectRoot, 'test/interop/node/interop-peer.mjs')],
}));
