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

  it('is answered to who closes his half of the connection behind it', () => {
    const world = new FrontWorld();
    const client = world.accept();
    receive(client, encodeUtf8('wchs'));
    client.socket.emit('end');
    world.answer(1, []);
    world.turn();
    expect(client.socket.text).toBe('0 connections watching 0 paths\nTotal watches:0\n');
    expect(client.socket.destroyed).toBe(true);
  });

  it('is answered once, whatever follows it', () => {
    const world = new FrontWorld();
    const client = world.accept();
    receive(client, encodeUtf8('wchs'));
    receive(client, encodeUtf8('\r\n\r\n'));
    receive(client, encodeUtf8('ruok'));
    world.answer(1, []);
    world.turn();
    expect(client.socket.text).toBe('0 connections watching 0 paths\nTotal watches:0\n');
  });

  it('comes in pieces', () => {
    const client = new FrontWorld().accept();
    receive(client, encodeUtf8('ru'));
    receive(client, encodeUtf8('ok\n'));
    expect(client.socket.text).toBe('imok');
  });

  it('that is not on the whitelist is refused before its argument has come', () => {
    const client = new FrontWorld({ words: 'ruok' }).accept();
    receive(client, encodeUtf8('stmk'));
    expect(client.socket.text).toMatch(/^stmk is not executed/);
  });
});
