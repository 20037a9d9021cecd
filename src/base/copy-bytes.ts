/**
 * Moves bytes from one array to another. Views are made once per array and kept: making one costs
 * more than copying a whole reply. Loops of four words beat `set` on a fresh subarray up to
 * several KiB, and leave no garbage.
 */

/** From here on a fresh subarray and one bulk copy are cheaper than the loop. */
const bulkBytesMin = 8192;

const noBytes = new Uint8Array(0);
const noBytesView = new DataView(noBytes.buffer);

/** Remembers the `DataView` of the last two arrays that it was asked for. */
export class ViewCache {
  private firstBytes: Uint8Array = noBytes;
  private firstView: DataView = noBytesView;
  private secondBytes: Uint8Array = this.firstBytes;
  private secondView: DataView = this.firstView;

  viewOf(bytes: Uint8Array): DataView {
    return bytes === this.firstBytes ? this.firstView : this.viewOfOther(bytes);
  }

  private viewOfOther(bytes: Uint8Array): DataView {
    const view =
      bytes === this.secondBytes
        ? this.secondView
        : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.secondBytes = this.firstBytes;
    this.secondView = this.firstView;
    this.firstBytes = bytes;
    this.firstView = view;
    return view;
  }
}

/** Copies `length` bytes; throws a RangeError when they are not there or do not fit. */
export function copyBytes(
  from: DataView,
  fromStart: number,
  to: DataView,
  toStart: number,
  length: number,
): void {
  if (length > to.byteLength - toStart || length > from.byteLength - fromStart) {
    throw new RangeError('copy does not fit');
  }
  if (length >= bulkBytesMin) {
    copyBulk(from, fromStart, to, toStart, length);
    return;
  }
  let at = fromStart;
  let out = toStart;
  for (const end = fromStart + (length & ~15); at < end; at += 16, out += 16) {
    to.setInt32(out, from.getInt32(at, true), true);
    to.setInt32(out + 4, from.getInt32(at + 4, true), true);
    to.setInt32(out + 8, from.getInt32(at + 8, true), true);
    to.setInt32(out + 12, from.getInt32(at + 12, true), true);
  }
  for (const end = fromStart + (length & ~3); at < end; at += 4, out += 4) {
    to.setInt32(out, from.getInt32(at, true), true);
  }
  for (const end = fromStart + length; at < end; at++, out++) to.setUint8(out, from.getUint8(at));
}

function copyBulk(
  from: DataView,
  fromStart: number,
  to: DataView,
  toStart: number,
  length: number,
): void {
  const source = new Uint8Array(from.buffer, from.byteOffset + fromStart, length);
  new Uint8Array(to.buffer, to.byteOffset + toStart, length).set(source);
}
