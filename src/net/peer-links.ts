/**
 * The sockets between servers, by number: two listeners, and connections that are dialed or
 * accepted. It knows no protocol. A name is resolved each time it is dialed, so a server that has
 * moved is found again; a connection ends with one `onClosed`, whoever ended it, unless it was
 * closed here.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { linkAcceptedMax, linkLingerMs } from '../base/limits.ts';
import type { LinkId, LinkOutput, ListenerName, PeerInput } from '../zab/peer-ports.ts';

/** What is heard of the sockets, from inside their callbacks. Bytes are valid during the call. */
export type LinkListener = Pick<
  PeerInput,
  'onListening' | 'onListenFailed' | 'onAccepted' | 'onDialed' | 'onBytes' | 'onSent' | 'onClosed'
>;

/** The connections of a server as the `links` agent uses them. */
export interface Links extends LinkOutput {
  /** No bytes are read until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends everything at once. */
  destroy(): void;
}

export class PeerLinks implements Links {
  private readonly listener: LinkListener;
  private readonly servers = new Map<ListenerName, Server>();
  private readonly sockets = new Map<LinkId, Socket>();
  /** Closed here, but not empty yet. */
  private readonly lingering = new Set<Socket>();
  private isPaused = false;
  private lastAccepted = 0;

  constructor(listener: LinkListener) {
    this.listener = listener;
  }

  listen(name: ListenerName, host: string | null, port: number): void {
    const server = createServer({ noDelay: true, keepAlive: true });
    server.maxConnections = linkAcceptedMax;
    this.servers.set(name, server);
    server.on('connection', (socket) => this.accept(name, socket));
    server.on('error', (error) => {
      if (this.servers.get(name) !== server) return;
      this.servers.delete(name);
      this.listener.onListenFailed(name, error.message);
    });
    server.listen({ host: host ?? undefined, port, exclusive: true }, () => {
      if (this.servers.get(name) !== server) return;
      const bound = server.address();
      const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
      this.listener.onListening(name, boundPort);
    });
  }

  unlisten(name: ListenerName): void {
    const server = this.servers.get(name);
    this.servers.delete(name);
    server?.close();
  }

  dial(link: LinkId, host: string, port: number, timeoutMs: number): void {
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    this.own(link, socket);
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('connect', () => {
      clearTimeout(timer);
      if (this.sockets.get(link) === socket) this.listener.onDialed(link);
    });
  }

  write(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    const socket = this.sockets.get(link);
    if (socket === undefined) return;
    // The caller's memory is used again; a socket keeps what the kernel has not taken.
    socket.write(Uint8Array.prototype.slice.call(bytes, start, end), (error) => {
      if (!error && this.sockets.get(link) === socket) this.listener.onSent(link, end - start);
    });
  }

  close(link: LinkId): void {
    const socket = this.sockets.get(link);
    if (socket === undefined) return;
    this.sockets.delete(link);
    this.lingering.add(socket);
    const timer = setTimeout(() => socket.destroy(), linkLingerMs);
    socket.once('close', () => {
      clearTimeout(timer);
      this.lingering.delete(socket);
    });
    socket.resume();
    socket.destroySoon();
  }

  pause(): void {
    this.isPaused = true;
    for (const socket of this.sockets.values()) socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    for (const socket of this.sockets.values()) socket.resume();
  }

  destroy(): void {
    for (const name of [...this.servers.keys()]) this.unlisten(name);
    const sockets = [...this.sockets.values(), ...this.lingering];
    this.sockets.clear();
    for (const socket of sockets) socket.destroy();
  }

  private accept(name: ListenerName, socket: Socket): void {
    const link = --this.lastAccepted as LinkId;
    this.own(link, socket);
    this.listener.onAccepted(name, link);
  }

  private own(link: LinkId, socket: Socket): void {
    this.sockets.set(link, socket);
    if (this.isPaused) socket.pause();
    socket.on('data', (bytes: Uint8Array) => {
      if (this.sockets.get(link) !== socket) return;
      this.listener.onBytes(link, bytes, 0, bytes.byteLength);
    });
    // Whatever it was, the end of the connection follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.sockets.get(link) !== socket) return;
      this.sockets.delete(link);
      this.listener.onClosed(link);
    });
  }
}
