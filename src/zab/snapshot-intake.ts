/** Takes a leader's snapshot out of the stream of a link and hands it to the disk, piece by piece. */
import type { PacketReader } from '../jute/packet-reader.ts';
import { SnapshotScanner } from '../jute/snapshot-scanner.ts';
import type { DurableState } from './durable-state.ts';

export class SnapshotIntake {
  private readonly durable: DurableState;
  private readonly scanner: SnapshotScanner;

  /** `lengthMax`: of one string or buffer in the snapshot. */
  constructor(durable: DurableState, lengthMax: number, zxidHi: number, zxidLo: number) {
    this.durable = durable;
    this.scanner = new SnapshotScanner(lengthMax);
    durable.beginSnapshot(zxidHi, zxidLo);
  }

  /** Takes what there is of it. True when it is complete. Throws `JuteError`. */
  take(reader: PacketReader): boolean {
    const { durable, scanner } = this;
    while (reader.pendingBytes > 0 && !scanner.done) {
      const { offset, bytes } = reader;
      const isSignature = scanner.inSignature;
      const end = scanner.scan(bytes, offset, reader.end);
      if (!isSignature) durable.snapshotBytes(bytes, offset, end);
      reader.skip(end - offset);
    }
    return scanner.done;
  }
}
