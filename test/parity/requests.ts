/** The requests of these tests that `test/support/raw-requests.ts` does not have. */
import type { Acl, Stat } from '../../src/jute/data.ts';
import {
  addWatchRequest,
  checkVersionRequest,
  createRequest,
  deleteRequest,
  getACLResponse,
  getAllChildrenNumberResponse,
  getChildren2Response,
  getDataResponse,
  getEphemeralsResponse,
  multiHeader,
  OpCode,
  pathRequest,
  pathResponse,
  pathWatchRequest,
  setACLRequest,
  setDataRequest,
  setWatches2Request,
  setWatchesRequest,
  statResponse,
  watcherTypeRequest,
  whoAmIResponse,
  Xid,
} from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { encodeRecord, type RawClient, type RawReply } from '../support/raw-client.ts';
import { openAcl } from '../support/raw-requests.ts';

export const bytesOf = (text: string) => encodeUtf8(text);
export const textOf = (data: Uint8Array | null | undefined) =>
  data === null || data === undefined ? data : Buffer.from(data).toString('utf8');

interface Answer {
  readonly reply: RawReply;
  readonly err: number;
}

export interface StatAnswer extends Answer {
  readonly stat: Stat | undefined;
}

export async function exists(client: RawClient, path: string, watch = false): Promise<StatAnswer> {
  const request = { path, watch };
  const { reply, value } = await client.call(
    OpCode.exists,
    pathWatchRequest,
    request,
    statResponse,
  );
  return { reply, err: reply.err, stat: value?.stat };
}

/** The names, sorted. */
export async function getChildren(
  client: RawClient,
  path: string,
  watch = false,
): Promise<StatAnswer & { readonly children: string[] }> {
  const { reply, value } = await client.call(
    OpCode.getChildren2,
    pathWatchRequest,
    { path, watch },
    getChildren2Response,
  );
  const children = (value?.children ?? []).map((name) => name ?? '').sort();
  return { reply, err: reply.err, stat: value?.stat, children };
}

export async function getAcl(
  client: RawClient,
  path: string,
): Promise<StatAnswer & { readonly acl: Acl[] | null | undefined }> {
  const { reply, value } = await client.call(OpCode.getACL, pathRequest, { path }, getACLResponse);
  return { reply, err: reply.err, stat: value?.stat, acl: value?.acl };
}

/** As `setAcl` of the support folder, with the version that it must have. */
export function setAclVersion(client: RawClient, path: string, acl: Acl[], version: number) {
  return client.request(OpCode.setACL, encodeRecord(setACLRequest, { path, acl, version }));
}

export async function getEphemerals(client: RawClient, path: string): Promise<string[]> {
  const { value } = await client.call(
    OpCode.getEphemerals,
    pathRequest,
    { path },
    getEphemeralsResponse,
  );
  return (value?.ephemerals ?? []).map((each) => each ?? '').sort();
}

export async function countDescendants(client: RawClient, path: string): Promise<number> {
  const { value } = await client.call(
    OpCode.getAllChildrenNumber,
    pathRequest,
    { path },
    getAllChildrenNumberResponse,
  );
  return value?.totalNumber ?? -1;
}

/** `scheme:id` of each identity. */
export async function whoAmI(client: RawClient): Promise<string[]> {
  const reply = await client.request(OpCode.whoAmI);
  const { clientInfo } = whoAmIResponse.read(new JuteReader(reply.body));
  return (clientInfo ?? []).map(({ scheme, id }) => `${scheme}:${id}`);
}

export function sync(client: RawClient, path: string) {
  return client.call(OpCode.sync, pathRequest, { path }, pathResponse);
}

/** Mode 0 is persistent, 1 persistent and recursive. */
export function addWatch(client: RawClient, path: string, mode: 0 | 1): Promise<RawReply> {
  return client.request(OpCode.addWatch, encodeRecord(addWatchRequest, { path, mode }));
}

/** Apache `Watcher.WatcherType`. */
export const WatcherType = { children: 1, data: 2, any: 3, persistent: 4, recursive: 5 } as const;

export async function checkWatches(client: RawClient, path: string, type: number) {
  const body = encodeRecord(watcherTypeRequest, { path, type });
  return (await client.request(OpCode.checkWatches, body)).err;
}

export async function removeWatches(client: RawClient, path: string, type: number) {
  const body = encodeRecord(watcherTypeRequest, { path, type });
  return (await client.request(OpCode.removeWatches, body)).err;
}

export interface WatchLists {
  readonly data?: string[];
  readonly exist?: string[];
  readonly child?: string[];
}

export function setWatches(client: RawClient, relativeZxid: bigint, lists: WatchLists) {
  const request = {
    relativeZxid,
    dataWatches: lists.data ?? [],
    existWatches: lists.exist ?? [],
    childWatches: lists.child ?? [],
  };
  const body = encodeRecord(setWatchesRequest, request);
  return client.request(OpCode.setWatches, body, Xid.setWatches);
}

export function setWatches2(
  client: RawClient,
  relativeZxid: bigint,
  persistentWatches: string[],
  persistentRecursiveWatches: string[],
) {
  const none = { dataWatches: [], existWatches: [], childWatches: [] };
  const request = { relativeZxid, ...none, persistentWatches, persistentRecursiveWatches };
  const body = encodeRecord(setWatches2Request, request);
  return client.request(OpCode.setWatches2, body, Xid.setWatches);
}

/** Operations of a multi. */
export const op = {
  create: (path: string, flags = 0, type: number = OpCode.create) => ({
    type,
    body: encodeRecord(createRequest, { path, data: bytesOf('m'), acl: openAcl, flags }),
  }),
  remove: (path: string, version = -1) => ({
    type: OpCode.delete,
    body: encodeRecord(deleteRequest, { path, version }),
  }),
  setData: (path: string, data: string, version = -1) => ({
    type: OpCode.setData,
    body: encodeRecord(setDataRequest, { path, data: bytesOf(data), version }),
  }),
  check: (path: string, version: number) => ({
    type: OpCode.check,
    body: encodeRecord(checkVersionRequest, { path, version }),
  }),
  read: (type: typeof OpCode.getData | typeof OpCode.getChildren, path: string) => ({
    type,
    body: encodeRecord(pathWatchRequest, { path, watch: false }),
  }),
};

export interface MultiResult {
  readonly type: number;
  readonly err: number;
  readonly path?: string | null;
  readonly data?: string | null | undefined;
  readonly children?: readonly (string | null)[] | null;
}

/** The results in the body of a reply to a multi or a multiRead. */
export function resultsOf(reply: RawReply): MultiResult[] {
  const reader = new JuteReader(reply.body);
  const results: MultiResult[] = [];
  for (;;) {
    const { type, done, err } = multiHeader.read(reader);
    if (done) return results;
    results.push({ type, err, ...resultBody(reader, type) });
  }
}

function resultBody(reader: JuteReader, type: number): Partial<MultiResult> {
  switch (type) {
    case OpCode.error:
      return { err: reader.readInt() };
    case OpCode.create:
      return { path: pathResponse.read(reader).path };
    case OpCode.create2: {
      const { path } = pathResponse.read(reader);
      statResponse.read(reader);
      return { path };
    }
    case OpCode.setData:
      statResponse.read(reader);
      return {};
    case OpCode.getData:
      return { data: textOf(getDataResponse.read(reader).data) };
    case OpCode.getChildren:
      return { children: getChildrenOf(reader) };
    default:
      return {};
  }
}

function getChildrenOf(reader: JuteReader): (string | null)[] {
  return getEphemeralsResponse.read(reader).ephemerals ?? [];
}
