/**
 * The jobs of a member: snapshots when they are due, and a purge behind each. Where the walk of a
 * snapshot looks at the tree, another thread may run.
 */
import { dataDirectoryOf } from '../../../src/agents/storage-options.ts';
import { DiskError } from '../../../src/base/ports.ts';
import type { Settings } from '../../../src/config/settings.ts';
import { purgeDirectory } from '../../../src/jobs/purge.ts';
import { snapshotSlices } from '../../../src/jobs/snapshot.ts';
import { nodeCompression } from '../../../src/storage/node-compression.ts';
import type { SharedServer } from '../../../src/thread/shared.ts';
import type { SimDisk } from '../sim-disk.ts';
import { atWalkPoints } from '../walk-points.ts';

export interface MemberJobsParts {
  readonly settings: Settings;
  readonly shared: SharedServer;
  readonly disk: SimDisk;
  /** What the other threads do meanwhile. */
  readonly meanwhile: () => void;
}

const retainCount = 3;

export class MemberJobs {
  private readonly parts: MemberJobsParts;
  private snapshot: ReturnType<typeof snapshotSlices> | null = null;

  constructor(parts: MemberJobsParts) {
    this.parts = parts;
  }

  /** One slice of the snapshot that is due. Returns true when nothing is left to do. */
  next(): boolean {
    atWalkPoints(this.parts.meanwhile);
    try {
      this.snapshot ??= this.begin();
      const slice = this.snapshot.next();
      if (!slice.done) return false;
      this.snapshot = null;
      if (slice.value?.written) this.purge();
    } catch (error) {
      // As the housekeeper does: the server goes on without this snapshot.
      if (!(error instanceof DiskError)) throw error;
      this.snapshot = null;
    } finally {
      atWalkPoints(null);
    }
    return true;
  }

  private begin() {
    const { settings, shared, disk } = this.parts;
    const task = {
      ...{ tree: shared.tree, sessions: shared.sessions, status: shared.status },
      directory: dataDirectoryOf(settings).snapshots,
      encoding: settings['snapshot.compression.method'] || 'plain',
      withDigest: settings['digest.enabled'],
      withLastProcessedZxid: settings['serializeLastProcessedZxid.enabled'],
    } as const;
    return snapshotSlices(task, disk, nodeCompression);
  }

  private purge(): void {
    const { settings, shared, disk } = this.parts;
    const task = { directory: dataDirectoryOf(settings), lock: shared.historyLock, retainCount };
    purgeDirectory(task, disk, nodeCompression);
  }
}
