/**
 * A TCP proxy on the loopback interface that can make a connection as bad as a network does: each
 * direction can be cut (its bytes wait, as those of a lost network do, and nobody is told), late,
 * or split into small pieces. Bytes are never lost or changed while a connection lives.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What happens to bytes in one direction. Changes apply to what is under way, too. */
export class Flow {
  isCut = false;
  delayMs = 0;
  /** Longest piece that is written at once; 0 leaves pieces as they came. */
  pieceBytes = 0;
  private readonly pumps = new Set<Pump>();

  /** Bytes wait from now on. */
  cut(): void {
    this.isCut = true;
  }

  /** Delivers what has waited and goes on without any trouble. */
  heal(): void {
    this.isCut = false;
    this.delayMs = 0;
    this.pieceBytes = 0;
    for (const pump of this.pumps) pump.deliver();
  }

  pump(from: Socket, to: Socket): void {
    const pump = new Pump(this, from, to);
    this.pumps.add(pump);
    from.once('close', () => this.pumps.delete(pump));
  }
}

const host = '127.0.0.1';
/** Bytes that may wait in the proxy; more than them wait in the kernel, and then at the sender. */
const waitingBytesMax = 64 * 1024;

class Pump {
  private readonly flow: Flow;
  private readonly from: Socket;
  private readonly to: Socket;
  private waiting: { bytes: Buffer; dueMs: number }[] = [];
  private waitingBytes = 0;
  private hasEnded = false;

  constructor(flow: Flow, from: Socket, to: Socket) {
    this.flow = flow;
    this.from = from;
    this.to = to;
    from.on('data', (bytes) => this.take(bytes as Buffer));
    from.on('end', () => {
      this.hasEnded = true;
      this.deliver();
    });
    to.on('drain', () => this.deliver());
  }

  /** Writes what is due. */
  deliver(): void {
    const nowMs = performance.now();
    while (!this.flow.isCut && !this.to.writableNeedDrain) {
      const first = this.waiting[0];
      if (first === undefined || first.dueMs > nowMs) break;
      this.waiting.shift();
      this.waitingBytes -= first.bytes.byteLength;
      this.to.write(first.bytes);
      if (this.flow.pieceBytes === 0) continue;
      // Pieces that leave in one turn of the loop arrive as one.
      setImmediate(() => this.deliver());
      return;
    }
    if (this.waitingBytes < waitingBytesMax) this.from.resume();
    if (this.hasEnded && this.waiting.length === 0 && !this.flow.isCut) this.to.end();
  }

  private take(bytes: Buffer): void {
    const dueMs = performance.now() + this.flow.delayMs;
    const piece = this.flow.pieceBytes || bytes.byteLength;
    for (let at = 0; at < bytes.byteLength; at += piece) {
      this.waiting.push({ bytes: bytes.subarray(at, at + piece), dueMs });
    }
    this.waitingBytes += bytes.byteLength;
    if (this.waitingBytes >= waitingBytesMax) this.from.pause();
    if (this.flow.delayMs === 0) this.deliver();
    // A timer may fire within the last millisecond before what it was set for.
    else setTimeout(() => this.deliver(), this.flow.delayMs + 1);
  }
}

export class TcpProxy {
  readonly port: number;
  /** From who connects to the proxy to who listens behind it, and the way back. */
  readonly forward = new Flow();
  readonly backward = new Flow();
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(server: Server, target: number | string) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (near) => this.join(near, target));
  }

  /** Listens on `port` and leads to a port, both on the loopback interface, or to a local socket. */
  static async listen(port: number, target: number | string): Promise<TcpProxy> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return new TcpProxy(server, target);
  }

  /** Ends all connections with a reset. New ones are welcome. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private join(near: Socket, target: number | string): void {
    const place = typeof target === 'string' ? { path: target } : { port: target, host };
    const far = connect({ ...place, noDelay: true, allowHalfOpen: true });
    this.hold(near, far);
    this.hold(far, near);
    this.forward.pump(near, far);
    this.backward.pump(far, near);
  }

  /** When one side is lost, so is the other. */
  private hold(socket: Socket, other: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => other.resetAndDestroy());
    socket.on('close', (hadError) => {
      this.sockets.delete(socket);
      if (hadError) other.destroy();
    });
  }
}
