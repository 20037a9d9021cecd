import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { createTTLRequest, OpCode, setDataRequest } from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { plainEphemeralTypes } from '../../src/tree/ephemeral-type.ts';
import { createBody, Harness, hex, openAcl, unhex } from './harness.ts';

function start(options: ConstructorParameters<typeof Harness>[0] = {}) {
  const harness = new Harness(options);
  return { harness, client: harness.client() };
}

function createdPath(body: Uint8Array): string | null {
  return new JuteReader(body).readString();
}

const sequential = { flags: 2 };
const container = { type: OpCode.createContainer, flags: 4 };
const ttl = { type: OpCode.createTTL, flags: 5, ttl: 1000n };

describe('a write that fails', () => {
  it('consumes a zxid, and its reply carries it', () => {
    const { harness, client } = start();
    client.create('/a');
    expect(client.create('/a')).toMatchObject({ err: ErrorCode.nodeExists, zxid: 3n });
    expect(harness.lastZxid).toBe(3n);
    expect(client.exists('/a').zxid).toBe(3n);
  });

  it('is logged as an error txn with its code, without a digest', () => {
    const { harness, client } = start();
    client.delete('/none');
    const { payload } = harness.proposed.at(-1)!;
    expect(payload.byteLength).toBe(36);
    expect(hex(payload.subarray(28))).toBe('ffffffffffffff9b');
  });

  it('consumes a zxid of its own even when it cannot be decoded', () => {
    const { harness, client } = start();
    client.sendRaw(unhex('00000009 00000001 00000002'));
    expect(client.lastReply).toMatchObject({ xid: 9, err: ErrorCode.marshallingError, zxid: 2n });
    expect(client.create('/a').zxid).toBe(3n);
    expect(harness.proposed.map(({ lo }) => lo)).toEqual([1, 2, 3]);
    expect(client.isClosed).toBe(false);
  });
});

