/**
 * The links agent: carries out what the ensemble wants of connections to other servers, and tells
 * it what became of them. It knows no protocol. While its ring to the ensemble is full it reads
 * from no socket, so a slow ensemble slows those who send to it.
 */
import type { Agent } from '../base/agent.ts';
import { linkPieceBytes } from '../base/limits.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import type { LinkListener, Links } from '../net/peer-links.ts';
import type { RingReceiver } from '../ring/ring-receiver.ts';
import type { LinkId, ListenerName } from '../zab/peer-ports.ts';
import { FromLinks, listenerNames, listenerOf, ToLinks } from './messages.ts';
import type { Outlet } from './outlet.ts';

export interface LinksParts {
  readonly packetsOut: RingReceiver;
  readonly packetsIn: Outlet;
  readonly open: (listener: LinkListener) => Links;
  /** Asks for a duty cycle: something has come in between two of them. */
  readonly wake: () => void;
}

const recordsPerTurn = 1024;
const decoder = new TextDecoder();

export class LinksAgent implements Agent, LinkListener {
  readonly name = 'links';
  private readonly parts: LinksParts;
  private readonly links: Links;
  private isPaused = false;

  constructor(parts: LinksParts) {
    this.parts = parts;
    this.links = parts.open(this);
  }

  start(): void {}

  dutyCycle(): number {
    const { packetsIn, packetsOut } = this.parts;
    packetsIn.flush();
    if (this.isPaused && !packetsIn.stalled) this.resume();
    const done = packetsOut.drain(this.onRecord, recordsPerTurn);
    packetsIn.flush();
    return done;
  }

  stop(): void {
    this.links.destroy();
  }

  private resume(): void {
    this.isPaused = false;
    this.links.resume();
  }

  private readonly onRecord = (type: number, offset: number, length: number): boolean => {
    const { links } = this;
    const { view, bytes } = this.parts.packetsOut;
    const first = view.getInt32(offset);
    const link = first as LinkId;
    switch (type as (typeof ToLinks)[keyof typeof ToLinks]) {
      case ToLinks.write:
        links.write(link, bytes, offset + 4, offset + length);
        return true;
      case ToLinks.close:
        links.close(link);
        return true;
      case ToLinks.dial: {
        const host = this.textAt(offset + 12) ?? '';
        links.dial(link, host, view.getInt32(offset + 4), view.getInt32(offset + 8));
        return true;
      }
      case ToLinks.listen:
        links.listen(listenerOf(first), this.textAt(offset + 8), view.getInt32(offset + 4));
        return true;
      case ToLinks.unlisten:
        links.unlisten(listenerOf(first));
        return true;
    }
  };

  /** A jute buffer. */
  private textAt(offset: number): string | null {
    const { view, bytes } = this.parts.packetsOut;
    const length = view.getInt32(offset);
    if (length < 0) return null;
    // A copy: the ring's memory is shared, and texts are not decoded from there.
    return decoder.decode(bytes.slice(offset + 4, offset + 4 + length));
  }

  onListening(name: ListenerName, port: number): void {
    this.tell(FromLinks.listening, listenerNames.indexOf(name), port);
  }

  onListenFailed(name: ListenerName, reason: string): void {
    const text = encodeUtf8(reason);
    const { packetsIn } = this.parts;
    const at = packetsIn.open(FromLinks.listenFailed, 8 + text.byteLength);
    packetsIn.view.setInt32(at, listenerNames.indexOf(name));
    packetsIn.view.setInt32(at + 4, text.byteLength);
    packetsIn.bytes.set(text, at + 8);
    this.wake();
  }

  onAccepted(name: ListenerName, link: LinkId): void {
    this.tell(FromLinks.accepted, listenerNames.indexOf(name), link);
  }

  onDialed(link: LinkId): void {
    this.tell(FromLinks.dialed, link);
  }

  onBytes(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    const { packetsIn } = this.parts;
    for (let from = start; from < end; from += linkPieceBytes) {
      const to = Math.min(from + linkPieceBytes, end);
      const at = packetsIn.open(FromLinks.bytes, 4 + to - from);
      packetsIn.view.setInt32(at, link);
      packetsIn.bytes.set(bytes.subarray(from, to), at + 4);
    }
    this.wake();
  }

  onSent(link: LinkId, bytes: number): void {
    this.tell(FromLinks.sent, link, bytes);
  }

  onClosed(link: LinkId): void {
    this.tell(FromLinks.closed, link);
  }

  private tell(type: number, ...values: readonly number[]): void {
    const { packetsIn } = this.parts;
    const at = packetsIn.open(type, 4 * values.length);
    for (const [i, value] of values.entries()) packetsIn.view.setInt32(at + 4 * i, value);
    this.wake();
  }

  private wake(): void {
    if (this.parts.packetsIn.stalled && !this.isPaused) {
      this.isPaused = true;
      this.links.pause();
    }
    this.parts.wake();
  }
}
