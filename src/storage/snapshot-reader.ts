/**
 * Reads snapshots of every server since 3.4, in all three encodings. What follows the tree is
 * told by how many bytes are left, never by settings (Apache decides by its own flags and then
 * cannot read what it wrote under others). Every seal is verified. Nothing that was handed to the
 * visitor may be trusted before `readSnapshot` has returned.
 */
import type { Disk } from '../base/ports.ts';
import { asZxid, joinHalves, type Zxid } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import { digestVersion } from '../jute/txn.ts';
import { decodeUtf8 } from '../jute/utf8.ts';
import { adler32, adler32Seed } from './adler32.ts';
import type { SnapshotFile } from './data-directory.ts';
import type { SnapshotVisitor } from './recovery-sink.ts';
import { type ByteSource, type Compression, decodeSnapshot } from './snapshot-compression.ts';
import {
  type SnapshotDigest,
  type SnapshotTrailer,
  slash,
  snapshotHeaderBytes,
  snapshotMagic,
  statPersistedBytes,
  TrailerBytes,
} from './snapshot-format.ts';
import { payloadBytesMaxDefault } from './txn-log-format.ts';

const windowBytesInitial = 512 * 1024;

const nobody: SnapshotVisitor = { session() {}, acl() {}, node() {} };

/**
 * Reads a file. `bufferBytesMax` bounds each path, data and name, as `jute.maxbuffer` bounds them
 * for Apache. Throws `JuteError` when it is not a whole, sealed snapshot.
 */
export function readSnapshotFile(
  disk: Disk,
  snapshot: SnapshotFile,
  visitor: SnapshotVisitor,
  compression: Compression,
  bufferBytesMax?: number,
): SnapshotTrailer {
  const file = disk.openRead(snapshot.path);
  try {
    const source = decodeSnapshot(file, snapshot.encoding, compression);
    return readSnapshot(source, visitor, bufferBytesMax);
  } finally {
    file.close();
  }
}

/** Why a snapshot cannot be used, or null when all its seals hold. Disk errors are thrown. */
export function snapshotDamage(
  disk: Disk,
  snapshot: SnapshotFile,
  compression: Compression,
  bufferBytesMax?: number,
): string | null {
  try {
    readSnapshotFile(disk, snapshot, nobody, compression, bufferBytesMax);
    return null;
  } catch (error) {
    if (error instanceof JuteError) return error.message;
    throw error;
  }
}

export function readSnapshot(
  source: ByteSource,
  visitor: SnapshotVisitor,
  bufferBytesMax: number = payloadBytesMaxDefault,
): SnapshotTrailer {
  const stream = new SealedStream(source, bufferBytesMax);
  const header = stream.take(snapshotHeaderBytes);
  if (stream.view.getInt32(header) !== snapshotMagic) throw new JuteError('not a snapshot');
  readSessions(stream, visitor);
  readAcls(stream, visitor);
  readNodes(stream, visitor);
  stream.verifySeal('the tree');
  return readTrailer(stream);
}

function readSessions(stream: SealedStream, visitor: SnapshotVisitor): void {
  const count = stream.takeInt();
  for (let i = 0; i < count; i++) {
    const at = stream.take(12);
    const view = stream.view;
    visitor.session(view.getInt32(at), view.getInt32(at + 4), view.getInt32(at + 8));
  }
}

function readAcls(stream: SealedStream, visitor: SnapshotVisitor): void {
  const count = stream.takeInt();
  for (let i = 0; i < count; i++) {
    const id = takeAclId(stream, stream.take(8));
    const length = measureAclVector(stream);
    const start = stream.take(length);
    visitor.acl(id, stream.bytes, start, start + length);
  }
}

/** Length of the vector that begins at the read position, without moving on. */
function measureAclVector(stream: SealedStream): number {
  const count = stream.peekInt(0);
  if (count < 0) throw new JuteError('ACL list without entries');
  let length = 4;
  for (let i = 0; i < count; i++) {
    length += 4;
    length += 4 + Math.max(0, stream.peekLength(length));
    length += 4 + Math.max(0, stream.peekLength(length));
  }
  return length;
}

function takeAclId(stream: SealedStream, at: number): number {
  const id = stream.view.getInt32(at) * 0x100000000 + stream.view.getUint32(at + 4);
  if (!Number.isSafeInteger(id)) throw new JuteError('ACL id out of range');
  return id;
}

