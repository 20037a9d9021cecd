/**
 * The pieces of a jute `vec<ACL>` where they lie: `i32 count`, then for each entry `i32 perms`,
 * `str scheme`, `str id`. Comparisons of bytes with bytes; no string is made, nothing throws.
 */
const world = Uint8Array.from('world', (letter) => letter.charCodeAt(0));
const anyone = Uint8Array.from('anyone', (letter) => letter.charCodeAt(0));

/** Big-endian int32; the caller has checked that `at + 4` is within bounds. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

export function equalBytes(
  wanted: Uint8Array,
  bytes: Uint8Array,
  start: number,
  length: number,
): boolean {
  if (wanted.length !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== wanted[i]) return false;
  return true;
}

/**
 * A place in an ACL. `next` steps from entry to entry; what it finds is in the fields until the
 * next step. One cursor is reused for all checks of a thread.
 */
export class AclCursor {
  perms = 0;
  schemeAt = 0;
  schemeLength = 0;
  idAt = 0;
  idLength = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private left = 0;

  /** Number of entries: 0 for null and empty lists, -1 when there is no room for a count. */
  open(bytes: Uint8Array, start: number, end: number): number {
    this.bytes = bytes;
    this.at = start + 4;
    this.end = end;
    this.left = end - start < 4 ? -1 : Math.max(readInt32(bytes, start), 0);
    return this.left;
  }

  /** False at the end of the list, and where an entry does not fit into the range. */
  next(): boolean {
    if (this.left <= 0 || this.end - this.at < 8) return false;
    this.left--;
    this.perms = readInt32(this.bytes, this.at);
    this.schemeLength = this.lengthAt(this.at + 4);
    this.schemeAt = this.at + 8;
    if (this.end - this.schemeAt < this.schemeLength + 4) return this.stop();
    const idLengthAt = this.schemeAt + this.schemeLength;
    this.idLength = this.lengthAt(idLengthAt);
    this.idAt = idLengthAt + 4;
    this.at = this.idAt + this.idLength;
    return this.at <= this.end || this.stop();
  }

  /** Entries not read yet; more than zero after `next` was false: the bytes are no ACL. */
  get remaining(): number {
    return this.left;
  }

  isWorldAnyone(): boolean {
    return (
      equalBytes(world, this.bytes, this.schemeAt, this.schemeLength) &&
      equalBytes(anyone, this.bytes, this.idAt, this.idLength)
    );
  }

  isScheme(scheme: Uint8Array): boolean {
    return equalBytes(scheme, this.bytes, this.schemeAt, this.schemeLength);
  }

  /** Null strings read as empty ones: they match nothing either way. */
  private lengthAt(at: number): number {
    const length = readInt32(this.bytes, at);
    return length === -1 ? 0 : length < 0 ? 0x7fffffff : length;
  }

  private stop(): false {
    this.left++;
    this.at = this.end;
    return false;
  }
}
