/**
 * Writes one snapshot: sessions, ACL lists, nodes with parents first, then the seals and the two
 * trailer sections. The file appears under its name only when it is whole and durable (temporary
 * name, fsync, rename, fsync of the directory). A failed write leaves nothing behind and is no
 * reason to stop the server: the error goes to the caller, who tries again some other time.
 */
import type { Disk, DiskFile } from '../base/ports.ts';
import type { Zxid } from '../base/zxid.ts';
import { adler32, adler32Seed } from './adler32.ts';
import {
  joinPath,
  type SnapshotEncoding,
  snapshotFileName,
  temporarySuffix,
} from './data-directory.ts';
import { type Compression, encodeSnapshot, type SnapshotEncoder } from './snapshot-compression.ts';
import { type SnapshotTrailer, slash, snapshotMagic, snapshotVersion } from './snapshot-format.ts';
import { SnapshotStream } from './snapshot-stream.ts';

const slashBytes = Uint8Array.of(slash);

export interface SnapshotWriterOptions {
  readonly disk: Disk;
  /** The `version-2` directory of snapshots. */
  readonly directory: string;
  /** All effects of txns up to this one are in the snapshot. */
  readonly zxid: Zxid;
  readonly encoding?: SnapshotEncoding;
  /** Needed for `gz`. */
  readonly compression?: Compression;
}

export class SnapshotWriter extends SnapshotStream {
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly path: string;
  private readonly temporaryPath: string;
  private readonly file: DiskFile;
  private readonly encoder: SnapshotEncoder;
  private position = 0;
  private checksum = adler32Seed;
  private stage: 'writing' | 'published' | 'gone' = 'writing';

  /** Creates the temporary file. Throws `DiskError`. */
  constructor(options: SnapshotWriterOptions) {
    super((piece) => this.takePiece(piece));
    const { disk, directory, zxid, encoding = 'plain', compression = null } = options;
    this.disk = disk;
    this.directory = directory;
    this.path = joinPath(directory, snapshotFileName(zxid, encoding));
    this.temporaryPath = this.path + temporarySuffix;
    this.encoder = encodeSnapshot(encoding, (bytes) => this.writeToFile(bytes), compression);
    this.file = disk.create(this.temporaryPath);
  }

  /** Bytes in the file so far (after compression). */
  get fileBytes(): number {
    return this.position;
  }

  override beginSessions(count: number): void {
    this.out.writeInt(snapshotMagic);
    this.out.writeInt(snapshotVersion);
    this.out.writeHalves(-1, -1);
    super.beginSessions(count);
  }

  /**
   * Ends the tree, writes seals and trailer, makes the file durable and gives it its name.
   * Returns its path. Throws `DiskError`, and then there is no such file.
   */
  publish(trailer: SnapshotTrailer): string {
    this.endNodes();
    this.seal();
    const { digest, lastProcessedZxid } = trailer;
    if (digest !== null) {
      this.out.writeLong(digest.zxid);
      this.out.writeInt(digest.version);
      this.out.writeLong(digest.digest);
      this.seal();
    }
    if (lastProcessedZxid !== null) {
      this.out.writeLong(lastProcessedZxid);
      this.seal();
    }
    this.guarded(() => {
      this.encoder.finish();
      this.file.sync();
      this.file.close();
    });
    this.stage = 'published';
    this.guarded(() => {
      this.disk.rename(this.temporaryPath, this.path);
      this.disk.syncDirectory(this.directory);
    });
    return this.path;
  }

  /** Gives up; nothing stays on disk. Does nothing after `publish` or a failure. */
  abort(): void {
    if (this.stage === 'writing') this.discard();
  }

  private seal(): void {
    this.drain();
    this.out.writeHalves(0, this.checksum | 0);
    this.out.writeBuffer(slashBytes);
    this.drain();
  }

  private takePiece(piece: Uint8Array): void {
    this.checksum = adler32(piece, 0, piece.byteLength, this.checksum);
    this.guarded(() => this.encoder.write(piece));
  }

  private writeToFile(bytes: Uint8Array): void {
    this.file.write(bytes, 0, bytes.byteLength, this.position);
    this.position += bytes.byteLength;
  }

  private guarded(effect: () => void): void {
    try {
      effect();
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Best effort: what cannot be removed now is removed at the next start. */
  private discard(): void {
    const wasPublished = this.stage === 'published';
    this.stage = 'gone';
    this.giveUp();
    quietly(() => this.file.close());
    quietly(() => this.disk.remove(this.temporaryPath));
    if (wasPublished) quietly(() => this.disk.remove(this.path));
  }
}

function quietly(effect: () => void): void {
  try {
    effect();
  } catch {
    // The first error is the one that the caller hears of.
  }
}
