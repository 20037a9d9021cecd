import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import type { Acl } from '../../src/jute/data.ts';
import { getACLResponse, OpCode, whoAmIResponse } from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { aclOf, type Client, digestOf, Harness, openAcl } from './harness.ts';

function start(options: ConstructorParameters<typeof Harness>[0] = {}) {
  const harness = new Harness(options);
  const owner = harness.client();
  owner.authenticate('digest', 'bob:pw');
  return { harness, owner, other: harness.client() };
}

const bob = (perms: number) => aclOf(perms, 'digest', digestOf('bob:pw'));
const anyone = (perms: number) => aclOf(perms, 'world', 'anyone');
const [read, write, create, remove, admin] = [1, 2, 4, 8, 16];

function aclAt(client: Client, path: string): Acl[] | null {
  return getACLResponse.read(new JuteReader(client.getAcl(path).body)).acl;
}

describe('a permission', () => {
  it('to delete is the parent’s, and nothing on the node', () => {
    const { owner, other } = start();
    owner.create('/p', { acl: [anyone(create | remove)] });
    owner.create('/p/c', { acl: [bob(31)] });
    owner.create('/q', { acl: [anyone(create)] });
    owner.create('/q/c', { acl: openAcl });
    expect(other.delete('/q/c').err).toBe(ErrorCode.noAuth);
    expect(other.delete('/q/none').err).toBe(ErrorCode.noAuth);
    expect(other.delete('/p/c').err).toBe(0);
  });

  it('to create is the parent’s, and comes before the question whether the node exists', () => {
    const { owner, other } = start();
    owner.create('/p', { acl: [bob(31)] });
    owner.create('/p/c');
    expect(other.create('/p/c').err).toBe(ErrorCode.noAuth);
    expect(owner.create('/p/c').err).toBe(ErrorCode.nodeExists);
  });

  it('to write, to administer and to read are the node’s own', () => {
    const { owner, other } = start();
    owner.create('/n', { acl: [bob(31)] });
    expect(other.setData('/n', 'x').err).toBe(ErrorCode.noAuth);
    expect(other.setAcl('/n', openAcl).err).toBe(ErrorCode.noAuth);
    for (const reply of [other.getData('/n'), other.getChildren('/n'), other.exists('/n')]) {
      expect(reply).toMatchObject({ err: ErrorCode.noAuth, body: new Uint8Array() });
    }
    expect(other.getAcl('/n').err).toBe(ErrorCode.noAuth);
    expect(owner.getData('/n').err).toBe(0);
  });

  it('is asked before the version', () => {
    const { owner, other } = start();
    owner.create('/n', { acl: [bob(31)] });
    expect(other.setData('/n', 'x', 9).err).toBe(ErrorCode.noAuth);
    expect(other.setAcl('/n', openAcl, 9).err).toBe(ErrorCode.noAuth);
  });

  it('of the configuration node is to read, but for the super user', () => {
    const { other, harness } = start();
    expect(other.setData('/zookeeper/config', 'x').err).toBe(ErrorCode.noAuth);
    const superUser = harness.client();
    superUser.authenticate('digest', 'super:test');
    expect(superUser.setData('/zookeeper/config', 'x').err).toBe(0);
  });

  it('is not asked where ACLs are skipped', () => {
    const { owner, other } = start({ skipAcl: true });
    owner.create('/n', { acl: [bob(31)] });
    expect(other.setData('/n', 'x').err).toBe(0);
    expect(other.delete('/n').err).toBe(0);
  });

  it('is checked against an ACL that is still to be applied', () => {
    const { harness, owner, other } = start();
    owner.create('/n');
    harness.withhold = true;
    const before = other.replies.length;
    owner.sendSetAcl('/n', [bob(31)]);
    other.sendSetData('/n');
    owner.sendSetAcl('/n', [anyone(31)]);
    other.sendSetData('/n');
    harness.commit();
    expect(other.replies.slice(before).map(({ err }) => err)).toEqual([ErrorCode.noAuth, 0]);
  });

  it('is the one of the identities that the connection had when the request arrived', () => {
    const { harness, owner, other } = start();
    owner.create('/n', { acl: [bob(31)] });
    harness.withhold = true;
    const before = other.replies.length;
    other.sendCreate('/mine');
    other.send(OpCode.whoAmI);
    other.authenticate('digest', 'bob:pw');
    other.send(OpCode.whoAmI);
    harness.commit();
    const [, first, second] = other.replies.slice(before);
    const users = (body: Uint8Array) => whoAmIResponse.read(new JuteReader(body)).clientInfo;
    expect(users(first!.body)).toEqual([{ scheme: 'ip', id: '127.0.0.1' }]);
    expect(users(second!.body)).toHaveLength(2);
    expect(other.getData('/n').err).toBe(0);
  });
});

