/**
 * The network of a simulated ensemble, as TCP is seen by processes: connections are made, refused
 * or time out; bytes arrive in order, cut anywhere, or not at all; a process that dies leaves ends
 * that say so, a machine without power leaves ends that say nothing. A pair of hosts can be cut in
 * one direction: what is sent there waits, as it does while TCP tries again, until it is healed.
 *
 * Every delay follows from a seed, the two hosts, and how many delays they had so far.
 */
import type { LinkListener, Links } from '../../../src/net/peer-links.ts';
import type { LinkId, ListenerName } from '../../../src/zab/peer-ports.ts';
import { counterRandom } from '../sim-disk.ts';
import type { Timeline } from './timeline.ts';

export interface NetQuality {
  readonly latencyMinUs: number;
  readonly latencyMaxUs: number;
  /** Longest piece in which bytes arrive. */
  readonly pieceBytesMax: number;
  /** What the kernels of both ends take before the sender has to wait. */
  readonly windowBytes: number;
}

export type HostState = 'up' | 'no process' | 'no power';

interface Listener {
  readonly process: SimProcessNet;
  readonly name: ListenerName;
}

export class SimNet {
  readonly timeline: Timeline;
  quality: NetQuality;
  readonly listeners = new Map<string, Listener>();
  private readonly hosts = new Map<string, HostState>();
  private readonly cuts = new Set<string>();
  private readonly chances = new Map<string, () => number>();
  private readonly directions = new Set<Direction>();
  private readonly seed: number;

  constructor(timeline: Timeline, seed: number, quality: NetQuality) {
    this.timeline = timeline;
    this.seed = seed;
    this.quality = quality;
  }

  /** The network of a process that begins to live on this host. */
  boot(host: string, listener: LinkListener): SimProcessNet {
    this.hosts.set(host, 'up');
    return new SimProcessNet(this, host, listener);
  }

  setHost(host: string, state: HostState): void {
    this.hosts.set(host, state);
  }

  stateOf(host: string): HostState {
    return this.hosts.get(host) ?? 'no process';
  }

  cut(from: string, to: string): void {
    this.cuts.add(`${from} ${to}`);
  }

  heal(from: string, to: string): void {
    this.cuts.delete(`${from} ${to}`);
    for (const direction of [...this.directions]) direction.pump();
  }

  healAll(): void {
    this.cuts.clear();
    for (const direction of [...this.directions]) direction.pump();
  }

  isCut(from: string, to: string): boolean {
    return this.cuts.has(`${from} ${to}`);
  }

  /** The next number of this pair, below `bound`. */
  chance(from: string, to: string, bound: number): number {
    const key = `${from} ${to}`;
    let next = this.chances.get(key);
    if (next === undefined) {
      next = counterRandom(this.seed ^ hashOf(key));
      this.chances.set(key, next);
    }
    return next() % bound;
  }

  delayUs(from: string, to: string): number {
    const { latencyMinUs, latencyMaxUs } = this.quality;
    return latencyMinUs + this.chance(from, to, latencyMaxUs - latencyMinUs + 1);
  }

  connect(dialer: SimProcessNet, link: LinkId, host: string, port: number): void {
    const listener = this.listeners.get(`${host}:${port}`);
    if (listener === undefined) {
      dialer.end(link);
      return;
    }
    const { process } = listener;
    const accepted = process.nextAccepted();
    const there = new Direction(this, dialer, link, process, accepted);
    const back = new Direction(this, process, accepted, dialer, link);
    for (const direction of [there, back]) this.directions.add(direction);
    dialer.ends.set(link, new End(there, back));
    process.ends.set(accepted, new End(back, there));
    process.hear((to) => to.onAccepted(listener.name, accepted));
    this.timeline.after(this.delayUs(host, dialer.host), () => {
      if (dialer.ends.has(link)) dialer.hear((to) => to.onDialed(link));
    });
  }

  forget(direction: Direction): void {
    this.directions.delete(direction);
  }
}

