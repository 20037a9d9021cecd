/** Data directories made by hand: trees that no client could bring about in a lifetime. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { asZxid } from '../../src/base/zxid.ts';
import { type StatPersisted, statPersisted } from '../../src/jute/data.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import { SnapshotWriter } from '../../src/storage/snapshot-writer.ts';
import { encodeRecord } from '../support/raw-client.ts';

/** What is not said of a stat is 0; the cversion is the one on disk: it counts created children. */
export interface CraftedNode extends Partial<StatPersisted> {
  readonly data?: string;
}

const openAcl = -1;
const emptyStat: StatPersisted = {
  ...{ czxid: 0n, mzxid: 0n, ctime: 0n, mtime: 0n, pzxid: 0n },
  ...{ version: 0, cversion: 0, aversion: 0, ephemeralOwner: 0n },
};

/** Writes a snapshot with the usual nodes and these ones, parents first. */
export function craftDirectory(
  dataDir: string,
  nodes: Readonly<Record<string, CraftedNode>>,
): void {
  const directory = join(dataDir, 'version-2');
  mkdirSync(directory, { recursive: true });
  const zxid = asZxid(100n);
  const writer = new SnapshotWriter({ disk: new NodeDisk(), directory, zxid });
  writer.beginSessions(0);
  writer.beginAcls(0);
  writer.beginNodes();
  const usual = { '': {}, '/zookeeper': {}, '/zookeeper/config': {}, '/zookeeper/quota': {} };
  const all: Record<string, CraftedNode> = { ...usual, ...nodes };
  for (const [name, { data = '', ...stat }] of Object.entries(all)) {
    const path = encodeUtf8(name);
    const content = encodeUtf8(data);
    const bytes = encodeRecord(statPersisted, { ...emptyStat, ...stat });
    const { byteLength } = content;
    writer.node(path, 0, path.byteLength, content, 0, byteLength, openAcl, bytes, 0);
  }
  writer.publish({ digest: null, lastProcessedZxid: zxid });
}
