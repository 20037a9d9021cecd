/**
 * Connections to other servers with a gate: while it is shut, nobody is reached and nobody gets
 * in, as behind a network that is down. For members of an ensemble in somebody's test process.
 */
import type { LinkId, ListenerName } from '../zab/peer-ports.ts';
import { type LinkListener, PeerLinks } from './peer-links.ts';

export class GatedLinks extends PeerLinks {
  private readonly heard: LinkListener;
  private readonly open = new Set<LinkId>();
  private isShut = false;

  constructor(listener: LinkListener) {
    const onAccepted = (name: ListenerName, link: LinkId) => this.onAccepted(name, link);
    const onClosed = (link: LinkId) => this.onClosed(link);
    super({ ...boundOf(listener), onAccepted, onClosed });
    this.heard = listener;
  }

  /** Ends all connections; those that are dialed from now on end at once. */
  shut(): void {
    this.isShut = true;
    for (const link of [...this.open]) this.lose(link);
  }

  unshut(): void {
    this.isShut = false;
  }

  override dial(link: LinkId, host: string, port: number, timeoutMs: number): void {
    this.open.add(link);
    if (this.isShut) queueMicrotask(() => this.onClosed(link));
    else super.dial(link, host, port, timeoutMs);
  }

  override close(link: LinkId): void {
    this.open.delete(link);
    super.close(link);
  }

  private onAccepted(name: ListenerName, link: LinkId): void {
    if (this.isShut) {
      super.close(link);
      return;
    }
    this.open.add(link);
    this.heard.onAccepted(name, link);
  }

  private onClosed(link: LinkId): void {
    if (this.open.delete(link)) this.heard.onClosed(link);
  }

  private lose(link: LinkId): void {
    super.close(link);
    this.onClosed(link);
  }
}

function boundOf(listener: LinkListener): LinkListener {
  return {
    onListening: (name, port) => listener.onListening(name, port),
    onListenFailed: (name, reason) => listener.onListenFailed(name, reason),
    onAccepted: (name, link) => listener.onAccepted(name, link),
    onDialed: (link) => listener.onDialed(link),
    onBytes: (link, bytes, start, end) => listener.onBytes(link, bytes, start, end),
    onSent: (link, bytes) => listener.onSent(link, bytes),
    onClosed: (link) => listener.onClosed(link),
  };
}
