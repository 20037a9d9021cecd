/**
 * A connection to another server that carries packets. What is written is gathered here and leaves
 * with `flush`, once a duty cycle; what was written and has not left this process yet is the
 * backlog. What comes is cut into packets by `reader`.
 */
import { linkBacklogBytesMax } from '../base/limits.ts';
import { PacketReader } from '../jute/packet-reader.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { LinkId, LinkOutput } from './peer-ports.ts';

const retainedBytesMax = 1024 * 1024;

export class PacketLink {
  readonly id: LinkId;
  readonly reader: PacketReader;
  /** Where packets for the other end are written. */
  out = new JuteWriter();
  isOpen = true;
  private readonly links: LinkOutput;
  private unsentBytes = 0;

  constructor(id: LinkId, links: LinkOutput, packetBytesMax: number) {
    this.id = id;
    this.links = links;
    this.reader = new PacketReader(packetBytesMax);
  }

  get backlogBytes(): number {
    return this.unsentBytes + this.out.offset;
  }

  /** The other end is too slow to go on with. */
  get isOverloaded(): boolean {
    return this.backlogBytes > linkBacklogBytesMax;
  }

  flush(): void {
    const { out } = this;
    if (out.offset === 0 || !this.isOpen) return;
    this.unsentBytes += out.offset;
    this.links.write(this.id, out.bytes, 0, out.offset);
    if (out.bytes.byteLength > retainedBytesMax) this.out = new JuteWriter();
    else out.reset();
  }

  onSent(bytes: number): void {
    this.unsentBytes -= bytes;
  }

  /** What was written leaves first, if it can. */
  close(): void {
    if (!this.isOpen) return;
    this.flush();
    this.isOpen = false;
    this.links.close(this.id);
  }

  /** The connection is gone already. */
  onClosed(): void {
    this.isOpen = false;
  }
}