function readNodes(stream: SealedStream, visitor: SnapshotVisitor): void {
  for (;;) {
    const pathLength = stream.peekLength(0);
    if (pathLength < 0) throw new JuteError('node without a path');
    if (pathLength === 1 && stream.peekByte(4) === slash) break;
    const dataLength = stream.peekLength(4 + pathLength);
    const statOffset = 4 + pathLength + 4 + Math.max(0, dataLength) + 8;
    const at = stream.take(statOffset + statPersistedBytes);
    visitor.node(
      stream.bytes,
      at + 4,
      at + 4 + pathLength,
      at + 4 + pathLength + 4,
      dataLength,
      takeAclId(stream, at + statOffset - 8),
      at + statOffset,
    );
  }
  stream.take(5);
}

function readTrailer(stream: SealedStream): SnapshotTrailer {
  const left = stream.remaining(TrailerBytes.both + 1);
  let digest: SnapshotDigest | null = null;
  let lastProcessedZxid: Zxid | null = null;
  if (left !== TrailerBytes.none && left !== TrailerBytes.lastProcessedZxid) {
    digest = readDigest(stream);
    stream.verifySeal('the digest');
  }
  if (stream.remaining(1) > 0) {
    lastProcessedZxid = asZxid(stream.takeLong());
    stream.verifySeal('lastProcessedZxid');
  }
  if (stream.remaining(1) > 0) throw new JuteError('bytes behind the last seal');
  return { digest, lastProcessedZxid };
}

/** Before version 2 the digest was text (Apache `ZxidDigest`). */
function readDigest(stream: SealedStream): SnapshotDigest {
  const zxid = asZxid(stream.takeLong());
  const version = stream.takeInt();
  if (version >= digestVersion) return { zxid, version, digest: stream.takeLong() };
  const length = Math.max(0, stream.peekLength(0));
  const start = stream.take(4 + length) + 4;
  const text = decodeUtf8(stream.bytes, start, start + length);
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) throw new JuteError('digest is not hexadecimal');
  return { zxid, version, digest: BigInt.asIntN(64, BigInt(`0x${text}`)) };
}

/** A window over the source, and the checksum of all that was taken from it. */
class SealedStream {
  private readonly source: ByteSource;
  private readonly bufferBytesMax: number;
  private position = 0;
  private filled = 0;
  private hashed = 0;
  private checksum = adler32Seed;

  bytes = new Uint8Array(windowBytesInitial);
  view = new DataView(this.bytes.buffer);

  constructor(source: ByteSource, bufferBytesMax: number) {
    this.source = source;
    this.bufferBytesMax = bufferBytesMax;
  }

  /** Moves over `length` bytes and returns where they are in `bytes`, until the next call. */
  take(length: number): number {
    this.need(length);
    const at = this.position;
    this.position = at + length;
    return at;
  }

  takeInt(): number {
    return this.view.getInt32(this.take(4));
  }

  takeLong(): bigint {
    const at = this.take(8);
    return joinHalves(this.view.getInt32(at), this.view.getInt32(at + 4));
  }

  peekByte(offset: number): number {
    this.need(offset + 1);
    return this.bytes[this.position + offset];
  }

  peekInt(offset: number): number {
    this.need(offset + 4);
    return this.view.getInt32(this.position + offset);
  }

  /** A length prefix: -1 is null. */
  peekLength(offset: number): number {
    const length = this.peekInt(offset);
    if (length < -1 || length > this.bufferBytesMax) {
      throw new JuteError(`unreasonable length = ${length} (see jute.maxbuffer)`);
    }
    return length;
  }

  /** Bytes that are left, counted up to `limit`. */
  remaining(limit: number): number {
    if (this.filled - this.position < limit) this.fill(limit);
    return Math.min(limit, this.filled - this.position);
  }

  verifySeal(what: string): void {
    this.hashTaken();
    const expected = this.checksum;
    const at = this.take(13);
    const hi = this.view.getInt32(at);
    const lo = this.view.getUint32(at + 4);
    if (hi !== 0 || lo !== expected) throw new JuteError(`the seal of ${what} is broken`);
    if (this.view.getInt32(at + 8) !== 1) throw new JuteError(`the seal of ${what} has no end`);
  }

  private need(length: number): void {
    if (this.filled - this.position >= length) return;
    this.fill(length);
    if (this.filled - this.position < length) throw new JuteError('the snapshot is cut off');
  }

  private fill(length: number): void {
    this.hashTaken();
    const kept = this.filled - this.position;
    let target = this.bytes;
    if (length > target.byteLength)
      target = new Uint8Array(Math.max(length, target.byteLength * 2));
    target.set(this.bytes.subarray(this.position, this.filled));
    if (target !== this.bytes) {
      this.bytes = target;
      this.view = new DataView(target.buffer);
    }
    this.position = this.hashed = 0;
    this.filled = kept + this.source.read(target, kept, target.byteLength - kept);
  }

  private hashTaken(): void {
    this.checksum = adler32(this.bytes, this.hashed, this.position, this.checksum);
    this.hashed = this.position;
  }
}