describe('create', () => {
  it('validates in the order of Apache', () => {
    const { client } = start();
    client.create('/h');
    client.create('/e', { flags: 1 });
    expect(client.create('/x', { flags: 7 }).err).toBe(ErrorCode.badArguments);
    expect(client.create(null, { flags: 7 }).err).toBe(ErrorCode.badArguments);
    expect(client.create(null).err).toBe(ErrorCode.marshallingError);
    expect(client.create('nopath').err).toBe(ErrorCode.badArguments);
    expect(client.create('/a\0b').err).toBe(ErrorCode.badArguments);
    expect(client.create('/nx/', { acl: [] }).err).toBe(ErrorCode.invalidAcl);
    expect(client.create('/nx/').err).toBe(ErrorCode.noNode);
    expect(client.create('/h/').err).toBe(ErrorCode.badArguments);
    expect(client.create('a/b').err).toBe(ErrorCode.noNode);
    expect(client.create('/').err).toBe(ErrorCode.nodeExists);
    expect(client.create('//').err).toBe(ErrorCode.badArguments);
    expect(client.create('/e').err).toBe(ErrorCode.nodeExists);
    expect(client.create('/e/c').err).toBe(ErrorCode.noChildrenForEphemerals);
  });

  it('makes a sequential name from a trailing slash, too', () => {
    const { client } = start();
    client.create('/a');
    expect(createdPath(client.create('/a/', sequential).body)).toBe('/a/0000000000');
    expect(createdPath(client.create('/', sequential).body)).toBe('/0000000001');
  });

  it('counts all child creations for the sequence, also plain and container ones', () => {
    const { client } = start();
    client.create('/s');
    client.create('/s/plain');
    client.create('/s/box', container);
    client.create('/s/ttl', ttl);
    expect(createdPath(client.create('/s/q-', sequential).body)).toBe('/s/q-0000000003');
  });

  it('does not take the sequence number from the visible cversion', () => {
    const { client } = start();
    client.create('/s');
    client.create('/s/a');
    client.create('/s/b');
    client.delete('/s/a');
    expect(client.stat('/s')).toMatchObject({ cversion: 3, numChildren: 1 });
    expect(createdPath(client.create('/s/q', sequential).body)).toBe('/s/q0000000002');
  });

  it('does not advance the sequence when it fails', () => {
    const { client } = start();
    client.create('/s');
    client.create('/s/', { flags: 2, acl: [] });
    client.create('/s/..', { flags: 0 });
    expect(createdPath(client.create('/s/', sequential).body)).toBe('/s/0000000000');
  });

  it('sticks at the last sequence number', () => {
    const { harness, client } = start();
    client.create('/s');
    raiseCversion(harness, '/s', 2147483647);
    expect(createdPath(client.create('/s/a', sequential).body)).toBe('/s/a2147483647');
    const { pzxid } = client.stat('/s');
    expect(client.create('/s/a', sequential).err).toBe(ErrorCode.nodeExists);
    expect(createdPath(client.create('/s/b', sequential).body)).toBe('/s/b2147483647');
    expect(client.stat('/s').pzxid).toBe(pzxid);
    expect(harness.core.query('gauges').digestMismatches).toBe(0);
  });

  it('keeps the sign of a negative sequence number inside the ten digits', () => {
    const { harness, client } = start();
    const cases = [
      [-5, '/n/-000000005'],
      [-999999999, '/n/-999999999'],
      [-1000000000, '/n/-1000000000'],
      [-2147483648, '/n/-2147483648'],
      [-2147483647, '/n/-2147483647'],
      [42, '/n/0000000042'],
    ] as const;
    client.create('/n');
    for (const [cversion, path] of cases) {
      loadCversion(harness, '/n', cversion);
      expect(createdPath(client.create('/n/', sequential).body)).toBe(path);
    }
  });

  it('makes a persistent node with op 1 and the flag of containers', () => {
    const { harness, client } = start();
    client.create('/c', { flags: 4 });
    const ref = harness.tree.find(new TextEncoder().encode('/c'), 0, 2);
    expect([harness.tree.ownerHi(ref), harness.tree.ownerLo(ref)]).toEqual([0, 0]);
  });

  it('makes a container with op 19 whatever the flag', () => {
    const { harness, client } = start();
    for (const flags of [0, 1, 4]) {
      expect(client.create(`/c${flags}`, { type: OpCode.createContainer, flags }).err).toBe(0);
      const ref = harness.tree.find(new TextEncoder().encode(`/c${flags}`), 0, 3);
      expect(harness.tree.ownerHi(ref)).toBe(0x80000000 | 0);
    }
    expect(harness.ephemerals.count).toBe(0);
    const later = client.create('/d', { type: OpCode.createContainer, flags: 5 });
    expect(later.err).toBe(ErrorCode.badArguments);
  });

  it('shows no owner of containers and TTL nodes, and the session of ephemerals', () => {
    const { client } = start();
    client.create('/c', container);
    client.create('/t', ttl);
    client.create('/e', { flags: 1 });
    expect(client.stat('/c').ephemeralOwner).toBe(0n);
    expect(client.stat('/t').ephemeralOwner).toBe(0n);
    expect(client.stat('/e').ephemeralOwner).toBe(client.sessionId);
  });

  it('holds TTL and flag against each other', () => {
    const { client } = start();
    const create = (flags: number, value: bigint) =>
      client.create('/t', { type: OpCode.createTTL, flags, ttl: value }).err;
    expect(create(5, 0n)).toBe(ErrorCode.badArguments);
    expect(create(5, -1n)).toBe(ErrorCode.badArguments);
    expect(create(5, 1n << 40n)).toBe(ErrorCode.badArguments);
    // The flags without TTL stop an Apache server when the TTL is negative (hazard H1).
    for (const flags of [0, 1, 2, 3, 4]) {
      expect(create(flags, -1n)).toBe(ErrorCode.badArguments);
      expect(create(flags, 5n)).toBe(ErrorCode.badArguments);
    }
    expect(client.create('/t', { flags: 5 }).err).toBe(ErrorCode.badArguments);
    expect(create(5, (1n << 40n) - 1n)).toBe(0);
    expect(createdPath(client.create('/q', { ...ttl, flags: 6 }).body)).toBe('/q0000000001');
  });

  it('refuses TTLs where extended types are off, and keeps the connection', () => {
    const { client } = start({ settings: { ephemeralTypes: plainEphemeralTypes } });
    expect(client.create('/t', ttl)).toMatchObject({ err: ErrorCode.unimplemented, zxid: 2n });
    expect(client.create('/t', { flags: 5 }).err).toBe(ErrorCode.unimplemented);
    expect(client.isClosed).toBe(false);
  });

  it('tells null data from empty data', () => {
    const { client } = start();
    client.create('/null', { data: null });
    client.create('/empty', { data: '' });
    expect(hex(client.getData('/null').body.subarray(0, 4))).toBe('ffffffff');
    expect(hex(client.getData('/empty').body.subarray(0, 4))).toBe('00000000');
    expect(client.stat('/null').dataLength).toBe(0);
    client.setData('/empty', null);
    expect(hex(client.getData('/empty').body.subarray(0, 4))).toBe('ffffffff');
  });

  it('ignores bytes behind the request, and refuses a request without its end', () => {
    const { client } = start();
    const body = createBody('/t', { flags: 5 });
    client.send(OpCode.create2, createTTLRequest, { ...body, flags: 0, ttl: 99n });
    expect(client.lastReply.err).toBe(0);
    client.sendRaw(unhex('00000001 00000001 00000002 2f67 ffffffff 00000000'));
    expect(client.lastReply.err).toBe(ErrorCode.marshallingError);
  });

  it('reads a vector of negative length as empty, a string of negative length not at all', () => {
    const { client } = start();
    client.sendRaw(unhex('00000001 00000001 00000002 2f67 ffffffff fffffffb 00000000'));
    expect(client.lastReply.err).toBe(ErrorCode.invalidAcl);
    client.sendRaw(unhex('00000001 00000001 fffffffe 00000000'));
    expect(client.lastReply.err).toBe(ErrorCode.marshallingError);
  });

  it('changes cversion and pzxid of the parent and nothing else', () => {
    const { client } = start();
    client.create('/p');
    const before = client.stat('/p');
    const { zxid } = client.create('/p/c');
    expect(client.stat('/p')).toEqual({ ...before, cversion: 1, numChildren: 1, pzxid: zxid });
  });
});

