/**
 * Who is told of a change. A trigger consumes standard watches whoever holds them; the event then
 * leaves only to those who may read the node (since 3.9.2, CVE-2024-23944).
 */
import { checkAcl } from '../auth/check-acl.ts';
import type { SchemeTable } from '../auth/schemes.ts';
import { Perms } from '../jute/data.ts';
import type { EventType } from '../jute/proto.ts';
import { JuteWriter } from '../jute/writer.ts';
import { writeEvent } from '../ops/replies.ts';
import type { WatchTable } from '../state/watch-table.ts';
import type { TreeView } from '../tree/tree-view.ts';
import type { Connections } from './connections.ts';
import type { KeeperMonitor, KeeperOutput } from './keeper-ports.ts';

export interface WatchDeliveryParts {
  readonly tree: TreeView;
  readonly watches: WatchTable;
  readonly schemes: SchemeTable;
  readonly output: KeeperOutput;
  readonly monitor: KeeperMonitor;
}

const rootPath = Uint8Array.of(0x2f);

export class WatchDelivery {
  zxidHi = 0;
  zxidLo = 0;
  private readonly parts: WatchDeliveryParts;
  private readonly connections: Connections;
  private readonly frame = new JuteWriter(256);

  constructor(parts: WatchDeliveryParts, connections: Connections) {
    this.parts = parts;
    this.connections = connections;
  }

  /** An event on a path, shown to readers of the node `ref`. The empty path is the root. */
  trigger(type: EventType, ref: number, path: Uint8Array, start: number, end: number): void {
    const { tree } = this.parts;
    if (end - start > 1) this.triggerHashed(type, ref, path, start, end, tree.pathHashOf(ref));
    else this.triggerHashed(type, ref, rootPath, 0, 1, tree.hashOf(rootPath, 0, 1));
  }

  private triggerHashed(
    type: EventType,
    ref: number,
    path: Uint8Array,
    start: number,
    end: number,
    hash: number,
  ): void {
    const { tree, watches, output, monitor } = this.parts;
    const found = watches.trigger(type, path, start, end, hash);
    if (found === 0) return;
    monitor.watchesTriggered(type, found);
    const count = tree.isReadableByAnyone(ref) ? found : this.keepReaders(ref, found);
    if (count === 0) return;
    const { zxidHi, zxidLo, frame } = this;
    writeEvent(frame, type, zxidHi, zxidLo, path, start, end);
    output.notify(watches.hits, count, zxidHi, zxidLo, frame.bytes, 0, frame.offset);
  }

  /** Moves those who may read the node to the front of the hits; returns how many they are. */
  private keepReaders(ref: number, found: number): number {
    const { tree, watches, schemes } = this.parts;
    const acl = tree.acls.bytesOf(tree.aclId(ref));
    const { hits } = watches;
    let kept = 0;
    for (let i = 0; i < found; i++) {
      const connection = this.connections.get(hits[i] as number);
      if (connection === undefined) continue;
      const { identities } = connection;
      const mayRead =
        acl === null
          ? identities.isSuper
          : checkAcl(acl.bytes, acl.start, acl.end, Perms.read, identities, schemes);
      if (mayRead) hits[kept++] = connection.cnxnId;
    }
    return kept;
  }
}
