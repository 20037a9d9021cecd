/** Records of Apache's `org.apache.zookeeper.data` module: what both wire and disk are made of. */
import { int, long, record, ustring, type ValueOf, vector } from './schema.ts';

export const id = record({ scheme: ustring, id: ustring });
export type Id = ValueOf<typeof id>;

export const acl = record({ perms: int, id });
export type Acl = ValueOf<typeof acl>;

export const aclVector = vector(acl);

/** As clients see it: 68 bytes on the wire. */
export const stat = record({
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  dataLength: int,
  numChildren: int,
  pzxid: long,
});
export type Stat = ValueOf<typeof stat>;

/** As snapshots hold it: 60 bytes; `cversion` and `ephemeralOwner` are the raw values. */
export const statPersisted = record({
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  pzxid: long,
});
export type StatPersisted = ValueOf<typeof statPersisted>;

/** Bits of `Acl.perms` (Apache `ZooDefs.Perms`). */
export const Perms = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;