/** The sockets of one process; it ends with the process. */
export class SimProcessNet implements Links {
  readonly host: string;
  readonly ends = new Map<LinkId, End>();
  isAlive = true;
  /** Nothing is read; what comes waits. */
  isPaused = false;
  private readonly net: SimNet;
  private readonly listener: LinkListener;
  private readonly ports = new Map<ListenerName, string>();
  private readonly dialing = new Set<LinkId>();
  private accepted = 0;

  constructor(net: SimNet, host: string, listener: LinkListener) {
    this.net = net;
    this.host = host;
    this.listener = listener;
  }

  listen(name: ListenerName, _host: string | null, port: number): void {
    const key = `${this.host}:${port}`;
    this.net.timeline.after(1, () => {
      if (!this.isAlive) return;
      if (this.net.listeners.has(key)) {
        this.hear((to) => to.onListenFailed(name, `port ${port} is taken`));
        return;
      }
      this.ports.set(name, key);
      this.net.listeners.set(key, { process: this, name });
      this.hear((to) => to.onListening(name, port));
    });
  }

  unlisten(name: ListenerName): void {
    const key = this.ports.get(name);
    if (key !== undefined) this.net.listeners.delete(key);
    this.ports.delete(name);
  }

  dial(link: LinkId, host: string, port: number, timeoutMs: number): void {
    const { net } = this;
    this.dialing.add(link);
    net.timeline.after(timeoutMs * 1000, () => {
      if (this.dialing.delete(link)) this.hear((to) => to.onClosed(link));
    });
    this.tryToReach(link, host, port);
  }

  /** As the kernel does: until it is answered, or the caller gives up. */
  private tryToReach(link: LinkId, host: string, port: number, delayUs = 0): void {
    const { net } = this;
    net.timeline.after(delayUs + net.delayUs(this.host, host), () => {
      if (!this.isAlive || !this.dialing.has(link)) return;
      const isCut = net.isCut(this.host, host) || net.isCut(host, this.host);
      if (isCut || net.stateOf(host) === 'no power') {
        this.tryToReach(link, host, port, retryUs);
        return;
      }
      this.dialing.delete(link);
      net.connect(this, link, host, port);
    });
  }

  write(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    this.ends.get(link)?.out.write(bytes.slice(start, end));
  }

  /** What was written leaves first. */
  close(link: LinkId): void {
    this.dialing.delete(link);
    this.ends.get(link)?.out.finish();
    this.ends.delete(link);
  }

  /** The other side is gone, or was never there. */
  end(link: LinkId): void {
    this.ends.get(link)?.out.drop();
    this.ends.delete(link);
    this.hear((to) => to.onClosed(link));
  }

  nextAccepted(): LinkId {
    this.accepted++;
    return -this.accepted as LinkId;
  }

  hear(tell: (to: LinkListener) => void): void {
    if (this.isAlive) tell(this.listener);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (const { into } of this.ends.values()) into.pump();
  }

  destroy(): void {
    for (const link of [...this.ends.keys()]) this.close(link);
    for (const name of [...this.ports.keys()]) this.unlisten(name);
  }

  /** The process ends; the kernel says so to the others, or the power has failed and nobody does. */
  die(how: 'no process' | 'no power'): void {
    this.isAlive = false;
    this.net.setHost(this.host, how);
    for (const name of [...this.ports.keys()]) this.unlisten(name);
    const ends = [...this.ends.values()];
    this.ends.clear();
    for (const { out } of ends) {
      if (how === 'no process') out.loseSender();
      else out.losePower();
    }
    this.dialing.clear();
  }
}

/** Between two tries of TCP to get something through. */
const retryUs = 100_000;
/** At most, between two pieces of one stream. */
const nextPieceUs = 50;

/** One end of a connection. */
class End {
  readonly out: Direction;
  readonly into: Direction;

  constructor(out: Direction, into: Direction) {
    this.out = out;
    this.into = into;
  }
}

