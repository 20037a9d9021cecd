/** ACL lists: shared, counted, forgotten; ids as Apache numbers them, and ids nobody defined. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aclIdOpen } from '../../src/tree/acl-table.ts';
import { TreeView } from '../../src/tree/tree-view.ts';
import { TreeWalker } from '../../src/tree/tree-walker.ts';
import { aclBytes, aclNameOf, acls, rangeOf, TreeHand } from './support/tree-hand.ts';

function listOf(user: number): Uint8Array {
  return aclBytes([{ perms: user % 32, id: { scheme: 'digest', id: `user-${user}` } }]);
}

describe('interning', () => {
  test('gives equal lists one id, other lists other ids, and the open list -1', () => {
    const { writer } = new TreeHand();
    const intern = (bytes: Uint8Array) => writer.acls.intern(bytes, 0, bytes.length);
    expect(intern(acls.open)).toBe(aclIdOpen);
    expect(intern(acls.config)).toBe(1);
    expect(intern(acls.ann)).toBe(2);
    expect(intern(acls.bob)).toBe(3);
    expect(intern(acls.ann.slice())).toBe(2);
    const padded = Uint8Array.from([9, ...acls.bob, 9]);
    expect(writer.acls.intern(padded, 1, padded.length - 1)).toBe(3);
  });

  test('every view reads the same bytes, by range and by copy', () => {
    const hand = new TreeHand();
    const view = new TreeView(hand.memory);
    for (const [name, bytes] of Object.entries(acls)) {
      const id = hand.aclId(name as keyof typeof acls);
      const range = view.acls.bytesOf(id);
      expect(range?.bytes.slice(range.start, range.end)).toEqual(bytes);
      const out = new Uint8Array(bytes.length + 4);
      expect(view.acls.length(id)).toBe(bytes.length);
      expect(view.acls.writeTo(id, out, 2)).toBe(bytes.length);
      expect(out.slice(2, -2)).toEqual(bytes);
      expect(() => view.acls.writeTo(id, out, 5)).toThrow(RangeError);
    }
    for (const id of [0, 99, -2, 2 ** 30]) {
      expect(view.acls.bytesOf(id)).toBeNull();
      expect(view.acls.length(id)).toBe(-1);
      expect(view.acls.isReadableByAnyone(id)).toBe(false);
      expect(() => view.acls.writeTo(id, new Uint8Array(9), 0)).toThrow('unknown');
    }
  });

  test.each([
    ['open', acls.open, true],
    ['read for the world in second place', acls.read, true],
    ['only write for the world', acls.bob, false],
    ['read for one user', acls.ann, false],
    ['null', aclBytes(null), true],
    ['empty', aclBytes([]), true],
    ['another id of world', aclBytes([{ perms: 31, id: { scheme: 'world', id: 'any' } }]), false],
    ['null scheme', aclBytes([{ perms: 31, id: { scheme: null, id: 'anyone' } }]), false],
    ['cut short', acls.read.slice(0, 12), false],
    ['nothing at all', new Uint8Array(0), false],
  ])('knows whether anyone may read: %s', (_name, bytes, isReadable) => {
    const { writer } = new TreeHand();
    const id = writer.acls.intern(bytes, 0, bytes.length);
    expect(writer.acls.isReadableByAnyone(id)).toBe(isReadable);
  });
});

describe('uses', () => {
  test('a list is forgotten with its last node, and its id names another list then', () => {
    const hand = new TreeHand();
    hand.create('/a', '', 'ann');
    hand.create('/b', '', 'ann');
    const id = hand.aclId('ann');
    hand.remove('/a');
    expect(hand.writer.acls.length(id)).toBe(acls.ann.length);
    hand.setAcl('/b', 'bob', 1);
    expect(hand.writer.acls.length(id)).toBe(-1);
    hand.create('/c', '', 'read');
    expect(hand.writer.aclId(hand.mustFind('/c'))).toBe(id);
    expect(hand.writer.aclId(hand.mustFind('/b'))).not.toBe(id);
    hand.setAcl('/b', 'bob', 2);
    expect(aclNameOf(hand.writer, hand.mustFind('/b'))).toBe('bob');
  });

  test('an id is not given away while a walk goes on that may have seen it', () => {
    const hand = new TreeHand();
    hand.create('/a', '', 'ann');
    const id = hand.aclId('ann');
    const walker = new TreeWalker(hand.memory);
    hand.remove('/a');
    hand.create('/b', '', 'bob');
    expect(hand.aclId('bob')).not.toBe(id);
    const seen = new Map<number, Uint8Array>();
    walker.forEachAcl((aclId, bytes, start, end) => seen.set(aclId, bytes.slice(start, end)));
    expect(seen.get(id)).toEqual(acls.ann);
    expect(seen.get(hand.aclId('bob'))).toEqual(acls.bob);
    walker.close();
    hand.section(() => {});
    hand.create('/c', '', 'read');
    expect(hand.aclId('read')).toBe(id);
  });

  test('thousands of lists come and go, and ids stay few', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 600 }), (users) => {
        const hand = new TreeHand();
        const { acls } = hand.writer;
        const held = new Map<number, { id: number; bytes: Uint8Array }>();
        for (const user of users) {
          const known = held.get(user);
          if (known !== undefined) {
            acls.removeUse(known.id);
            held.delete(user);
            continue;
          }
          const bytes = listOf(user);
          const id = acls.intern(bytes, 0, bytes.length);
          acls.addUse(id);
          held.set(user, { id, bytes });
        }
        const ids = [...held.values()].map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        for (const { id, bytes } of held.values()) {
          const range = acls.bytesOf(id);
          expect(range?.bytes.slice(range.start, range.end)).toEqual(bytes);
          expect(acls.intern(bytes, 0, bytes.length)).toBe(id);
          expect(id).toBeLessThanOrEqual(402);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('ids of a snapshot', () => {
  test('are kept, and new lists get ids above them', () => {
    const hand = new TreeHand();
    const { acls: table } = hand.writer;
    table.addAt(5000, acls.ann, 0, acls.ann.length);
    table.addAt(7, acls.bob, 0, acls.bob.length);
    expect(hand.aclId('ann')).toBe(5000);
    expect(hand.aclId('bob')).toBe(7);
    expect(hand.aclId('read')).toBe(5001);
    expect(() => table.addAt(7, acls.ann, 0, acls.ann.length)).toThrow('twice');
    table.addAt(aclIdOpen, acls.open, 0, acls.open.length);
    expect(() => table.addAt(2 ** 29, acls.ann, 0, 4)).toThrow('range');
  });

  test('take free ids out of the middle of those that wait for new lists', () => {
    const hand = new TreeHand();
    const { acls: table } = hand.writer;
    const ids = [10, 11, 12, 13].map((user) => {
      const bytes = listOf(user);
      const id = table.intern(bytes, 0, bytes.length);
      table.addUse(id);
      return id;
    });
    for (const id of ids) table.removeUse(id);
    table.addAt(ids[1] as number, acls.ann, 0, acls.ann.length);
    const news = [20, 21, 22, 23].map((user) => {
      const bytes = listOf(user);
      return table.intern(bytes, 0, bytes.length);
    });
    expect(new Set([...news, ids[1]]).size).toBe(5);
    expect(news.slice(0, 3).sort()).toEqual([ids[0], ids[2], ids[3]].sort());
  });

  test('that nobody defined make a node nobody may read, until the list is known', () => {
    const hand = new TreeHand();
    const { writer } = hand;
    hand.section(() => {
      const [bytes, start, end] = rangeOf('/a');
      writer.load(bytes, start, end, null, 0, -1, 9, new Uint8Array(60), 0);
    });
    const ref = hand.mustFind('/a');
    expect(writer.aclId(ref)).toBe(9);
    expect(writer.isReadableByAnyone(ref)).toBe(false);
    expect(writer.acls.bytesOf(9)).toBeNull();
    expect(hand.aclId('ann')).toBe(10);
    writer.acls.addAt(9, acls.bob, 0, acls.bob.length);
    expect(aclNameOf(writer, ref)).toBe('bob');
    expect(hand.aclId('bob')).toBe(9);
    hand.remove('/a');
    expect(writer.acls.length(9)).toBe(-1);
    expect(() => writer.acls.removeUse(9)).toThrow('in use');
  });

  test('that nobody defined end with the last node that used them', () => {
    const hand = new TreeHand();
    hand.section(() => {
      const [bytes, start, end] = rangeOf('/a');
      hand.writer.load(bytes, start, end, null, 0, -1, 9, new Uint8Array(60), 0);
    });
    hand.setAcl('/a', 'ann', 1);
    expect(aclNameOf(hand.writer, hand.mustFind('/a'))).toBe('ann');
    expect(hand.aclId('bob')).toBe(9);
  });
});
