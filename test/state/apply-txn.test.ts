import { describe, expect, it } from 'vitest';
import type { Acl } from '../../src/jute/data.ts';
import { OpCode } from '../../src/jute/proto.ts';
import type { Field } from '../../src/jute/schema.ts';
import * as txns from '../../src/jute/txn.ts';
import { decodeUtf8, encodeUtf8 } from '../../src/jute/utf8.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { type ApplyListener, TxnApplier } from '../../src/state/apply-txn.ts';
import { Ephemerals } from '../../src/state/ephemerals.ts';
import { EphemeralTypes } from '../../src/tree/ephemeral-type.ts';
import { Quotas } from '../../src/tree/quota.ts';
import { createTreeMemory } from '../../src/tree/tree-memory.ts';
import { TreeWriter } from '../../src/tree/tree-writer.ts';

const open: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
const readOnly: Acl[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];

const ephemeralTypes = new EphemeralTypes({
  extendedTypesEnabled: true,
  emulate353TTLNodes: false,
});

/** A tree with an applier, and everything that the listener was told, as text. */
class State implements ApplyListener {
  readonly tree = new TreeWriter(
    createTreeMemory({ bytesMax: 4 << 20, segmentBytes: 1 << 20 }),
    ephemeralTypes,
  );
  readonly ephemerals = new Ephemerals();
  readonly applier: TxnApplier;
  readonly told: string[] = [];
  session = 0x0100_0000_0000_0007n;

  constructor() {
    const { tree, ephemerals } = this;
    tree.createSystemNodes();
    const quotas = new Quotas(tree);
    const parts = { tree, ephemerals, quotas, listener: this, ephemeralTypes };
    this.applier = new TxnApplier(parts);
  }

  nodeCreated(_ref: number, _parent: number, path: Uint8Array, start: number, end: number): void {
    this.told.push(`created ${decodeUtf8(path, start, end)}`);
  }

  nodeDeleting(ref: number, _parent: number, path: Uint8Array, start: number, end: number): void {
    expect(this.tree.find(path, start, end)).toBe(ref);
    this.told.push(`deleting ${decodeUtf8(path, start, end)}`);
  }

  dataChanged(_ref: number, path: Uint8Array, start: number, end: number): void {
    this.told.push(`changed ${decodeUtf8(path, start, end)}`);
  }

  sessionOpened(idHi: number, idLo: number, timeoutMs: number): void {
    this.told.push(`opened ${idHi}:${idLo} ${timeoutMs}`);
  }

  sessionClosed(idHi: number, idLo: number): void {
    this.told.push(`closed ${idHi}:${idLo}`);
  }

  opApplied(type: number, err: number): void {
    this.told.push(`result ${type} ${err}`);
  }

  /** Applies what `write` appends to a header; returns what was told. */
  apply(zxid: number, type: number, write: (writer: JuteWriter) => void): string[] {
    const writer = new JuteWriter();
    txns.txnHeader.write(writer, {
      ...{ clientId: this.session, cxid: 1, zxid: BigInt(zxid), time: BigInt(1000 + zxid), type },
    });
    write(writer);
    return this.applyBytes(writer.finish().slice());
  }

  applyRecord<T>(zxid: number, type: number, record: Field<T>, value: T): string[] {
    return this.apply(zxid, type, (writer) => record.write(writer, value));
  }

  applyBytes(bytes: Uint8Array): string[] {
    this.told.length = 0;
    this.tree.openSection();
    this.applier.apply(bytes, new DataView(bytes.buffer), 0, bytes.byteLength);
    this.tree.closeSection(this.applier.zxidHi, this.applier.zxidLo);
    return [...this.told];
  }

  create(zxid: number, path: string, more: { parentCVersion?: number; ephemeral?: boolean } = {}) {
    const { parentCVersion = -1, ephemeral = false } = more;
    const value = { path, data: encodeUtf8('d'), acl: open, ephemeral, parentCVersion };
    return this.applyRecord(zxid, OpCode.create, txns.createTxn, value);
  }

  delete(zxid: number, path: string): string[] {
    return this.applyRecord(zxid, OpCode.delete, txns.deleteTxn, { path });
  }

  find(path: string): number {
    const bytes = encodeUtf8(path);
    return this.tree.find(bytes, 0, bytes.byteLength);
  }

  stat(path: string) {
    const ref = this.find(path);
    expect(ref).not.toBe(0);
    const { tree } = this;
    return {
      czxid: tree.czxidLo(ref),
      mzxid: tree.mzxidLo(ref),
      pzxid: tree.pzxidLo(ref),
      version: tree.version(ref),
      cversion: tree.cversion(ref),
      aversion: tree.aversion(ref),
    };
  }
}