/** One direction of a connection: the bytes that are on their way. */
class Direction {
  private readonly net: SimNet;
  private readonly from: SimProcessNet;
  private readonly fromLink: LinkId;
  private readonly to: SimProcessNet;
  private readonly toLink: LinkId;
  private readonly waiting: Uint8Array[] = [];
  private written = 0;
  private accepted = 0;
  private delivered = 0;
  private isFinished = false;
  private isUnderWay = false;
  private isLost = false;

  constructor(
    net: SimNet,
    from: SimProcessNet,
    fromLink: LinkId,
    to: SimProcessNet,
    toLink: LinkId,
  ) {
    this.net = net;
    this.from = from;
    this.fromLink = fromLink;
    this.to = to;
    this.toLink = toLink;
  }

  write(bytes: Uint8Array): void {
    this.waiting.push(bytes);
    this.written += bytes.byteLength;
    this.accept();
    this.pump();
  }

  /** Nothing more is written; the receiver hears of the end behind the last byte. */
  finish(): void {
    this.isFinished = true;
    this.pump();
  }

  /** The receiver has closed: what it does not read is lost. */
  drop(): void {
    this.waiting.length = 0;
    this.isLost = true;
    this.net.forget(this);
  }

  /** The sending process is dead: what its kernel has taken still arrives, and then the end. */
  loseSender(): void {
    let left = this.accepted - this.delivered;
    const taken = this.waiting.splice(0).map((bytes) => {
      const part = bytes.subarray(0, left);
      left -= part.byteLength;
      return part;
    });
    this.waiting.push(...taken.filter((bytes) => bytes.byteLength > 0));
    this.finish();
  }

  /** The sender's machine is without power: neither bytes nor an end will come. */
  losePower(): void {
    this.drop();
  }

  /** Sends what there is, piece by piece. */
  pump(delayUs = this.net.delayUs(this.from.host, this.to.host)): void {
    const { net, from, to } = this;
    if (this.isUnderWay || this.isLost || to.isPaused || net.isCut(from.host, to.host)) return;
    if (this.waiting.length === 0 && !this.isFinished) return;
    this.isUnderWay = true;
    net.timeline.after(delayUs, () => {
      this.isUnderWay = false;
      if (this.isLost || to.isPaused || net.isCut(from.host, to.host)) return;
      if (to.ends.has(this.toLink)) this.arrive();
      else this.bounce();
    });
  }

  private arrive(): void {
    const { to, from, net, toLink } = this;
    const piece = this.nextPiece();
    if (piece === null) {
      net.forget(this);
      this.isLost = true;
      to.end(toLink);
      return;
    }
    this.delivered += piece.byteLength;
    this.accept();
    this.pump(net.chance(from.host, to.host, nextPieceUs));
    to.hear((listener) => listener.onBytes(toLink, piece, 0, piece.byteLength));
  }

  /** The receiver does not know this connection, and says so if it has power. */
  private bounce(): void {
    if (this.net.stateOf(this.to.host) === 'no power') {
      this.pump(retryUs);
      return;
    }
    this.drop();
    if (this.from.ends.has(this.fromLink)) this.from.end(this.fromLink);
  }

  private nextPiece(): Uint8Array | null {
    const { net, from, to, waiting } = this;
    if (waiting.length === 0) return null;
    let left = 1 + net.chance(from.host, to.host, net.quality.pieceBytesMax);
    const parts: Uint8Array[] = [];
    while (left > 0 && waiting.length > 0) {
      const next = waiting.shift() as Uint8Array;
      if (next.byteLength > left) waiting.unshift(next.subarray(left));
      parts.push(next.subarray(0, left));
      left -= Math.min(left, next.byteLength);
    }
    return Uint8Array.from(Buffer.concat(parts));
  }

  /** Bytes have left the sending process when the kernels have taken them. */
  private accept(): void {
    const { net, from, fromLink } = this;
    const accepted = Math.min(this.written, this.delivered + net.quality.windowBytes);
    const bytes = accepted - this.accepted;
    if (bytes <= 0) return;
    this.accepted = accepted;
    net.timeline.after(1, () => {
      if (from.ends.has(fromLink)) from.hear((to) => to.onSent(fromLink, bytes));
    });
  }
}

function hashOf(text: string): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return hash >>> 0;
}
