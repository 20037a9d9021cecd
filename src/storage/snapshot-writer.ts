/**
 * Writes one snapshot: sessions, ACL lists, nodes with parents first, then the seals and the two
 * trailer sections. The file appears under its name only when it is whole and durable (temporary
 * name, fsync, rename, fsync of the directory). A failed write leaves nothing behind and is no
 * reason to stop the server: the error goes to the caller, who tries again some other time.
 */
import { assert } from '../base/assert.ts';
import type { Disk, DiskFile } from '../base/ports.ts';
import type { Zxid } from '../base/zxid.ts';
import { JuteWriter } from '../jute/writer.ts';
import { adler32, adler32Seed } from './adler32.ts';
import {
  joinPath,
  type SnapshotEncoding,
  snapshotFileName,
  temporarySuffix,
} from './data-directory.ts';
import { type Compression, encodeSnapshot, type SnapshotEncoder } from './snapshot-compression.ts';
import {
  type SnapshotTrailer,
  slash,
  snapshotMagic,
  snapshotVersion,
  statPersistedBytes,
} from './snapshot-format.ts';

const drainBytes = 256 * 1024;
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

type Stage = 'new' | 'sessions' | 'acls' | 'nodes' | 'published' | 'gone';

export class SnapshotWriter {
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly path: string;
  private readonly temporaryPath: string;
  private readonly file: DiskFile;
  private readonly encoder: SnapshotEncoder;
  private readonly out = new JuteWriter(2 * drainBytes);
  private position = 0;
  private checksum = adler32Seed;
  private stage: Stage = 'new';
  private owed = 0;
  /** Nodes so far, and bytes in the file so far (after compression). */
  nodeCount = 0;

  /** Creates the temporary file. Throws `DiskError`. */
  constructor(options: SnapshotWriterOptions) {
    const { disk, directory, zxid, encoding = 'plain', compression = null } = options;
    this.disk = disk;
    this.directory = directory;
    this.path = joinPath(directory, snapshotFileName(zxid, encoding));
    this.temporaryPath = this.path + temporarySuffix;
    this.encoder = encodeSnapshot(encoding, (bytes) => this.writeToFile(bytes), compression);
    this.file = disk.create(this.temporaryPath);
  }

  get fileBytes(): number {
    return this.position;
  }

  /** Begins the sessions; exactly `count` of them follow. */
  beginSessions(count: number): void {
    this.become('new', 'sessions', count);
    this.out.writeInt(snapshotMagic);
    this.out.writeInt(snapshotVersion);
    this.out.writeHalves(-1, -1);
    this.out.writeInt(count);
  }

  session(idHi: number, idLo: number, timeoutMs: number): void {
    assert(this.stage === 'sessions' && this.owed-- > 0, 'session where none is due');
    this.out.writeHalves(idHi, idLo);
    this.out.writeInt(timeoutMs);
    this.maybeDrain();
  }

  /** Begins the ACL lists; exactly `count` of them follow. */
  beginAcls(count: number): void {
    this.become('sessions', 'acls', count);
    this.out.writeInt(count);
  }

  /** `bytes[start..end)` is a jute vector of ACL. */
  acl(id: number, bytes: Uint8Array, start: number, end: number): void {
    assert(this.stage === 'acls' && this.owed-- > 0, 'ACL list where none is due');
    this.out.writeLong(BigInt(id));
    this.out.writeRaw(bytes, start, end);
    this.maybeDrain();
  }

  beginNodes(): void {
    this.become('acls', 'nodes', 0);
  }

  /**
   * A node; its parent came before. The root has the empty path. `dataLength` -1 means null data;
   * `stat[statStart..]` are the 60 bytes of StatPersisted.
   */
  node(
    path: Uint8Array,
    pathStart: number,
    pathEnd: number,
    data: Uint8Array | null,
    dataStart: number,
    dataLength: number,
    aclId: number,
    stat: Uint8Array,
    statStart: number,
  ): void {
    assert(this.stage === 'nodes', 'node where none is due');
    const out = this.out;
    out.writeBuffer(path, pathStart, pathEnd);
    if (data === null || dataLength < 0) out.writeInt(-1);
    else out.writeBuffer(data, dataStart, dataStart + dataLength);
    out.writeHalves(aclId < 0 ? -1 : Math.floor(aclId / 0x100000000), aclId | 0);
    out.writeRaw(stat, statStart, statStart + statPersistedBytes);
    this.nodeCount++;
    this.maybeDrain();
  }

  /**
   * Ends the tree, writes seals and trailer, makes the file durable and gives it its name.
   * Returns its path. Throws `DiskError`, and then there is no such file.
   */
  publish(trailer: SnapshotTrailer): string {
    assert(this.stage === 'nodes' && this.nodeCount > 0, 'a snapshot has at least the root');
    this.out.writeBuffer(slashBytes);
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
    if (this.stage === 'gone' || this.stage === 'published') return;
    this.discard();
  }

  private become(from: Stage, to: Stage, owed: number): void {
    assert(this.stage === from && this.owed === 0, `${to} after ${this.stage}`);
    this.stage = to;
    this.owed = owed;
  }

  private seal(): void {
    this.drain();
    this.out.writeHalves(0, this.checksum | 0);
    this.out.writeBuffer(slashBytes);
    this.drain();
  }

  private maybeDrain(): void {
    if (this.out.offset >= drainBytes) this.drain();
  }

  private drain(): void {
    const bytes = this.out.finish();
    this.checksum = adler32(bytes, 0, bytes.byteLength, this.checksum);
    this.guarded(() => this.encoder.write(bytes));
    this.out.reset();
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
