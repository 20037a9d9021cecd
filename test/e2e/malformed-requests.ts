/**
 * Requests that a server must refuse without closing the connection: bodies cut short or made up,
 * lengths and counts that do not fit, paths, ACLs and modes that no client may ask for. Each names
 * the error codes that are a right answer.
 */
import { ErrorCode } from '../../src/base/error-codes.ts';
import type { Acl } from '../../src/jute/data.ts';
import {
  addWatchRequest,
  checkVersionRequest,
  createRequest,
  createTTLRequest,
  deleteRequest,
  multiHeader,
  OpCode,
  pathRequest,
  pathWatchRequest,
  reconfigRequest,
  setACLRequest,
  setDataRequest,
  setWatchesRequest,
  watcherTypeRequest,
} from '../../src/jute/proto.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import type { SeededRandom } from '../support/random.ts';
import { encodeRecord } from '../support/raw-client.ts';
import { openAcl } from '../support/raw-requests.ts';

/** The test makes this node, so that paths below it are refused for their syntax alone. */
export const malformedParent = '/malformed';

export interface MalformedRequest {
  readonly what: string;
  readonly type: number;
  readonly body: Uint8Array;
  /** Any of these is a right answer. */
  readonly errs: readonly number[];
}

const anyDefined: readonly number[] = Object.values(ErrorCode);
const undecodable: readonly number[] = [ErrorCode.marshallingError];
const badPath: readonly number[] = [
  ErrorCode.badArguments,
  ErrorCode.noNode,
  ErrorCode.marshallingError,
];
const badAcl: readonly number[] = [ErrorCode.invalidAcl, ErrorCode.marshallingError];
const badMode: readonly number[] = [
  ErrorCode.badArguments,
  ErrorCode.unimplemented,
  ErrorCode.marshallingError,
];

const data = new Uint8Array(20);
/** Its parent does not exist, so that no accident of random bytes makes a node there. */
const path = '/missing/x';
const noMembers = { joiningServers: null, leavingServers: null, newMembers: null };
const none = { dataWatches: [], existWatches: [], childWatches: [] };

/** A well-formed body for each op code that has one. */
const wellFormed: readonly (readonly [number, Uint8Array])[] = [
  [OpCode.create, encodeRecord(createRequest, { path, data, acl: openAcl, flags: 0 })],
  [OpCode.create2, encodeRecord(createRequest, { path, data, acl: openAcl, flags: 0 })],
  [OpCode.createContainer, encodeRecord(createRequest, { path, data, acl: openAcl, flags: 4 })],
  [
    OpCode.createTTL,
    encodeRecord(createTTLRequest, { path, data, acl: openAcl, flags: 5, ttl: 9n }),
  ],
  [OpCode.delete, encodeRecord(deleteRequest, { path, version: 7 })],
  [OpCode.exists, encodeRecord(pathWatchRequest, { path, watch: true })],
  [OpCode.getData, encodeRecord(pathWatchRequest, { path, watch: true })],
  [OpCode.getChildren, encodeRecord(pathWatchRequest, { path, watch: true })],
  [OpCode.getChildren2, encodeRecord(pathWatchRequest, { path, watch: true })],
  [OpCode.setData, encodeRecord(setDataRequest, { path, data, version: 7 })],
  [OpCode.getACL, encodeRecord(pathRequest, { path })],
  [OpCode.setACL, encodeRecord(setACLRequest, { path, acl: openAcl, version: 7 })],
  [OpCode.sync, encodeRecord(pathRequest, { path })],
  [OpCode.checkWatches, encodeRecord(watcherTypeRequest, { path, type: 1 })],
  [OpCode.removeWatches, encodeRecord(watcherTypeRequest, { path, type: 1 })],
  [OpCode.addWatch, encodeRecord(addWatchRequest, { path, mode: 1 })],
  [OpCode.setWatches, encodeRecord(setWatchesRequest, { relativeZxid: 0n, ...none })],
  [OpCode.getAllChildrenNumber, encodeRecord(pathRequest, { path })],
  [OpCode.getEphemerals, encodeRecord(pathRequest, { path })],
  [OpCode.reconfig, encodeRecord(reconfigRequest, { ...noMembers, curConfigId: -1n })],
];

const wrongPaths: readonly (string | null)[] = [
  null,
  '',
  'nopath',
  '//',
  '/malformed//x',
  '/malformed/',
  '/malformed/./x',
  '/malformed/../x',
  '/malformed/\u0000',
  '/malformed/\u0001',
  '/malformed/\u009f',
  '/malformed/\ufff0',
  '/missing/x',
];

const wrongAcls: readonly (Acl[] | null)[] = [
  null,
  [],
  [{ perms: 31, id: { scheme: 'nobody', id: 'knows' } }],
  [{ perms: 31, id: { scheme: 'world', id: 'someone' } }],
  [{ perms: 31, id: { scheme: 'digest', id: 'no-colon' } }],
  [{ perms: 31, id: { scheme: 'ip', id: '1.2.3.4.5' } }],
  [{ perms: 31, id: { scheme: 'auth', id: '' } }],
  [{ perms: 31, id: { scheme: null, id: null } }],
];

type Maker = (random: SeededRandom) => MalformedRequest;

