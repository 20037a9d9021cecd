/** Watches that are set, and that fire. */
import { EventType } from '../../../src/jute/proto.ts';
import { WatchMode } from '../../../src/state/watch-modes.ts';
import { WatchTable } from '../../../src/state/watch-table.ts';
import { benchPaths, type Subject } from '../subject.ts';

const watchersOfEach = 4;

/** FNV-1a: the table does not care which hash it is. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash | 0;
}

export const watches: Subject = {
  name: 'state/watch-table',
  prepare: ({ items }) => {
    const paths = benchPaths(items / watchersOfEach);
    const table = new WatchTable(hashOf);
    for (let cnxn = 1; cnxn <= watchersOfEach; cnxn++) table.openConnection(cnxn);
    const map = new Map<string, Set<number>>();
    return [
      {
        name: `${items} data watches set, and fired`,
        operations: items,
        run() {
          let hits = 0;
          for (const path of paths) {
            for (let cnxn = 1; cnxn <= watchersOfEach; cnxn++) {
              table.add(path, 0, path.byteLength, cnxn, WatchMode.data);
            }
          }
          for (const path of paths) {
            const hash = hashOf(path, 0, path.byteLength);
            hits += table.trigger(EventType.nodeDataChanged, path, 0, path.byteLength, hash);
          }
          return hits;
        },
        reference() {
          let hits = 0;
          for (const path of paths) {
            for (let cnxn = 1; cnxn <= watchersOfEach; cnxn++) {
              const key = path.toString();
              const watchers = map.get(key) ?? new Set();
              map.set(key, watchers.add(cnxn));
            }
          }
          for (const path of paths) {
            const key = path.toString();
            hits += map.get(key)?.size ?? 0;
            map.delete(key);
          }
          return hits;
        },
      },
    ];
  },
};
