/**
 * What the front knows of one client: where its connection stands, who it is, what it has in
 * flight to the keeper, and the numbers that `cons` shows.
 */
import type { Identities } from '../auth/identity.ts';
import type { ClientConnection } from '../net/client-connection.ts';
import type { TreeView } from '../tree/tree-view.ts';

/** fresh: nothing said yet; connecting: handshake with the keeper; open: has a session. */
export type ClientState = 'fresh' | 'connecting' | 'open';

export class FrontClient {
  readonly connection: ClientConnection;
  readonly openedMs: number;
  state: ClientState = 'fresh';
  identities: Identities;
  /** Of the handshake: when it left for the keeper, and whether it asks for a new session. */
  connectingMs = 0;
  opensSession = false;
  /** False for clients that sent no readOnly byte, and so get none. */
  withReadOnly = true;
  sessionIdHi = 0;
  sessionIdLo = 0;
  /** In the session table; -1 without a session. */
  slot = -1;
  timeoutMs = 0;
  /** Requests at the keeper that are not answered yet. */
  inFlight = 0;
  /** Its frame was not taken: to be resumed when there is room again. */
  stalled = false;
  /** The keeper waits for the client to read. */
  roomAsked = false;
  /** Bytes were appended since the last flush. */
  dirty = false;
  /** Its last reply is written: close when it has left. */
  closeAfterTurn = false;
  /** Bytes that waited for it at the last sweep after its connection began to end. */
  lastBytesLeft = Number.POSITIVE_INFINITY;
  received = 0;
  sent = 0;
  lastType = 0;
  lastCxid = -1;
  /** What its last reply could have seen. */
  lastZxidHi = -1;
  lastZxidLo = -1;
  lastResponseMs = 0;
  lastLatencyMs = 0;
  minLatencyMs = 0;
  maxLatencyMs = 0;
  totalLatencyMs = 0;
  answered = 0;
  /** Bytes of the reply that is arriving in pieces. */
  replyBytes = 0;
  /** When the request at its head was throttled first; -1: it was not. */
  waitsSinceMs = -1;
  /** Bytes of each large request in flight, 0 for others; empty unless these are limited. */
  readonly largeInFlight: number[] = [];
  /** Whether the request answered last was a write. */
  wasWrite = false;
  /** Of the requests in flight; those of writes are negative. */
  private readonly arrivals: number[] = [];
  private arrivalsTaken = 0;

  constructor(connection: ClientConnection, identities: Identities, nowMs: number) {
    this.connection = connection;
    this.identities = identities;
    this.openedMs = nowMs;
  }

  get hasSession(): boolean {
    return this.slot >= 0;
  }

  /** A request left for the keeper. Replies come back in this order. */
  pushArrival(nowMs: number, isWrite: boolean): void {
    this.inFlight++;
    this.arrivals.push(isWrite ? -nowMs : nowMs);
  }

  /** The oldest request in flight is answered; returns when it arrived. */
  takeArrival(): number {
    this.inFlight--;
    const at = this.arrivals[this.arrivalsTaken++] ?? 0;
    if (this.arrivalsTaken === this.arrivals.length) {
      this.arrivals.length = 0;
      this.arrivalsTaken = 0;
    } else if (this.arrivalsTaken >= 1024) {
      this.arrivals.splice(0, this.arrivalsTaken);
      this.arrivalsTaken = 0;
    }
    this.wasWrite = at < 0;
    return Math.abs(at);
  }

  countReply(latencyMs: number, nowMs: number, tree: TreeView): void {
    this.sent++;
    this.answered++;
    this.lastLatencyMs = latencyMs;
    this.lastResponseMs = nowMs;
    this.lastZxidHi = tree.lastZxidHi;
    this.lastZxidLo = tree.lastZxidLo;
    this.totalLatencyMs += latencyMs;
    if (latencyMs > this.maxLatencyMs) this.maxLatencyMs = latencyMs;
    if (latencyMs < this.minLatencyMs || this.answered === 1) this.minLatencyMs = latencyMs;
  }

  resetStats(): void {
    this.received = this.sent = this.answered = 0;
    this.lastType = 0;
    this.lastCxid = this.lastZxidHi = this.lastZxidLo = -1;
    this.lastResponseMs = this.lastLatencyMs = 0;
    this.minLatencyMs = this.maxLatencyMs = this.totalLatencyMs = 0;
  }
}