describe('a fresh tree', () => {
  it('has cversion -1 at the root and -2 at /zookeeper', () => {
    const { client } = start();
    expect(client.stat('/')).toMatchObject({ cversion: -1, numChildren: 1, czxid: 0n });
    expect(client.stat('/zookeeper')).toMatchObject({ cversion: -2, numChildren: 2 });
    expect(client.stat('/zookeeper/config').aversion).toBe(-1);
  });
});

describe('delete', () => {
  it('looks at the version before it looks for children', () => {
    const { client } = start();
    client.create('/p');
    client.create('/p/c');
    expect(client.delete('/p', 5).err).toBe(ErrorCode.badVersion);
    expect(client.delete('/p', 0).err).toBe(ErrorCode.notEmpty);
    expect(client.delete('/p/c', 0).err).toBe(0);
    expect(client.delete('/p', 0).err).toBe(0);
  });

  it('refuses the reserved nodes and what is no path', () => {
    const { client } = start();
    for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config', 'x', '/a\0']) {
      expect([path, client.delete(path).err]).toEqual([path, ErrorCode.badArguments]);
    }
    expect(client.delete(null).err).toBe(ErrorCode.marshallingError);
    client.create('/h');
    expect(client.delete('/h/').err).toBe(ErrorCode.noNode);
    expect(client.delete('/none/x').err).toBe(ErrorCode.noNode);
  });

  it('raises visible cversion and pzxid of the parent, but neither version nor mzxid', () => {
    const { client } = start();
    client.create('/p');
    client.create('/p/c');
    const before = client.stat('/p');
    const { zxid } = client.delete('/p/c');
    expect(client.stat('/p')).toEqual({ ...before, cversion: 2, numChildren: 0, pzxid: zxid });
  });
});

