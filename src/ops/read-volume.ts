/**
 * How much a client has read with one request, by the sizes of its reply (Apache
 * `DataTree.updateReadStat`): the path, the data or the names of the children, and a Stat.
 */
import { OpCode } from '../jute/proto.ts';

const statBytes = 68;
const lengthBytes = 4;

/** Bytes of data or of names in a reply body `view[start..end)`. */
type ContentBytes = (view: DataView, start: number, end: number) => number;

const namesBytes: ContentBytes = (view, start, end) =>
  end - start - lengthBytes * (1 + view.getInt32(start));

const contentBytes: ReadonlyMap<number, ContentBytes> = new Map<number, ContentBytes>([
  [OpCode.exists, () => 0],
  [OpCode.getData, (_view, start, end) => end - start - lengthBytes - statBytes],
  [OpCode.getChildren, namesBytes],
  [OpCode.getChildren2, (view, start, end) => namesBytes(view, start, end) - statBytes],
]);

/**
 * Bytes read by a request for a path of `pathBytes`, whose reply body is `view[start..end)`; 0 when
 * this kind of request does not count.
 */
export function readVolume(
  type: number,
  pathBytes: number,
  view: DataView,
  start: number,
  end: number,
): number {
  const content = contentBytes.get(type);
  return content === undefined ? 0 : pathBytes + statBytes + content(view, start, end);
}
