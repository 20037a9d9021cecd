/** Access control lists and authentication: section D of docs/parity.md, as clients see them. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { startEnsemble, startServer } from '../../src/index.ts';
import { type Acl, Perms } from '../../src/jute/data.ts';
import { authPacket, Xid } from '../../src/jute/proto.ts';
import { encodeRecord, RawClient } from '../support/raw-client.ts';
import {
  authenticate,
  create,
  creatorAcl,
  getData,
  remove,
  setAcl,
  setData,
} from '../support/raw-requests.ts';
import { bytesOf, exists, getAcl, getChildren, setAclVersion, whoAmI } from './requests.ts';
import { Site, useSite } from './site.ts';

const { noAuth, invalidAcl, authFailed, badVersion } = ErrorCode;

/** `user:base64(hash(user:password))`, as the scheme digest has it. */
function digestId(user: string, algorithm = 'sha1'): string {
  const hash = createHash(algorithm).update(user).digest('base64');
  return `${user.slice(0, user.indexOf(':'))}:${hash}`;
}

function entry(perms: number, scheme: string, id: string): Acl {
  return { perms, id: { scheme, id } };
}

function auth(client: RawClient, scheme: string, text: string) {
  const packet = { type: 0, scheme, auth: bytesOf(text) };
  return client.request(100, encodeRecord(authPacket, packet), Xid.auth);
}