describe('a txn in its place', () => {
  it('is told step by step, with its result at the end', () => {
    const state = new State();
    expect(state.create(1, '/a')).toEqual(['created /a', 'result 1 0']);
    const data = encodeUtf8('x');
    const set = { path: '/a', data, version: 5 };
    expect(state.applyRecord(2, OpCode.setData, txns.setDataTxn, set)).toEqual([
      'changed /a',
      'result 5 0',
    ]);
    expect(state.stat('/a')).toMatchObject({ version: 5, mzxid: 2, pzxid: 1 });
    const acl = { path: '/a', acl: readOnly, version: 3 };
    expect(state.applyRecord(3, OpCode.setACL, txns.setACLTxn, acl)).toEqual(['result 7 0']);
    expect(state.stat('/a')).toMatchObject({ aversion: 3, mzxid: 2 });
    expect(state.delete(4, '/a')).toEqual(['deleting /a', 'result 2 0']);
    expect(state.stat('').pzxid).toBe(4);
    expect(state.applier.ignored).toBe(0);
  });

  it('gives nodes the owner that its type says', () => {
    const state = new State();
    const body = { path: '/c', data: null, acl: open, parentCVersion: 1 };
    state.applyRecord(1, OpCode.createContainer, txns.createContainerTxn, body);
    const ttl = { ...body, path: '/t', parentCVersion: 2, ttl: 0x12_3456_789an };
    state.applyRecord(2, OpCode.createTTL, txns.createTTLTxn, ttl);
    state.create(3, '/e', { ephemeral: true });
    const owner = (path: string) => [
      state.tree.ownerHi(state.find(path)) >>> 0,
      state.tree.ownerLo(state.find(path)) >>> 0,
    ];
    expect(owner('/c')).toEqual([0x80000000, 0]);
    expect(owner('/t')).toEqual([0xff000012, 0x3456789a]);
    expect(owner('/e')).toEqual([0x01000000, 7]);
    expect([...state.ephemerals.refsOf(0x01000000, 7)]).toEqual([state.find('/e')]);
    state.delete(4, '/e');
    expect(state.ephemerals.count).toBe(0);
  });

  it('of type error or check changes nothing but the zxid', () => {
    const state = new State();
    const digest = [state.tree.digestHi, state.tree.digestLo];
    expect(state.applyRecord(9, OpCode.error, txns.errorTxn, { err: -101 })).toEqual([
      'result -1 -101',
    ]);
    expect([state.tree.digestHi, state.tree.digestLo]).toEqual(digest);
    expect(state.tree.lastZxidLo).toBe(9);
  });

  it('opens and closes sessions', () => {
    const state = new State();
    const opened = state.applyRecord(1, OpCode.createSession, txns.createSessionTxn, {
      timeOut: 5000,
    });
    expect(opened).toEqual(['opened 16777216:7 5000', 'result -10 0']);
    state.create(2, '/e', { ephemeral: true });
    state.create(3, '/f', { ephemeral: true });
    const close = { paths2Delete: ['/e', '/gone'] };
    expect(state.applyRecord(4, OpCode.closeSession, txns.closeSessionTxn, close)).toEqual([
      'closed 16777216:7',
      'deleting /e',
      'deleting /f',
      'result -11 0',
    ]);
    expect(state.stat('').pzxid).toBe(4);
  });

  it('closes a session without a list, with or without a digest behind it', () => {
    const state = new State();
    state.create(1, '/e', { ephemeral: true });
    expect(state.apply(2, OpCode.closeSession, () => {})).toContain('deleting /e');
    state.create(3, '/e', { ephemeral: true });
    const withDigest = (writer: JuteWriter) =>
      txns.txnDigest.write(writer, { version: 2, treeDigest: 5n });
    expect(state.apply(4, OpCode.closeSession, withDigest)).toContain('deleting /e');
    expect(state.applier).toMatchObject({ hasDigest: true, undecodable: 0, ignored: 0 });
  });

  it('sees whether the digest behind it is the tree’s', () => {
    const state = new State();
    const other = new State();
    const body = { path: '/a', data: null, acl: open, ephemeral: false, parentCVersion: 1 };
    other.applyRecord(1, OpCode.create, txns.createTxn, body);
    const digest = (BigInt(other.tree.digestHi) << 32n) | BigInt(other.tree.digestLo >>> 0);
    const apply = (zxid: number, version: number, treeDigest: bigint) =>
      state.apply(zxid, zxid === 1 ? OpCode.create : OpCode.check, (writer) => {
        if (zxid === 1) txns.createTxn.write(writer, body);
        else txns.checkVersionTxn.write(writer, { path: '/a', version: 0 });
        txns.txnDigest.write(writer, { version, treeDigest });
      });
    apply(1, 2, digest);
    expect([state.applier.hasDigest, state.applier.isDigestAsExpected()]).toEqual([true, true]);
    apply(2, 2, digest + 1n);
    expect(state.applier.isDigestAsExpected()).toBe(false);
    apply(3, 1, digest + 1n);
    expect(state.applier.isDigestAsExpected()).toBe(true);
  });

  it('charges the quota of its subtree', () => {
    const state = new State();
    state.create(1, '/q');
    state.create(2, '/zookeeper/quota/q');
    state.create(3, '/zookeeper/quota/q/zookeeper_limits');
    state.create(4, '/zookeeper/quota/q/zookeeper_stats');
    state.create(5, '/q/a');
    expect(usage(state)).toBe('count=2,bytes=2');
    const data = encodeUtf8('longer');
    state.applyRecord(6, OpCode.setData, txns.setDataTxn, { path: '/q/a', data, version: 1 });
    expect(usage(state)).toBe('count=2,bytes=7');
    state.delete(7, '/q/a');
    expect(usage(state)).toBe('count=1,bytes=1');
    expect(state.stat('/zookeeper/quota/q/zookeeper_stats')).toMatchObject({
      version: 0,
      mzxid: 4,
    });
  });
});

