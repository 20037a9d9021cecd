/**
 * All clients of a front: who is connected, from where, who has bytes to be flushed and who waits
 * for room. It never looks into a frame.
 */
import type { Socket } from 'node:net';
import { counter } from '../admin/metrics-layout.ts';
import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import type { Identities } from '../auth/identity.ts';
import type { Clock } from '../base/ports.ts';
import { ClientConnection, type ConnectionHandler } from '../net/client-connection.ts';
import { OutboundBudget } from '../net/outbound-budget.ts';
import { SlabPool } from '../net/slab-pool.ts';
import { FrontClient } from './client.ts';

export interface ClientLimits {
  readonly frameBytesMax: number;
  /** 0 = unlimited, as in `maxClientCnxns` and `maxCnxns`. */
  readonly perAddressMax: number;
  readonly totalMax: number;
}

export interface FrontClientsParts {
  readonly handler: ConnectionHandler;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly identify: (socket: Socket) => Identities;
  readonly metrics: MetricsRecorder;
}

export class FrontClients {
  private readonly handler: ConnectionHandler;
  private readonly limits: ClientLimits;
  private readonly clock: Clock;
  private readonly identify: (socket: Socket) => Identities;
  private readonly metrics: MetricsRecorder;
  private readonly pool = new SlabPool();
  private readonly budget = new OutboundBudget();
  private readonly byId = new Map<number, FrontClient>();
  private readonly byAddress = new Map<string, number>();
  private dirty: FrontClient[] = [];
  private stalled: FrontClient[] = [];
  private lastId = 0;
  /** No request is taken: the process stands still, or is made to look so. */
  isPaused = false;

  constructor(parts: FrontClientsParts) {
    this.handler = parts.handler;
    this.limits = parts.limits;
    this.clock = parts.clock;
    this.identify = parts.identify;
    this.metrics = parts.metrics;
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
    const fromThere = this.byAddress.get(address) ?? 0;
    const tooMany =
      (perAddressMax > 0 && fromThere >= perAddressMax) ||
      (totalMax > 0 && this.byId.size >= totalMax);
    if (tooMany || address === '') {
      this.metrics.count(counter.connection_rejected, 1);
      socket.on('error', () => {});
      socket.destroy();
      return null;
    }
    this.byAddress.set(address, fromThere + 1);
    const cnxnId = this.takeId();
    const { handler, pool, budget } = this;
    const connection = new ClientConnection({
      ...{ cnxnId, socket, handler, pool, budget, frameBytesMax },
    });
    const client = new FrontClient(connection, this.identify(socket), this.clock.monotonicMs());
    this.byId.set(cnxnId, client);
    return connection;
  }

  /** Numbers come again only after 2^31 connections, and never that of one which is still there. */
  private takeId(): number {
    do this.lastId = (this.lastId + 1) & 0x7fffffff;
    while (this.byId.has(this.lastId));
    return this.lastId;
  }

  remove(client: FrontClient): void {
    const { connection } = client;
    this.byId.delete(connection.cnxnId);
    const left = (this.byAddress.get(connection.remoteAddress) ?? 1) - 1;
    if (left > 0) this.byAddress.set(connection.remoteAddress, left);
    else this.byAddress.delete(connection.remoteAddress);
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
