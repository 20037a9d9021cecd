/**
 * Accepts client connections and reads them all into one shared buffer. Node's public stream
 * interface would allocate a buffer for each read event; the `onread` option avoids that, but can
 * only be given to a socket that we make ourselves, so an accepted socket is wrapped anew around
 * its handle. Where a runtime has no such handle, plain 'data' events do the same job, slower.
 */
import net from 'node:net';
import { socketReadBytes } from '../base/limits.ts';
import type { ClientConnection } from './client-connection.ts';
import { ClientPortError } from './client-port-error.ts';
import type { ListeningHandle } from './duplicate-listening.ts';

export interface ListenerOptions {
  readonly host: string | undefined;
  readonly port: number;
  readonly backlog: number | undefined;
  readonly keepAlive: boolean;
  /** Makes the connection of an accepted socket, or returns null after refusing it. */
  readonly accept: (socket: net.Socket) => ClientConnection | null;
  /** A connection could not be accepted; the next ones may be. */
  readonly onError: (error: Error) => void;
}

interface RawHandle {
  readStart?: unknown;
}

export class ClientListener {
  private readonly server: net.Server;
  private readonly options: ListenerOptions;
  private readonly buffer = Buffer.allocUnsafeSlow(socketReadBytes);
  private readonly view = new DataView(this.buffer.buffer, 0, socketReadBytes);

  constructor(options: ListenerOptions) {
    this.options = options;
    const accepted = { pauseOnConnect: true, noDelay: true, allowHalfOpen: true };
    this.server = net.createServer(accepted, (socket) => this.onAccepted(socket));
  }

  /** Resolves with the port that is bound; rejects with a `ClientPortError`. */
  listen(): Promise<number> {
    const { host, port, backlog, onError } = this.options;
    return new Promise((resolve, reject) => {
      const onFailed = (error: Error) => reject(new ClientPortError(host, port, error));
      this.server.once('error', onFailed);
      this.server.listen({ port, ...(host && { host }), ...(backlog && { backlog }) }, () => {
        this.server.off('error', onFailed).on('error', onError);
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /**
   * Accepts beside other threads what comes to a port that one of them has bound: each new
   * connection goes to one of them. The handle is this listener's from now on.
   */
  listenOn(handle: ListeningHandle): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(handle, () => {
        this.server.off('error', reject).on('error', this.options.onError);
        resolve();
      });
    });
  }

  /** File descriptor of the listening socket, for `duplicateListening`; -1 where there is none. */
  get descriptor(): number {
    return (this.server as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1;
  }

  /** Stops accepting; connections that are open stay. */
  close(): void {
    this.server.close();
  }

  private onAccepted(accepted: net.Socket): void {
    const handle = (accepted as unknown as { _handle?: RawHandle | null })._handle;
    if (handle === null || handle === undefined || typeof handle.readStart !== 'function') {
      this.serveByEvents(accepted);
      return;
    }
    // The accepted wrapper must not touch the handle any more.
    (accepted as unknown as { _handle: RawHandle | null })._handle = null;
    let connection: ClientConnection | null = null;
    const socket = new net.Socket({
      handle,
      allowHalfOpen: true,
      onread: {
        buffer: this.buffer,
        callback: (length: number) =>
          connection === null ? true : connection.onBytes(this.buffer, this.view, length),
      },
    } as unknown as net.SocketConstructorOpts);
    connection = this.open(socket);
    if (connection !== null) socket.resume();
  }

  private serveByEvents(socket: net.Socket): void {
    const connection = this.open(socket);
    if (connection === null) return;
    socket.on('data', (chunk: Buffer) => {
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (!connection.onBytes(chunk, view, chunk.byteLength)) socket.pause();
    });
    socket.resume();
  }

  private open(socket: net.Socket): ClientConnection | null {
    if (this.options.keepAlive) socket.setKeepAlive(true);
    return this.options.accept(socket);
  }
}