function usage(state: State): string {
  const ref = state.find('/zookeeper/quota/q/zookeeper_stats');
  const bytes = new Uint8Array(state.tree.dataLength(ref));
  state.tree.writeData(ref, bytes, 0);
  return decodeUtf8(bytes, 0, bytes.byteLength);
}

describe('a multi', () => {
  const sub = <T>(type: number, record: Field<T>, value: T) => {
    const writer = new JuteWriter();
    record.write(writer, value);
    return { type, data: writer.finish().slice() };
  };
  const create = (path: string) =>
    sub(OpCode.create, txns.createTxn, {
      ...{ path, data: null, acl: open, ephemeral: false, parentCVersion: -1 },
    });

  it('applies its operations in order under one zxid', () => {
    const state = new State();
    const list = [
      create('/a'),
      create('/a/b'),
      sub(OpCode.delete, txns.deleteTxn, { path: '/a/b' }),
    ];
    expect(state.applyRecord(1, OpCode.multi, txns.multiTxn, { txns: list })).toEqual([
      'created /a',
      'result 1 0',
      'created /a/b',
      'result 1 0',
      'deleting /a/b',
      'result 2 0',
    ]);
    expect(state.stat('/a')).toMatchObject({ czxid: 1, pzxid: 1, cversion: 1 });
  });

  it('changes nothing when one of its operations is an error', () => {
    const state = new State();
    const error = (err: number) => sub(OpCode.error, txns.errorTxn, { err });
    const list = [create('/a'), create('/b'), error(-103), create('/c'), error(-2)];
    expect(state.applyRecord(1, OpCode.multi, txns.multiTxn, { txns: list })).toEqual([
      'result -1 0',
      'result -1 0',
      'result -1 -103',
      'result -1 -2',
      'result -1 -2',
    ]);
    expect(state.find('/a')).toBe(0);
    expect(state.tree.lastZxidLo).toBe(1);
  });

  it('of an old log takes the missing parentCVersion for one more', () => {
    const state = new State();
    const legacy = (path: string) => {
      const { type, data } = create(path);
      return { type, data: data.subarray(0, data.byteLength - 4) };
    };
    state.applyRecord(1, OpCode.multi, txns.multiTxn, { txns: [legacy('/a'), legacy('/b')] });
    expect(state.stat('').cversion).toBe(2);
    expect(state.applier.undecodable).toBe(0);
  });
});

