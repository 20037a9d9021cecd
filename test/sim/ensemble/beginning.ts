/**
 * What an ensemble begins with when it does not begin empty: a snapshot near the edges of its
 * numbers, the same on every disk. Epochs, zxids, versions and sequence numbers are about to reach
 * their last values there.
 */
import { asZxid, type Epoch } from '../../../src/base/zxid.ts';
import { aclVector, statPersisted } from '../../../src/jute/data.ts';
import { digestVersion } from '../../../src/jute/txn.ts';
import { encodeUtf8 } from '../../../src/jute/utf8.ts';
import { JuteWriter } from '../../../src/jute/writer.ts';
import { dataDirectory } from '../../../src/storage/data-directory.ts';
import { EpochFiles } from '../../../src/storage/epoch-files.ts';
import { SnapshotWriter } from '../../../src/storage/snapshot-writer.ts';
import type { NaiveNode, NaiveState } from '../../storage/naive-state.ts';
import { emptyState } from '../model-state.ts';
import type { SimDisk } from '../sim-disk.ts';

export interface Beginning {
  readonly epoch: number;
  /** Of the last zxid. */
  readonly counter: number;
  /** How many children were created: the next sequence number. */
  readonly sequence: number;
  /** Of the data. */
  readonly version: number;
}

/** Nodes that clients write to. */
const paths = ['/a', '/b', '/seq'];
const openAclId = -1;
const otherAclId = 1;
const worldAll = 31;

export function stateAtBeginning(beginning: Beginning | null): NaiveState {
  const state = emptyState();
  if (beginning === null) return state;
  const { epoch, counter, sequence, version } = beginning;
  const zxid = (BigInt(epoch) << 32n) | BigInt(counter);
  state.lastZxid = zxid;
  for (const path of paths) {
    const acl = [{ perms: worldAll, id: { scheme: 'world', id: 'anyone' } }];
    state.nodes.set(path, {
      ...{ data: null, acl, owner: 0n, czxid: zxid, mzxid: zxid, pzxid: zxid },
      ...{ ctime: 0n, mtime: 0n, version, cversion: sequence, aversion: version },
    });
  }
  const root = state.nodes.get('') as NaiveNode;
  state.nodes.set('', { ...root, cversion: sequence, pzxid: zxid });
  return state;
}

/** As a server leaves its disk that has stopped in good order. */
export function writeBeginning(disk: SimDisk, beginning: Beginning): void {
  const state = stateAtBeginning(beginning);
  const directory = dataDirectory('/data');
  const zxid = asZxid(state.lastZxid);
  const writer = new SnapshotWriter({ disk, directory: directory.snapshots, zxid });
  const nodes = [...state.nodes];
  const other = nodes.find(([, node]) => !isOpen(node))?.[1].acl ?? [];
  const acl = bytesOf((out) => aclVector.write(out, other));
  writer.beginSessions(0);
  writer.beginAcls(1);
  writer.acl(otherAclId, acl, 0, acl.byteLength);
  writer.beginNodes();
  for (const [path, node] of nodes) writeNode(writer, path, node);
  const digest = BigInt.asIntN(64, state.digest());
  writer.publish({
    digest: { zxid, version: digestVersion, digest },
    lastProcessedZxid: zxid,
  });
  const epochs = new EpochFiles(disk, directory);
  epochs.writeAcceptedEpoch(beginning.epoch as Epoch);
  epochs.writeCurrentEpoch(beginning.epoch as Epoch);
}

function writeNode(writer: SnapshotWriter, path: string, node: NaiveNode): void {
  const { data, owner: ephemeralOwner, ...rest } = node;
  const bytes = encodeUtf8(path);
  const stat = bytesOf((out) => statPersisted.write(out, { ...rest, ephemeralOwner }));
  const aclId = isOpen(node) ? openAclId : otherAclId;
  const length = data?.byteLength ?? -1;
  writer.node(bytes, 0, bytes.byteLength, data, 0, length, aclId, stat, 0);
}

function isOpen({ acl }: NaiveNode): boolean {
  return acl[0]?.perms === worldAll;
}

function bytesOf(write: (out: JuteWriter) => void): Uint8Array {
  const out = new JuteWriter();
  write(out);
  return out.finish().slice();
}