describe('setData', () => {
  it('takes only -1 for any version', () => {
    const { client } = start();
    client.create('/a');
    expect(client.setData('/a', 'x', -2).err).toBe(ErrorCode.badVersion);
    expect(client.setData('/a', 'x', 0).err).toBe(0);
    expect(client.setData('/a', 'x', 0).err).toBe(ErrorCode.badVersion);
    expect(client.setData('/a', 'x', -1).err).toBe(0);
    expect(client.stat('/a').version).toBe(2);
  });

  it('checks the whole path before anything else', () => {
    const { client } = start();
    for (const path of [null, '', 'a', '/a/', '//', '/a/../b', '/\uf8ff']) {
      expect([path, client.setData(path, 'x').err]).toEqual([path, ErrorCode.badArguments]);
    }
    expect(client.setData('/\uf900', 'x').err).toBe(ErrorCode.noNode);
  });

  it('may set the root, which "" does not name here', () => {
    const { client } = start();
    expect(client.setData('/', 'root').err).toBe(0);
    expect(client.getData('').body.subarray(4, 8)).toEqual(new TextEncoder().encode('root'));
  });

  it('changes data, version, mzxid and mtime', () => {
    const { harness, client } = start();
    client.create('/a');
    const before = client.stat('/a');
    harness.pass(7);
    const { zxid } = client.setData('/a', 'abc');
    const changed = { version: 1, mzxid: zxid, mtime: before.mtime + 7n, dataLength: 3 };
    expect(client.stat('/a')).toEqual({ ...before, ...changed });
  });

  it('wraps the version around, as 3.9 does', () => {
    const { harness, client } = start();
    client.create('/v');
    const path = new TextEncoder().encode('/v');
    const { tree } = harness;
    tree.openSection();
    tree.setData(tree.find(path, 0, 2), null, 0, -1, 2147483647);
    tree.closeSection(0, 2);
    client.setData('/v', 'x', 2147483647);
    expect(client.stat('/v').version).toBe(-2147483648);
    expect(harness.core.query('gauges').digestMismatches).toBe(0);
  });
});

describe('setACL', () => {
  it('changes aversion and nothing else of the Stat', () => {
    const { client } = start();
    client.create('/a');
    const before = client.stat('/a');
    expect(client.setAcl('/a', openAcl).err).toBe(0);
    expect(client.stat('/a')).toEqual({ ...before, aversion: 1 });
  });

  it('compares its version with aversion', () => {
    const { client } = start();
    client.create('/a');
    client.setData('/a', 'x');
    expect(client.setAcl('/a', openAcl, 1).err).toBe(ErrorCode.badVersion);
    expect(client.setAcl('/a', openAcl, 0).err).toBe(0);
    expect(client.setAcl('/a', openAcl, -2).err).toBe(ErrorCode.badVersion);
  });
});

describe('an operation that clients may not ask for', () => {
  const unknown = [0, -1, 10, 99, OpCode.check, OpCode.deleteContainer, OpCode.createSession];
  it.each(unknown)('(%i) is answered with -6 and zxid -1, then the connection ends', (type) => {
    const { harness, client } = start();
    client.create('/c', container);
    const zxid = harness.lastZxid;
    client.send(type, setDataRequest, { path: '/c', data: null, version: 0 });
    expect(client.lastReply).toMatchObject({ err: ErrorCode.unimplemented, zxid: -1n });
    expect(client.lastReply.body).toHaveLength(0);
    expect(client.isClosed).toBe(true);
    expect(harness.lastZxid).toBe(zxid);
    expect(harness.core.query('gauges').sessions).toBe(1);
  });

  it('does not exist for reconfig: that is disabled, or there is no configuration', () => {
    const body = unhex('00000001 00000010 ffffffff ffffffff ffffffff ffffffffffffffff');
    const off = start();
    off.client.sendRaw(body);
    expect(off.client.lastReply).toMatchObject({ err: ErrorCode.reconfigDisabled, zxid: 2n });
    const on = start({ settings: { reconfigEnabled: true } });
    on.client.sendRaw(body);
    expect(on.client.lastReply.err).toBe(ErrorCode.unimplemented);
    expect(on.client.isClosed).toBe(false);
  });
});

/** As if so many children had been created. */
function raiseCversion(harness: Harness, path: string, cversion: number): void {
  const { tree } = harness;
  const bytes = new TextEncoder().encode(path);
  tree.openSection();
  tree.raiseParent(tree.find(bytes, 0, bytes.length), cversion);
  tree.closeSection(tree.lastZxidHi, tree.lastZxidLo);
}

/** As a snapshot could hold it: the tree itself never lowers it. */
function loadCversion(harness: Harness, path: string, cversion: number): void {
  const { tree } = harness;
  const bytes = new TextEncoder().encode(path);
  const stat = new Uint8Array(60);
  new DataView(stat.buffer).setInt32(36, cversion);
  tree.openSection();
  tree.load(bytes, 0, bytes.length, null, 0, -1, -1, stat, 0);
  tree.closeSection(tree.lastZxidHi, tree.lastZxidLo);
}
