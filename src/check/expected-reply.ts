/** Stage D for one operation: what the model says to a reply. Null when there is no objection. */
import { ErrorCode } from '../base/error-codes.ts';
import type { Acl, Stat } from '../jute/data.ts';
import {
  create2Response,
  createRequest,
  deleteRequest,
  errorResponse,
  getACLResponse,
  getChildren2Response,
  getChildrenResponse,
  getDataResponse,
  multiHeader,
  OpCode,
  pathResponse,
  pathWatchRequest,
  setDataRequest,
  statResponse,
} from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import type { Effect, ModelNode, ModelTree } from './model-tree.ts';
import { type Operation, pathOf } from './run.ts';
import { sameBytes } from './server-log.ts';

type Objection = string | null;

const readerOf = (bytes: Uint8Array | null) => new JuteReader(bytes ?? new Uint8Array(0));

type ReplyCheck = (reply: JuteReader, node: ModelNode, stat: Stat) => Objection;

const readReplies: ReadonlyMap<number, ReplyCheck> = new Map<number, ReplyCheck>([
  [
    OpCode.getData,
    (reply, node, stat) => {
      const told = getDataResponse.read(reply);
      return differentData(told.data, node.data) ?? differentStat(told.stat, stat);
    },
  ],
  [
    OpCode.getACL,
    (reply, node, stat) => {
      const told = getACLResponse.read(reply);
      return differentAcl(told.acl, node.acl) ?? differentStat(told.stat, stat);
    },
  ],
  [OpCode.exists, (reply, _node, stat) => differentStat(statResponse.read(reply).stat, stat)],
  [
    OpCode.getChildren,
    (reply, node) => differentChildren(getChildrenResponse.read(reply).children, node.children),
  ],
  [
    OpCode.getChildren2,
    (reply, node, stat) => {
      const told = getChildren2Response.read(reply);
      return differentChildren(told.children, node.children) ?? differentStat(told.stat, stat);
    },
  ],
]);

/** A read against the state that answered it. Other operations are none of its business. */
export function objectToRead(operation: Operation, tree: ModelTree): Objection {
  const { type, err, reply } = operation;
  if (type === OpCode.multiRead) return err === 0 ? objectToReads(operation, tree) : null;
  if (!readReplies.has(type)) return null;
  return objectToReadOf(type, pathOf(operation)!, err, readerOf(reply), tree);
}

function objectToReadOf(
  type: number,
  path: string,
  err: number,
  reply: JuteReader,
  tree: ModelTree,
): Objection {
  const isKnown = err === 0 || err === ErrorCode.noNode;
  // What servers keep below it depends on their configuration.
  if (!isKnown || path.startsWith('/zookeeper')) return null;
  const node = tree.nodes.get(path);
  if (err !== 0) return node === undefined ? null : `${path} exists`;
  if (node === undefined) return `${path} does not exist`;
  return readReplies.get(type)?.(reply, node, tree.stat(path)!) ?? null;
}

/** multiRead: all of its reads are answered from one state. */
function objectToReads({ request, reply }: Operation, tree: ModelTree): Objection {
  const asked = readerOf(request);
  const answers = readerOf(reply);
  for (let at = 0; ; at++) {
    const { type, done } = multiHeader.read(asked);
    const answer = multiHeader.read(answers);
    if (done || answer.done) return done && answer.done ? null : `${at} results`;
    const { path } = pathWatchRequest.read(asked);
    const isError = answer.type === OpCode.error;
    const err = isError ? errorResponse.read(answers).err : 0;
    const objection = objectToReadOf(type, path!, err, answers, tree);
    if (objection !== null) return `result ${at}: ${objection}`;
  }
}

/** The error of a write that has an error txn, against the state just before it. */
export function objectToError(operation: Operation, tree: ModelTree): Objection {
  const { type, err, request } = operation;
  const path = pathOf(operation);
  if (path === null) return null;
  const node = tree.nodes.get(path);
  if (err === ErrorCode.nodeExists) return node === undefined ? `${path} does not exist` : null;
  if (err === ErrorCode.notEmpty) return node?.children.size ? null : `${path} has no children`;
  if (err === ErrorCode.noNode && (type === OpCode.setData || type === OpCode.delete)) {
    return node === undefined ? null : `${path} exists`;
  }
  if (err === ErrorCode.badVersion && type !== OpCode.setACL && node !== undefined) {
    const schema = type === OpCode.setData ? setDataRequest : deleteRequest;
    const { version } = schema.read(readerOf(request));
    return version === node.version ? `${path} has version ${version}` : null;
  }
  return null;
}

