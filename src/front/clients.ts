/**
 * All clients of a front: who is connected, from where, who has bytes to be flushed and who waits
 * for room. It never looks into a frame.
 */
import type { Socket } from 'node:net';
import { counter } from '../admin/metrics-layout.ts';
import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import { cnxnIdAfter, cnxnIdBase } from '../agents/cnxn-id.ts';
import type { Identities } from '../auth/identity.ts';
import type { Clock } from '../base/ports.ts';
import { ClientConnection, type ConnectionHandler } from '../net/client-connection.ts';
import { OutboundBudget } from '../net/outbound-budget.ts';
import { SlabPool } from '../net/slab-pool.ts';
import { FrontClient } from './client.ts';
import type { CnxnCounts } from './cnxn-counts.ts';

export interface ClientLimits {
  readonly frameBytesMax: number;
  /** 0 = unlimited, as in `maxClientCnxns` and `maxCnxns`. */
  readonly perAddressMax: number;
  readonly totalMax: number;
}

export interface FrontClientsParts {
  /** Of the front. */
  readonly index: number;
  readonly cnxns: CnxnCounts;
  readonly handler: ConnectionHandler;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly identify: (socket: Socket) => Identities;
  readonly metrics: MetricsRecorder;
  /** How long a connection may stay that has no session. */
  readonly sessionlessMs: number;
}

export class FrontClients {
  private readonly counts: CnxnCounts;
  private readonly handler: ConnectionHandler;
  private readonly limits: ClientLimits;
  private readonly clock: Clock;
  private readonly identify: (socket: Socket) => Identities;
  private readonly metrics: MetricsRecorder;
  private readonly sessionlessMs: number;
  private readonly pool = new SlabPool();
  private readonly budget = new OutboundBudget();
  private readonly byId = new Map<number, FrontClient>();
  private dirty: FrontClient[] = [];
  private stalled: FrontClient[] = [];
  private lastId: number;
  /** No request is taken: the process stands still, or is made to look so. */
  isPaused = false;

  constructor(parts: FrontClientsParts) {
    this.lastId = cnxnIdBase(parts.index);
    this.counts = parts.cnxns;
    this.handler = parts.handler;
    this.limits = parts.limits;
    this.clock = parts.clock;
    this.identify = parts.identify;
    this.metrics = parts.metrics;
    this.sessionlessMs = parts.sessionlessMs;
  }

  get size(): number {
    return this.byId.size;
  }

  get(cnxnId: number): FrontClient | undefined {
    return this.byId.get(cnxnId);
  }

  values(): IterableIterator<FrontClient> {
    return this.byId.values();
  }

  /** Takes an accepted socket in, or closes it and returns null when there are too many. */
  accept(socket: Socket): ClientConnection | null {
    const { perAddressMax, totalMax, frameBytesMax } = this.limits;
    const address = socket.remoteAddress ?? '';
    const { counts } = this;
    const tooMany =
      (perAddressMax > 0 && counts.from(address) >= perAddressMax) ||
      (totalMax > 0 && counts.total >= totalMax);
    if (tooMany || address === '') {
      this.metrics.count(counter.connection_rejected, 1);
      socket.on('error', () => {});
      socket.destroy();
      return null;
    }
    counts.add(address);
    const cnxnId = this.takeId();
    const { handler, pool, budget } = this;
    const connection = new ClientConnection({
      ...{ cnxnId, socket, handler, pool, budget, frameBytesMax },
    });
    const client = new FrontClient(connection, this.identify(socket), this.clock.monotonicMs());
    this.byId.set(cnxnId, client);
    return connection;
  }

  /** Numbers come again only after 2^25 connections, and never that of one which is still there. */
  private takeId(): number {
    do this.lastId = cnxnIdAfter(this.lastId);
    while (this.byId.has(this.lastId));
    return this.lastId;
  }

  remove(client: FrontClient): void {
    const { connection } = client;
    this.byId.delete(connection.cnxnId);
    this.counts.remove(connection.remoteAddress);
  }

  /**
   * Two kinds of connections do not stay: those that never say who they are (Apache, sessionless
   * timeout), and those that end and have not taken any of their last bytes since the last sweep.
   */
  sweep(nowMs: number): void {
    for (const client of [...this.byId.values()]) {
      const { connection, state } = client;
      if (connection.ending) {
        const bytesLeft = connection.outboundBytes;
        if (bytesLeft >= client.lastBytesLeft) connection.destroy();
        client.lastBytesLeft = bytesLeft;
      } else if (state === 'fresh' && nowMs - client.openedMs >= this.sessionlessMs) {
        this.metrics.count(counter.sessionless_connections_expired, 1);
        connection.destroy();
      }
    }
  }

  /** Adds bytes that leave at the next `flushDirty`. */
  append(client: FrontClient, bytes: Uint8Array, start: number, end: number): void {
    client.connection.append(bytes, start, end);
    if (client.dirty) return;
    client.dirty = true;
    this.dirty.push(client);
  }

  get hasDirty(): boolean {
    return this.dirty.length > 0;
  }

  /** One write for each connection that has something to say. */
  flushDirty(): number {
    const { dirty } = this;
    if (dirty.length === 0) return 0;
    this.dirty = [];
    for (const client of dirty) {
      client.dirty = false;
      client.connection.flush();
    }
    return dirty.length;
  }

  /** The client's frame was refused for want of room; it is asked again by `resumeStalled`. */
  stall(client: FrontClient): void {
    if (client.stalled) return;
    client.stalled = true;
    this.stalled.push(client);
  }

  get hasStalled(): boolean {
    return this.stalled.length > 0;
  }

  resumeStalled(): void {
    const { stalled } = this;
    if (stalled.length === 0) return;
    this.stalled = [];
    for (const client of stalled) {
      client.stalled = false;
      client.connection.resume();
    }
  }
}
