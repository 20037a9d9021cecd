/** Requests that the agent tests send, as short as the tests want to read them. */
import {
  createRequest,
  deleteRequest,
  getChildrenResponse,
  getDataResponse,
  OpCode,
  pathResponse,
  pathWatchRequest,
  setDataRequest,
  statResponse,
} from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import type { RawClient, RawReply } from '../support/raw-client.ts';

const anyone = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

export function create(client: RawClient, path: string, data: Uint8Array | string, flags = 0) {
  const bytes = typeof data === 'string' ? encodeUtf8(data) : data;
  const request = { path, data: bytes, acl: anyone, flags };
  return client.call(OpCode.create, createRequest, request, pathResponse);
}

export function setData(client: RawClient, path: string, data: string, version = -1) {
  const request = { path, data: encodeUtf8(data), version };
  return client.call(OpCode.setData, setDataRequest, request, statResponse);
}

export function remove(client: RawClient, path: string): Promise<{ reply: RawReply }> {
  return client.call(OpCode.delete, deleteRequest, { path, version: -1 });
}

export function getData(client: RawClient, path: string, watch = false) {
  return client.call(OpCode.getData, pathWatchRequest, { path, watch }, getDataResponse);
}

export function exists(client: RawClient, path: string, watch = false) {
  return client.call(OpCode.exists, pathWatchRequest, { path, watch }, statResponse);
}

export function getChildren(client: RawClient, path: string, watch = false) {
  return client.call(OpCode.getChildren, pathWatchRequest, { path, watch }, getChildrenResponse);
}

export function text(data: Uint8Array | null | undefined): string {
  return data ? Buffer.from(data).toString('utf8') : '';
}