/** Whether the txn is what the request asked for, and the reply what the txn did. */
export function objectToWrite(operation: Operation, effects: readonly Effect[]): Objection {
  const { type, request, reply } = operation;
  if (type === OpCode.multi) return objectToMulti(reply, effects);
  const [effect] = effects;
  const asked = objectToTxn(type, request, effect!);
  return asked ?? objectToResult(type, readerOf(reply), effect!);
}

const creating = new Set<number>([
  ...[OpCode.create, OpCode.create2, OpCode.createContainer, OpCode.createTTL],
]);

function objectToTxn(type: number, request: Uint8Array | null, effect: Effect): Objection {
  if (creating.has(type)) {
    const { path, data } = createRequest.read(readerOf(request));
    if (!effect.path?.startsWith(path ?? '')) return `the txn creates ${effect.path}`;
    return differentData(effect.data, data);
  }
  if (type === OpCode.setData) {
    const { path, data, version } = setDataRequest.read(readerOf(request));
    if (effect.path !== path) return `the txn sets ${effect.path}`;
    const next = effect.stat?.version ?? 0;
    if (version !== -1 && next !== version + 1) return `the txn makes version ${next}`;
    return differentData(effect.data, data);
  }
  return null;
}

function objectToResult(type: number, reader: JuteReader, effect: Effect): Objection {
  switch (type) {
    case OpCode.create:
      return differentPath(pathResponse.read(reader).path, effect.path);
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL: {
      const told = create2Response.read(reader);
      return differentPath(told.path, effect.path) ?? differentStat(told.stat, effect.stat!);
    }
    case OpCode.setData:
    case OpCode.setACL:
      return differentStat(statResponse.read(reader).stat, effect.stat!);
    default:
      return null;
  }
}

function objectToMulti(reply: Uint8Array | null, effects: readonly Effect[]): Objection {
  const reader = readerOf(reply);
  for (const [at, effect] of effects.entries()) {
    const { type, done } = multiHeader.read(reader);
    if (done) return `${at} results of ${effects.length}`;
    if (type !== effect.type && type !== resultTypes.get(effect.type)) {
      return `result ${at} has type ${type}, its txn ${effect.type}`;
    }
    if (type === OpCode.error) {
      const { err } = errorResponse.read(reader);
      if (err !== effect.err) return `result ${at} is error ${err}, in the log ${effect.err}`;
      continue;
    }
    const objection = objectToResult(type, reader, effect);
    if (objection !== null) return `result ${at}: ${objection}`;
  }
  return multiHeader.read(reader).done ? null : `more than ${effects.length} results`;
}

/** A create2 is logged as a create. */
const resultTypes = new Map<number, number>([[OpCode.create, OpCode.create2]]);

function differentPath(told: string | null, path: string | null): Objection {
  return told === path ? null : `path ${told} instead of ${path}`;
}

function differentData(told: Uint8Array | null, data: Uint8Array | null): Objection {
  return sameBytes(told, data) ? null : 'other data';
}

/** Who may not administer a node sees its digests masked, so ids of that scheme are passed over. */
function differentAcl(told: readonly Acl[] | null, acl: readonly Acl[] | null): Objection {
  const isSame = ({ perms, id }: Acl, at: number) => {
    const other = acl?.[at];
    const { scheme } = id;
    if (other === undefined || perms !== other.perms || scheme !== other.id.scheme) return false;
    return scheme === 'digest' || id.id === other.id.id;
  };
  return told?.length === acl?.length && (told ?? []).every(isSame) ? null : 'another ACL';
}

function differentStat(told: Stat, stat: Stat): Objection {
  for (const name of Object.keys(stat) as (keyof Stat)[]) {
    if (told[name] !== stat[name]) return `${name} ${told[name]} instead of ${stat[name]}`;
  }
  return null;
}

function differentChildren(
  told: readonly (string | null)[] | null,
  children: ReadonlySet<string>,
): Objection {
  const names = told ?? [];
  const isSame = names.length === children.size && names.every((name) => children.has(name ?? ''));
  return isSame ? null : `children [${names.join(' ')}] instead of [${[...children].join(' ')}]`;
}