describe('the replay over a fuzzy snapshot', () => {
  it('keeps a node that is there already, gives it the ACL, and still raises the parent', () => {
    for (const type of [OpCode.create, OpCode.create2]) {
      const state = new State();
      state.create(5, '/a', { parentCVersion: 3 });
      const value = { path: '/a', data: null, acl: readOnly, ephemeral: false, parentCVersion: 7 };
      const told = state.applyRecord(9, type, txns.createTxn, value);
      expect(told).toEqual([`result ${type} -110`]);
      expect(state.stat('/a')).toMatchObject({ czxid: 5, version: 0 });
      expect(state.tree.dataLength(state.find('/a'))).toBe(1);
      expect(state.stat('')).toMatchObject({ cversion: 7, pzxid: 9 });
      const acl = state.tree.acls.bytesOf(state.tree.aclId(state.find('/a')))!;
      expect(acl.bytes[acl.start + 7]).toBe(1);
      expect(state.applier.ignored).toBe(1);
    }
  });

  it('never lowers cversion, and leaves pzxid with it', () => {
    const state = new State();
    state.create(5, '/a', { parentCVersion: 10 });
    state.create(6, '/b', { parentCVersion: 4 });
    expect(state.stat('')).toMatchObject({ cversion: 10, pzxid: 5 });
  });

  it('raises the parent’s pzxid also where the node is gone already', () => {
    const state = new State();
    expect(state.delete(7, '/gone')).toEqual(['result 2 -101']);
    expect(state.stat('').pzxid).toBe(7);
    state.delete(6, '/gone');
    expect(state.stat('').pzxid).toBe(7);
    expect(state.applier.ignored).toBe(2);
  });

  it('passes over what has lost its node or its parent', () => {
    const state = new State();
    state.create(1, '/none/a');
    state.delete(2, '/none/a');
    const set = { path: '/none', data: null, version: 1 };
    state.applyRecord(3, OpCode.setData, txns.setDataTxn, set);
    state.applyRecord(4, OpCode.setACL, txns.setACLTxn, { path: '/none', acl: open, version: 1 });
    expect(state.applier.ignored).toBe(4);
    expect(state.tree.lastZxidLo).toBe(4);
  });

  it('takes children away with a node that it deletes: they came later', () => {
    const state = new State();
    state.create(1, '/a');
    state.create(2, '/a/b');
    state.create(3, '/a/b/c', { ephemeral: true });
    state.create(4, '/a/d');
    const nodes = state.tree.nodeCount;
    const told = state.delete(5, '/a');
    expect(new Set(told.slice(0, 3))).toEqual(
      new Set(['deleting /a/b/c', 'deleting /a/b', 'deleting /a/d']),
    );
    expect(told.slice(3)).toEqual(['deleting /a', 'result 2 0']);
    expect(state.tree.nodeCount).toBe(nodes - 4);
    expect(state.ephemerals.count).toBe(0);
  });

  it('ends where it would have ended without the snapshot, wherever the snapshot was taken', () => {
    const history: ((state: State) => void)[] = [
      (state) => state.create(1, '/a', { parentCVersion: 1 }),
      (state) => state.create(2, '/a/b', { parentCVersion: 1 }),
      (state) =>
        state.applyRecord(3, OpCode.setData, txns.setDataTxn, {
          ...{ path: '/a', data: encodeUtf8('new'), version: 1 },
        }),
      (state) => state.delete(4, '/a/b'),
      (state) => state.delete(5, '/a'),
      (state) => state.create(6, '/a', { parentCVersion: 2 }),
      (state) => state.create(7, '/a/c', { parentCVersion: 1, ephemeral: true }),
      (state) =>
        state.applyRecord(8, OpCode.setACL, txns.setACLTxn, {
          ...{ path: '/a/c', acl: readOnly, version: 1 },
        }),
    ];
    const digests = new Set<string>();
    for (let seen = 0; seen <= history.length; seen++) {
      for (let named = 0; named <= seen; named++) {
        const state = new State();
        for (const step of history.slice(0, seen)) step(state);
        for (const step of history.slice(named)) step(state);
        digests.add(`${state.tree.digestHi}:${state.tree.digestLo} ${state.tree.nodeCount}`);
      }
    }
    expect(digests.size).toBe(1);
  });
});

describe('bytes that are no txn', () => {
  it('are counted, and change nothing', () => {
    const state = new State();
    const digest = state.tree.digestLo;
    state.applyBytes(new Uint8Array(31));
    state.apply(1, 77, () => {});
    state.apply(2, OpCode.create, (writer) => writer.writeInt(99));
    state.apply(3, OpCode.delete, (writer) => writer.writeInt(-1));
    state.apply(4, OpCode.multi, (writer) => writer.writeInt(1 << 30));
    expect(state.applier.undecodable).toBe(5);
    expect(state.tree.digestLo).toBe(digest);
  });

  it('never make it throw, wherever a txn is cut or bent', () => {
    const writer = new JuteWriter();
    const header = { clientId: 1n, cxid: 1, zxid: 9n, time: 1n, type: OpCode.create };
    txns.txnHeader.write(writer, header);
    const value = { path: '/x', data: encodeUtf8('d'), acl: open, ephemeral: true };
    txns.createTxn.write(writer, { ...value, parentCVersion: 3 });
    const whole = writer.finish().slice();
    for (let i = 0; i < whole.byteLength; i++) {
      new State().applyBytes(whole.slice(0, i));
      for (const bits of [0x01, 0x80, 0xff]) {
        const bent = whole.slice();
        bent[i] = (bent[i] as number) ^ bits;
        expect(() => new State().applyBytes(bent)).not.toThrow();
      }
    }
  });
});