describe('a server with a super user', () => {
  const superDigest = digestId('super:test');
  const site = useSite({ settings: { 'DigestAuthenticationProvider.superDigest': superDigest } });
  let owner: RawClient;
  let stranger: RawClient;

  beforeAll(async () => {
    owner = await site.connect();
    await authenticate(owner, 'owner:pw');
    stranger = await site.connect();
  });

  it('knows the digest that Apache makes of super:test', () => {
    expect(superDigest).toBe('super:D/InIHSb7yEEbrWz8b9l71RjZJU=');
  });

  /** What the stranger may do with a node, and below it, that gives everybody `perms`. */
  async function allowedWith(perms: number): Promise<string[]> {
    const path = `/perms-${perms}`;
    const rights = [entry(Perms.all, 'auth', ''), entry(perms, 'world', 'anyone')];
    await create(owner, path, { acl: rights });
    await create(owner, `${path}/old`);
    const tries = {
      read: (await getData(stranger, path)).reply,
      list: (await getChildren(stranger, path)).reply,
      exists: (await exists(stranger, path)).reply,
      write: await setData(stranger, path, null),
      create: (await create(stranger, `${path}/new`)).reply,
      delete: await remove(stranger, `${path}/old`),
      getAcl: (await getAcl(stranger, path)).reply,
      admin: await setAcl(stranger, path, rights.slice(1)),
    };
    for (const { err } of Object.values(tries)) expect([0, noAuth, invalidAcl]).toContain(err);
    return Object.entries(tries).flatMap(([name, { err }]) => (err === 0 ? [name] : []));
  }

  it.each([
    { perms: 0, allowed: [] },
    { perms: Perms.read, allowed: ['read', 'list', 'exists', 'getAcl'] },
    { perms: Perms.write, allowed: ['write'] },
    { perms: Perms.create, allowed: ['create'] },
    { perms: Perms.delete, allowed: ['delete'] },
    { perms: Perms.admin, allowed: ['getAcl', 'admin'] },
  ])('lets a stranger with the permissions $perms do just $allowed', async (each) => {
    expect(await allowedWith(each.perms)).toEqual(each.allowed);
  });

  it('needs the right to read for exists, and leaves no watch without it', async () => {
    await create(owner, '/hidden', { acl: creatorAcl });
    expect((await exists(stranger, '/hidden', true)).err).toBe(noAuth);
    await setData(owner, '/hidden', null);
    await stranger.ping();
    expect(stranger.notifications).toEqual([]);
  });

  it('makes the identities of a client of the scheme auth', async () => {
    const client = await site.connect();
    await authenticate(client, 'a:1');
    await authenticate(client, 'b:2');
    await create(client, '/auth', { acl: creatorAcl });
    expect((await getAcl(client, '/auth')).acl).toEqual([
      entry(31, 'digest', digestId('a:1')),
      entry(31, 'digest', digestId('b:2')),
    ]);
    expect(await whoAmI(client)).toEqual(['ip:127.0.0.1', 'digest:a', 'digest:b']);
  });

  it.each([
    { id: '127.0.0.1', err: 0 },
    { id: '127.0.0.0/8', err: 0 },
    { id: '0.0.0.0/0', err: 0 },
    { id: '127.0.0.2', err: noAuth },
    { id: '10.0.0.0/8', err: noAuth },
    { id: '::1', err: noAuth },
  ])('lets the client at 127.0.0.1 read what is for ip $id with $err', async ({ id, err }) => {
    const path = `/ip-${id.replaceAll(/[/:]/g, '_')}`;
    await create(owner, path, { acl: [entry(31, 'ip', id)] });
    expect((await getData(stranger, path)).reply.err).toBe(err);
  });

  it.each([
    { what: 'no entry', acl: [] },
    { what: 'another world', acl: [entry(31, 'world', 'nobody')] },
    { what: 'an unknown scheme', acl: [entry(31, 'kerberos', 'x')] },
    { what: 'the scheme super', acl: [entry(31, 'super', 'x')] },
    { what: 'a digest without a hash', acl: [entry(31, 'digest', 'x')] },
    { what: 'an address that is none', acl: [entry(31, 'ip', '1.2.3')] },
    { what: 'auth of somebody without identities', acl: creatorAcl },
  ])('refuses $what as a list', async ({ acl }) => {
    expect((await create(stranger, '/bad-acl', { acl })).reply.err).toBe(invalidAcl);
    expect((await setAcl(stranger, '/nowhere', acl)).err).toBe(invalidAcl);
  });

  it.each([
    { scheme: 'sasl', text: 'x' },
    { scheme: 'unknown', text: 'x' },
  ])('answers -115 to the scheme $scheme and closes', async ({ scheme, text }) => {
    const client = await site.connect();
    expect(await auth(client, scheme, text)).toMatchObject({ err: authFailed, zxid: 0n, xid: -4 });
    await client.socket.closed;
    const again = await site.connect({ session: client.session });
    expect(again.session.id).toBe(client.session.id);
  });

  it('sets a list by its aversion', async () => {
    await create(owner, '/aversion');
    const acl = [entry(31, 'world', 'anyone')];
    expect((await setAclVersion(owner, '/aversion', acl, 1)).err).toBe(badVersion);
    expect((await setAclVersion(owner, '/aversion', acl, 0)).err).toBe(0);
    const { stat } = await getAcl(owner, '/aversion');
    expect(stat).toMatchObject({ aversion: 1, version: 0, mzxid: stat?.czxid });
  });

  it('hides the hash of a digest from who may not administer the node', async () => {
    const acl = [...creatorAcl, entry(Perms.read, 'world', 'anyone')];
    await create(owner, '/masked', { acl });
    const shown = async (client: RawClient) => (await getAcl(client, '/masked')).acl?.[0]?.id?.id;
    expect(await shown(stranger)).toBe('owner:x');
    expect(await shown(owner)).toBe(digestId('owner:pw'));
  });

  it('lets the super user do everything, and nobody with another password', async () => {
    await create(owner, '/private', { acl: creatorAcl });
    const root = await site.connect();
    await authenticate(root, 'super:wrong');
    expect((await getData(root, '/private')).reply.err).toBe(noAuth);
    await authenticate(root, 'super:test');
    expect((await getData(root, '/private')).reply.err).toBe(0);
    expect((await setData(root, '/zookeeper/config', null)).err).toBe(0);
    expect((await setAcl(root, '/private', [entry(0, 'world', 'anyone')])).err).toBe(0);
    expect((await remove(root, '/private')).err).toBe(0);
  });
});

