/** The requests that tests send most, as functions over a `RawClient`. */
import type { Acl, Stat } from '../../src/jute/data.ts';
import {
  authPacket,
  CreateFlag,
  create2Response,
  createRequest,
  createTTLRequest,
  deleteRequest,
  getChildrenResponse,
  getDataResponse,
  multiHeader,
  OpCode,
  pathRequest,
  pathWatchRequest,
  setACLRequest,
  setDataRequest,
  Xid,
} from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { encodeRecord, type RawClient, type RawReply } from './raw-client.ts';

export const openAcl: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
export const creatorAcl: Acl[] = [{ perms: 31, id: { scheme: 'auth', id: '' } }];

export interface CreateOptions {
  data?: Uint8Array | null;
  /** `CreateFlag`. */
  flags?: number;
  acl?: Acl[];
}

/** Creates a node; `path` of the result is the name that the server gave it, or null. */
export async function create(
  client: RawClient,
  path: string,
  options: CreateOptions = {},
): Promise<{ reply: RawReply; path: string | null }> {
  const flags = options.flags ?? CreateFlag.persistent;
  const data = options.data === undefined ? new Uint8Array(0) : options.data;
  const request = { path, data, acl: options.acl ?? openAcl, flags };
  const type = flags === CreateFlag.container ? OpCode.createContainer : OpCode.create2;
  const { reply, value } = await client.call(type, createRequest, request, create2Response);
  return { reply, path: value?.path ?? null };
}

export function createTtl(client: RawClient, path: string, ttlMs: bigint): Promise<RawReply> {
  const flags = CreateFlag.persistentWithTtl;
  const request = { path, data: null, acl: openAcl, flags, ttl: ttlMs };
  return client.request(OpCode.createTTL, encodeRecord(createTTLRequest, request));
}

export function setData(
  client: RawClient,
  path: string,
  data: Uint8Array | null,
  version = -1,
): Promise<RawReply> {
  const request = { path, data, version };
  return client.request(OpCode.setData, encodeRecord(setDataRequest, request));
}

export async function getData(
  client: RawClient,
  path: string,
  watch = false,
): Promise<{ reply: RawReply; data: Uint8Array | null; stat: Stat | null }> {
  const request = { path, watch };
  const { reply, value } = await client.call(
    OpCode.getData,
    pathWatchRequest,
    request,
    getDataResponse,
  );
  return { reply, data: value?.data ?? null, stat: value?.stat ?? null };
}

export async function getChildren(client: RawClient, path: string): Promise<string[] | null> {
  const request = { path, watch: false };
  const type = OpCode.getChildren;
  const { value } = await client.call(type, pathWatchRequest, request, getChildrenResponse);
  return value?.children?.map(String) ?? null;
}

/** Behind its reply this server shows everything that was committed before the request. */
export function sync(client: RawClient, path = '/'): Promise<RawReply> {
  return client.request(OpCode.sync, encodeRecord(pathRequest, { path }));
}

export function setAcl(client: RawClient, path: string, acl: Acl[]): Promise<RawReply> {
  const request = { path, acl, version: -1 };
  return client.request(OpCode.setACL, encodeRecord(setACLRequest, request));
}

export function remove(client: RawClient, path: string, version = -1): Promise<RawReply> {
  return client.request(OpCode.delete, encodeRecord(deleteRequest, { path, version }));
}

/** `auth` as the digest scheme has it: `user:password`. */
export function authenticate(client: RawClient, auth: string): Promise<RawReply> {
  const packet = { type: 0, scheme: 'digest', auth: encodeUtf8(auth) };
  return client.request(OpCode.auth, encodeRecord(authPacket, packet), Xid.auth);
}

/** A multi of operations given by their type and the bytes of their request. */
export function multi(
  client: RawClient,
  operations: readonly { type: number; body: Uint8Array }[],
): Promise<RawReply> {
  const writer = new JuteWriter();
  for (const { type, body } of operations) {
    multiHeader.write(writer, { type, done: false, err: -1 });
    writer.writeRaw(body);
  }
  multiHeader.write(writer, { type: -1, done: true, err: -1 });
  return client.request(OpCode.multi, writer.finish().slice());
}
