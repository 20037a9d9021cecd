/**
 * Client protocol: op codes and the records of Apache's `org.apache.zookeeper.proto` module.
 * Every frame is an int32 length and that many bytes; a request starts with `requestHeader`, a
 * reply with `replyHeader`. The handshake (`connectRequest`, `connectResponse`) has no header.
 */
import { acl, id, stat } from './data.ts';
import { bool, buffer, int, long, record, ustring, type ValueOf, vector } from './schema.ts';

/** Apache `ZooDefs.OpCode`; the negative ones and `error` are also txn types. */
export const OpCode = {
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
  error: -1,
} as const;
export type OpCode = (typeof OpCode)[keyof typeof OpCode];

/** Xids with a meaning of their own. */
export const Xid = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;

/** Apache `CreateMode` flags: a number, not a bit mask. */
export const CreateFlag = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentWithTtl: 5,
  persistentSequentialWithTtl: 6,
} as const;

/** Apache `Watcher.Event.EventType` as sent by servers. */
export const EventType = {
  nodeCreated: 1,
  nodeDeleted: 2,
  nodeDataChanged: 3,
  nodeChildrenChanged: 4,
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

/** Apache `KeeperState.SyncConnected`: the only state that servers send. */
export const keeperStateSyncConnected = 3;

export const connectRequest = record({
  protocolVersion: int,
  lastZxidSeen: long,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
});
export type ConnectRequest = ValueOf<typeof connectRequest>;

export const connectResponse = record({
  protocolVersion: int,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
});
export type ConnectResponse = ValueOf<typeof connectResponse>;

export const requestHeader = record({ xid: int, type: int });
export const replyHeader = record({ xid: int, zxid: long, err: int });
export const multiHeader = record({ type: int, done: bool, err: int });

export const createRequest = record({ path: ustring, data: buffer, acl: vector(acl), flags: int });
export const createTTLRequest = record({
  path: ustring,
  data: buffer,
  acl: vector(acl),
  flags: int,
  ttl: long,
});
export const deleteRequest = record({ path: ustring, version: int });
export const setDataRequest = record({ path: ustring, data: buffer, version: int });
export const setACLRequest = record({ path: ustring, acl: vector(acl), version: int });
export const checkVersionRequest = record({ path: ustring, version: int });
export const pathRequest = record({ path: ustring });
export const pathWatchRequest = record({ path: ustring, watch: bool });
export const watcherTypeRequest = record({ path: ustring, type: int });
export const addWatchRequest = record({ path: ustring, mode: int });
export const authPacket = record({ type: int, scheme: ustring, auth: buffer });
export const setWatchesRequest = record({
  relativeZxid: long,
  dataWatches: vector(ustring),
  existWatches: vector(ustring),
  childWatches: vector(ustring),
});
export const setWatches2Request = record({
  relativeZxid: long,
  dataWatches: vector(ustring),
  existWatches: vector(ustring),
  childWatches: vector(ustring),
  persistentWatches: vector(ustring),
  persistentRecursiveWatches: vector(ustring),
});
export const reconfigRequest = record({
  joiningServers: ustring,
  leavingServers: ustring,
  newMembers: ustring,
  curConfigId: long,
});

export const pathResponse = record({ path: ustring });
export const create2Response = record({ path: ustring, stat });
export const statResponse = record({ stat });
export const getDataResponse = record({ data: buffer, stat });
export const getACLResponse = record({ acl: vector(acl), stat });
export const getChildrenResponse = record({ children: vector(ustring) });
export const getChildren2Response = record({ children: vector(ustring), stat });
export const getEphemeralsResponse = record({ ephemerals: vector(ustring) });
export const getAllChildrenNumberResponse = record({ totalNumber: int });
export const errorResponse = record({ err: int });
export const whoAmIResponse = record({ clientInfo: vector(id) });
export const watcherEvent = record({ type: int, state: int, path: ustring });