describe('the ACL of a request', () => {
  it('is validated before anybody looks for the node', () => {
    const { owner } = start();
    expect(owner.setAcl('/none', [aclOf(31, 'world', 'foo')]).err).toBe(ErrorCode.invalidAcl);
    expect(owner.setAcl('/none', null).err).toBe(ErrorCode.invalidAcl);
    expect(owner.setAcl('/none', openAcl).err).toBe(ErrorCode.noNode);
    expect(owner.create('/none/x', { acl: [] }).err).toBe(ErrorCode.invalidAcl);
    expect(owner.create('/none/x', { acl: [aclOf(31, 'super', '')] }).err).toBe(-114);
  });

  it('of scheme auth becomes the authenticated identities, without the address', () => {
    const { owner, other } = start();
    owner.authenticate('digest', 'eve:pw');
    owner.create('/n', { acl: [aclOf(31, 'auth', 'whatever')] });
    const expected = [bob(31), aclOf(31, 'digest', digestOf('eve:pw'))];
    expect(aclAt(owner, '/n')).toEqual(expected);
    expect(other.create('/o', { acl: [aclOf(31, 'auth', '')] }).err).toBe(ErrorCode.invalidAcl);
  });

  it('loses its duplicates', () => {
    const { owner } = start();
    owner.create('/n', { acl: [bob(31), anyone(read), bob(31), anyone(read)] });
    expect(aclAt(owner, '/n')).toEqual([bob(31), anyone(read)]);
  });

  it('is applied as it was validated', () => {
    const { harness, owner } = start();
    owner.create('/n');
    owner.setAcl('/n', [bob(read | admin), bob(read | admin)]);
    expect(aclAt(owner, '/n')).toEqual([bob(read | admin)]);
    owner.setAcl('/n', openAcl);
    expect(aclAt(owner, '/n')).toEqual(openAcl);
    expect(harness.core.query('gauges').digestMismatches).toBe(0);
  });
});

describe('getACL', () => {
  it('works with READ or with ADMIN', () => {
    const { owner, other } = start();
    owner.create('/r', { acl: [anyone(read)] });
    owner.create('/a', { acl: [anyone(admin)] });
    owner.create('/w', { acl: [anyone(write | create | remove)] });
    expect(other.getAcl('/r').err).toBe(0);
    expect(other.getAcl('/a').err).toBe(0);
    expect(other.getAcl('/w').err).toBe(ErrorCode.noAuth);
    expect(other.getAcl('/none').err).toBe(ErrorCode.noNode);
    expect(other.getAcl(null).err).toBe(ErrorCode.marshallingError);
  });

  it('masks digest ids for whoever has no ADMIN', () => {
    const { owner, other } = start();
    const ip = aclOf(read, 'ip', '10.0.0.0/8');
    owner.create('/n', { acl: [bob(31), anyone(read), ip] });
    expect(aclAt(other, '/n')).toEqual([aclOf(31, 'digest', 'bob:x'), anyone(read), ip]);
    expect(aclAt(owner, '/n')).toEqual([bob(31), anyone(read), ip]);
  });

  it('shows the open list of a node that has it', () => {
    const { other } = start();
    expect(aclAt(other, '/')).toEqual(openAcl);
    expect(aclAt(other, '/zookeeper/config')).toEqual([anyone(read)]);
  });
});

describe('whoAmI', () => {
  it('lists the address and each user without its hash', () => {
    const { owner } = start();
    owner.authenticate('digest', 'super:test');
    const { clientInfo } = whoAmIResponse.read(new JuteReader(owner.call(OpCode.whoAmI).body));
    expect(clientInfo).toEqual([
      { scheme: 'ip', id: '127.0.0.1' },
      { scheme: 'digest', id: 'bob' },
      { scheme: 'super', id: '' },
      { scheme: 'digest', id: 'super' },
    ]);
  });
});
