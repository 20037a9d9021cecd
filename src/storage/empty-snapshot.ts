/**
 * The snapshot of an empty database: root, `/zookeeper` and its two children, no sessions. Byte
 * for byte what Apache 3.9 writes as `snapshot.0`, so that a new server and an old one begin with
 * the same tree.
 */
import type { Disk } from '../base/ports.ts';
import { zxidZero } from '../base/zxid.ts';
import { aclVector, Perms } from '../jute/data.ts';
import { digestVersion } from '../jute/txn.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { SnapshotVisitor } from './recovery-sink.ts';
import { statPersistedBytes } from './snapshot-format.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

const worldAnyoneAll = -1;
const readableByAnyone = 1;
const aversionOffset = 40;

/** Hands the empty database to `visitor` as if it had been read from a snapshot. */
export function visitEmptyDatabase(visitor: SnapshotVisitor): void {
  const acl = new JuteWriter();
  aclVector.write(acl, [{ perms: Perms.read, id: { scheme: 'world', id: 'anyone' } }]);
  visitor.acl(readableByAnyone, acl.finish(), 0, acl.offset);
  visitNode(visitor, '', worldAnyoneAll, 0);
  visitNode(visitor, '/zookeeper', worldAnyoneAll, 0);
  visitNode(visitor, '/zookeeper/config', readableByAnyone, -1);
  visitNode(visitor, '/zookeeper/quota', worldAnyoneAll, 0);
}

function visitNode(visitor: SnapshotVisitor, path: string, aclId: number, aversion: number): void {
  const pathBytes = encodeUtf8(path);
  const end = pathBytes.byteLength;
  const bytes = new Uint8Array(end + statPersistedBytes);
  bytes.set(pathBytes);
  new DataView(bytes.buffer).setInt32(end + aversionOffset, aversion);
  visitor.node(bytes, 0, end, end, 0, aclId, end);
}

/**
 * Writes and publishes `snapshot.0` in `directory`. Its digest section says that no digest is
 * known, as Apache's does. Throws `DiskError`.
 */
export function writeEmptySnapshot(disk: Disk, directory: string): string {
  const writer = new SnapshotWriter({ disk, directory, zxid: zxidZero });
  writer.beginSessions(0);
  writer.beginAcls(1);
  let hasNodes = false;
  visitEmptyDatabase({
    session() {},
    acl: (id, bytes, start, end) => writer.acl(id, bytes, start, end),
    node(bytes, pathStart, pathEnd, dataStart, dataLength, aclId, statStart) {
      if (!hasNodes) writer.beginNodes();
      hasNodes = true;
      writer.node(bytes, pathStart, pathEnd, bytes, dataStart, dataLength, aclId, bytes, statStart);
    },
  });
  return writer.publish({
    digest: { zxid: zxidZero, version: digestVersion, digest: 0n },
    lastProcessedZxid: zxidZero,
  });
}