const makers: readonly Maker[] = [
  cutShort,
  madeUp,
  flipped,
  wrongPathInCreate,
  wrongPathElsewhere,
  wrongAclInCreate,
  wrongAclInSetAcl,
  countThatDoesNotFit,
  lengthThatDoesNotFit,
  wrongMode,
  wrongWatch,
  brokenMulti,
];

export function malformedRequest(random: SeededRandom): MalformedRequest {
  return random.pick(makers)(random);
}

function cutShort(random: SeededRandom): MalformedRequest {
  const [type, body] = random.pick(wellFormed);
  const length = random.below(body.byteLength);
  return { what: 'a body cut short', type, body: body.subarray(0, length), errs: undecodable };
}

function madeUp(random: SeededRandom): MalformedRequest {
  const [type] = random.pick(wellFormed);
  const body = random.bytes(random.below(200));
  return { what: 'a body of random bytes', type, body, errs: anyDefined };
}

function flipped(random: SeededRandom): MalformedRequest {
  const [type, good] = random.pick(wellFormed);
  const body = Uint8Array.from(good);
  for (let i = 0; i <= random.below(4); i++) {
    body[random.below(body.byteLength)] = random.below(256);
  }
  return { what: 'a body with wrong bytes', type, body, errs: anyDefined };
}

function wrongPathInCreate(random: SeededRandom): MalformedRequest {
  const wrong = random.pick(wrongPaths);
  const body = encodeRecord(createRequest, { path: wrong, data, acl: openAcl, flags: 0 });
  return { what: `create ${wrong}`, type: OpCode.create, body, errs: badPath };
}

function wrongPathElsewhere(random: SeededRandom): MalformedRequest {
  const wrong = random.pick(wrongPaths.slice(2));
  const request = { path: wrong, data, version: -1 };
  const body = encodeRecord(setDataRequest, request);
  return { what: `setData ${wrong}`, type: OpCode.setData, body, errs: badPath };
}

function wrongAclInCreate(random: SeededRandom): MalformedRequest {
  const acl = random.pick(wrongAcls);
  const body = encodeRecord(createRequest, { path: '/malformed-acl', data, acl, flags: 0 });
  return { what: 'create with a wrong ACL', type: OpCode.create2, body, errs: badAcl };
}

function wrongAclInSetAcl(random: SeededRandom): MalformedRequest {
  const acl = random.pick(wrongAcls);
  const body = encodeRecord(setACLRequest, { path: '/', acl, version: -1 });
  return { what: 'setACL with a wrong ACL', type: OpCode.setACL, body, errs: badAcl };
}

function countThatDoesNotFit(random: SeededRandom): MalformedRequest {
  const writer = new JuteWriter();
  writer.writeString('/malformed-count');
  writer.writeBuffer(data);
  writer.writeInt(0x7fffffff - random.below(1000));
  const body = writer.finish();
  return { what: 'an ACL with 2^31 entries', type: OpCode.create, body, errs: undecodable };
}

function lengthThatDoesNotFit(random: SeededRandom): MalformedRequest {
  const writer = new JuteWriter();
  writer.writeInt(random.pick([-2, -0x80000000, 0x7fffffff, 1_000_000, 11]));
  writer.writeRaw(new Uint8Array(10));
  const [type] = random.pick(wellFormed.filter(([each]) => each !== OpCode.setWatches));
  return { what: 'a path longer than its frame', type, body: writer.finish(), errs: undecodable };
}

function wrongMode(random: SeededRandom): MalformedRequest {
  const flags = random.pick([-1, 7, 77, 0x7fffffff]);
  const request = { path: '/malformed-mode', data, acl: openAcl, flags };
  if (random.below(2) === 0) {
    const body = encodeRecord(createRequest, request);
    return { what: `create mode ${flags}`, type: OpCode.create, body, errs: badMode };
  }
  const body = encodeRecord(createTTLRequest, { ...request, ttl: -1n });
  return { what: `TTL mode ${flags}`, type: OpCode.createTTL, body, errs: badMode };
}

function wrongWatch(random: SeededRandom): MalformedRequest {
  const wrong = random.pick([-1, 2, 6, 100]);
  if (random.below(2) === 0) {
    const body = encodeRecord(addWatchRequest, { path, mode: wrong });
    return { what: `watch mode ${wrong}`, type: OpCode.addWatch, body, errs: undecodable };
  }
  const type = random.pick([OpCode.checkWatches, OpCode.removeWatches]);
  const body = encodeRecord(watcherTypeRequest, { path, type: random.pick([-1, 0, 6, 100]) });
  return { what: 'an unknown watcher type', type, body, errs: undecodable };
}

function brokenMulti(random: SeededRandom): MalformedRequest {
  const writer = new JuteWriter();
  const check = encodeRecord(checkVersionRequest, { path: '/', version: -1 });
  for (let i = random.below(3); i > 0; i--) {
    multiHeader.write(writer, { type: OpCode.check, done: false, err: -1 });
    writer.writeRaw(check);
  }
  // A multi within a multi, an unknown operation, or a header that is not there.
  const type = random.pick([OpCode.multi, 77, OpCode.createSession, null]);
  if (type !== null) {
    multiHeader.write(writer, { type, done: false, err: -1 });
    writer.writeRaw(check);
  }
  const body = writer.finish();
  return { what: `a multi with ${type}`, type: OpCode.multi, body, errs: undecodable };
}
