/** Four-letter words as they arrive at the front: in pieces, from half-closed connections. */
import { describe, expect, it } from 'vitest';
import { type Disk, DiskError } from '../../src/base/ports.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { FrontWorld, receive } from './front-harness.ts';

describe('a four-letter word', () => {
  it('is answered although a file disappears while it is looked at', () => {
    const disk = {
      exists: () => true,
      list: () => ['snapshot.1.tmp'],
      openRead: (path: string) => {
        throw new DiskError('open', path, 'ENOENT');
      },
    } as unknown as Disk;
    const world = new FrontWorld({ disk });
    const client = world.accept();
    receive(client, encodeUtf8('dirs'));
    expect(client.socket.text).toBe('datadir_size: 0\nlogdir_size: 0\n');
  });
});
