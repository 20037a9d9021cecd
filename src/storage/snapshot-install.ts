/**
 * Takes over a leader's whole state (SNAP): its raw stream becomes a snapshot file, which then
 * replaces all history on disk. Whether a crash leaves the old history or the new one is decided
 * by one durable mark, never a mixture: logs of the old history behind the new snapshot would be
 * replayed over it.
 *
 * ```
 * stream ─► installing.tmp, durable ─► mark, durable ─► snapshot.Z ─► old logs out of the way ─► no mark
 *           └──── a crash undoes ────┘ └──────────────── a start finishes ────────────────────┘
 * ```
 */
import { assert } from '../base/assert.ts';
import type { Disk, DiskFile } from '../base/ports.ts';
import { asZxid, type Zxid } from '../base/zxid.ts';
import { decodeUtf8, encodeUtf8 } from '../jute/utf8.ts';
import { JuteWriter } from '../jute/writer.ts';
import { adler32, adler32Seed } from './adler32.ts';
import {
  type DataDirectory,
  installMarkName,
  installTemporaryName,
  joinPath,
  snapshotFileName,
} from './data-directory.ts';
import { slash, snapshotMagic, snapshotVersion } from './snapshot-format.ts';
import { retireHistory } from './txn-log-history.ts';

const markBytesMax = 32;

/** A snapshot that comes in. Throws `DiskError`. */
export class SnapshotInstall {
  readonly zxid: Zxid;
  private readonly disk: Disk;
  private readonly directory: DataDirectory;
  private readonly path: string;
  private readonly file: DiskFile;
  private position = 0;
  private checksum = adler32Seed;

  /** All effects of txns up to `zxid` are in the stream. */
  constructor(disk: Disk, directory: DataDirectory, zxid: Zxid) {
    this.disk = disk;
    this.directory = directory;
    this.zxid = zxid;
    this.path = joinPath(directory.snapshots, installTemporaryName);
    this.file = disk.create(this.path);
    const header = new JuteWriter();
    header.writeInt(snapshotMagic);
    header.writeInt(snapshotVersion);
    header.writeHalves(-1, -1);
    this.writeWhole(header.finish());
  }

  /** A piece of the stream: from the count of sessions to the path "/" that ends it. */
  write(bytes: Uint8Array, start: number, end: number): void {
    this.file.write(bytes, start, end - start, this.position);
    this.position += end - start;
    this.checksum = adler32(bytes, start, end, this.checksum);
  }

  /** The stream is complete. From here on the old history is gone, whatever happens. */
  publish(): void {
    const seal = new JuteWriter();
    seal.writeHalves(0, this.checksum | 0);
    seal.writeBuffer(Uint8Array.of(slash));
    this.writeWhole(seal.finish());
    this.file.sync();
    this.file.close();
    // Its name, too: a mark without a snapshot would leave nothing to start from.
    this.disk.syncDirectory(this.directory.snapshots);
    writeMark(this.disk, this.directory, this.zxid);
    giveName(this.disk, this.directory, this.zxid);
  }

  /** Behind `publish`, when the old logs are out of the way. */
  finish(): void {
    removeMark(this.disk, this.directory);
  }

  /** The stream has ended too early: nothing of it stays. */
  abandon(): void {
    this.file.close();
    this.disk.remove(this.path);
  }

  private writeWhole(bytes: Uint8Array): void {
    this.write(bytes, 0, bytes.byteLength);
  }
}

/**
 * At start: finishes an installation that was cut short behind its mark. Returns the zxid of the
 * snapshot, null when there was nothing to do.
 */
export function finishInstall(disk: Disk, directory: DataDirectory): Zxid | null {
  const path = joinPath(directory.snapshots, installMarkName);
  const temporary = joinPath(directory.snapshots, installTemporaryName);
  const isMarked = disk.exists(path);
  // A mark without an end was not durable yet.
  const zxid = isMarked ? readMark(disk, path) : null;
  if (zxid !== null) {
    // The name may be there without being durable, and where its sync has failed, a sync that
    // succeeds later proves nothing: it is given anew.
    if (!disk.exists(temporary)) disk.rename(namedPath(directory, zxid), temporary);
    giveName(disk, directory, zxid);
    retireHistory(disk, directory, zxid);
  } else if (disk.exists(temporary)) disk.remove(temporary);
  if (isMarked) removeMark(disk, directory);
  return zxid;
}

function namedPath(directory: DataDirectory, zxid: Zxid): string {
  return joinPath(directory.snapshots, snapshotFileName(zxid));
}

function giveName(disk: Disk, directory: DataDirectory, zxid: Zxid): void {
  const temporary = joinPath(directory.snapshots, installTemporaryName);
  disk.rename(temporary, namedPath(directory, zxid));
  disk.syncDirectory(directory.snapshots);
}

function writeMark(disk: Disk, directory: DataDirectory, zxid: Zxid): void {
  assert(zxid >= 0n, 'a snapshot has a zxid');
  const file = disk.create(joinPath(directory.snapshots, installMarkName));
  const text = encodeUtf8(`${zxid.toString(16)}\n`);
  file.write(text, 0, text.byteLength, 0);
  file.sync();
  file.close();
  disk.syncDirectory(directory.snapshots);
}

function readMark(disk: Disk, path: string): Zxid | null {
  const file = disk.openRead(path);
  const bytes = new Uint8Array(markBytesMax);
  const length = file.read(bytes, 0, markBytesMax, 0);
  file.close();
  const match = /^([0-9a-f]{1,16})\n$/.exec(decodeUtf8(bytes, 0, length));
  return match === null ? null : asZxid(BigInt(`0x${match[1]}`));
}

function removeMark(disk: Disk, directory: DataDirectory): void {
  disk.remove(joinPath(directory.snapshots, installMarkName));
  disk.syncDirectory(directory.snapshots);
}
