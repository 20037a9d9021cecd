/**
 * The ways to watch a path, as bits, and which of Apache's two tables each of them stands in. A
 * connection has at most one of each a path; they coexist.
 *
 *   bit          registered by               data table   child table
 *   data         exists, getData             standard     -
 *   children     getChildren, getChildren2   -            standard
 *   persistent   addWatch mode 0             persistent   persistent
 *   recursive    addWatch mode 1             recursive    -
 */
export const WatchMode = { data: 1, children: 2, persistent: 4, recursive: 8 } as const;
export type WatchMode = (typeof WatchMode)[keyof typeof WatchMode];

export const dataTableModes = WatchMode.data | WatchMode.persistent | WatchMode.recursive;
export const childTableModes = WatchMode.children | WatchMode.persistent;
/** Consumed by the trigger that they cause. */
export const standardModes = WatchMode.data | WatchMode.children;
export const allModes = dataTableModes | childTableModes;

/** Mode of an addWatch request to `WatchMode`; 0 for a code that does not exist (-5). */
export function modeOfAddWatch(code: number): WatchMode | 0 {
  if (code === 0) return WatchMode.persistent;
  if (code === 1) return WatchMode.recursive;
  return 0;
}

/** Apache `Watcher.WatcherType`: what checkWatches and removeWatches name. */
const modesByWatcherType = [
  0,
  WatchMode.children,
  WatchMode.data,
  allModes,
  WatchMode.persistent,
  WatchMode.recursive,
] as const;

/** Type of a checkWatches or removeWatches request to a set of modes; 0 = no such type (-5). */
export function modesOfWatcherType(type: number): number {
  return modesByWatcherType[type] ?? 0;
}