describe('a server with digestAlg=SHA-256', () => {
  const settings = {
    'DigestAuthenticationProvider.digestAlg': 'SHA-256',
    'DigestAuthenticationProvider.superDigest': digestId('super:test', 'sha256'),
  };
  const site = useSite({ settings });

  it('makes ids, and the super user, with that hash', async () => {
    const client = await site.connect();
    await authenticate(client, 'owner:pw');
    await create(client, '/sha', { acl: creatorAcl });
    const id = digestId('owner:pw', 'sha256');
    expect(id.length).toBe('owner:'.length + 44);
    expect((await getAcl(client, '/sha')).acl).toEqual([entry(31, 'digest', id)]);
    const root = await site.connect();
    await authenticate(root, 'super:test');
    expect((await getData(root, '/sha')).reply.err).toBe(0);
  });
});

describe('a server with a digestAlg that is no hash', () => {
  it('does not start', async () => {
    const settings = { 'DigestAuthenticationProvider.digestAlg': 'SHA-257' };
    await expect(startServer({ settings })).rejects.toThrow(/digestAlg=SHA-257/);
  });

  it.each(['SHA-512', 'SHA3-256', 'SHA-512/256', 'MD5'])('starts with %s', async (digestAlg) => {
    const site = new Site({ settings: { 'DigestAuthenticationProvider.digestAlg': digestAlg } });
    await site.start();
    const client = await site.connect();
    expect((await authenticate(client, 'owner:pw')).err).toBe(0);
    await site.stop();
  });
});

describe('a server with the scheme digest switched off', () => {
  const site = useSite({ settings: { 'DigestAuthenticationProvider.enabled': false } });

  it('knows neither its users nor its lists', async () => {
    const client = await site.connect();
    const acl = [entry(31, 'digest', digestId('owner:pw'))];
    expect((await create(client, '/digest', { acl })).reply.err).toBe(invalidAcl);
    expect((await authenticate(client, 'owner:pw')).err).toBe(authFailed);
    await client.socket.closed;
  });
});

describe('a server with skipACL=yes', () => {
  const site = useSite({ settings: { skipACL: 'yes' } });

  it('asks nobody for permissions', async () => {
    const client = await site.connect();
    await create(client, '/closed', { acl: [entry(0, 'world', 'anyone')] });
    expect((await getData(client, '/closed')).reply.err).toBe(0);
    expect((await create(client, '/closed/child')).reply.err).toBe(0);
    expect((await setData(client, '/zookeeper/config', null)).err).toBe(0);
  });
});

describe('a server that enforces the scheme digest', () => {
  const settings = { 'enforce.auth.enabled': true, 'enforce.auth.schemes': 'digest' };
  const site = useSite({ settings });

  it('answers whoever is not authenticated with -124, to a ping too, and closes', async () => {
    const { sessionClosedRequireSaslAuth: refused } = ErrorCode;
    const client = await site.connect();
    expect(await client.ping()).toMatchObject({ err: refused, zxid: 0n });
    await client.socket.closed;
    const other = await site.connect();
    expect((await create(other, '/refused')).reply.err).toBe(refused);
    await other.socket.closed;
  });

  it('serves whoever is', async () => {
    const client = await site.connect();
    await authenticate(client, 'owner:pw');
    expect((await client.ping()).err).toBe(0);
    expect((await exists(client, '/refused')).err).toBe(ErrorCode.noNode);
  });
});

describe('an ensemble with enableEagerACLCheck', () => {
  it('refuses at each member, without a txn, what its tree does not permit', async () => {
    const settings = { enableEagerACLCheck: true };
    const ensemble = await startEnsemble({ size: 3, settings });
    for (const address of ensemble.connectString.split(',')) {
      const port = Number(address.split(':')[1]);
      const owner = await RawClient.connect({ port });
      await authenticate(owner, 'owner:pw');
      const path = `/closed-${port}`;
      await create(owner, path, { acl: creatorAcl });
      const other = await RawClient.connect({ port });
      expect(await setData(other, path, null)).toMatchObject({ err: noAuth, zxid: 0n });
      expect((await setData(owner, path, null, 0)).err).toBe(0);
    }
    await ensemble.close();
  });
});
