/**
 * The front agent: clients' connections. A server may have several, each on a thread of its own
 * with its own clients. It answers plain reads from the shared
 * tree, sends everything else to the keeper in the order it arrived, and writes what comes back.
 *
 * Two rules keep what a client sees in order. A connection with a request at the keeper gets no
 * answer from here. And before the replies of a read event leave, the keeper's ring is drained up
 * to the state that they show, so that the notification of a change goes out before a reply that
 * shows it, and behind one that does not.
 */
import type { Socket } from 'node:net';
import { advanced, counter } from '../admin/metrics-layout.ts';
import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import type { FrontAsk } from '../agents/messages.ts';
import type { Identities } from '../auth/identity.ts';
import type { Agent } from '../base/agent.ts';
import type { Clock, Logger } from '../base/ports.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { ClientConnection, ConnectionHandler } from '../net/client-connection.ts';
import type { RingReceiver } from '../ring/ring-receiver.ts';
import type { SessionTable } from '../state/session-table.ts';
import type { TreeView } from '../tree/tree-view.ts';
import type { FrontClient } from './client.ts';
import { type ClientLimits, FrontClients } from './clients.ts';
import type { CnxnCounts } from './cnxn-counts.ts';
import type { FrontCounts } from './front-counts.ts';
import type { FrontHandshakes } from './handshakes.ts';
import { type Connected, FrontReplies, type FrontRepliesListener } from './replies.ts';
import type { FrontRequests } from './requests.ts';
import type { FrontSession } from './session.ts';
import { FrontStats } from './stats.ts';
import type { FrontWords } from './words.ts';

export interface FrontParts {
  /** Index of the front; its connections' numbers tell it. */
  readonly index: number;
  readonly requests: FrontRequests;
  readonly replies: RingReceiver;
  readonly tree: TreeView;
  readonly sessions: SessionTable;
  readonly session: FrontSession;
  readonly handshakes: FrontHandshakes;
  readonly metrics: MetricsRecorder;
  readonly counts: FrontCounts;
  readonly cnxns: CnxnCounts;
  readonly words: FrontWords;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: ClientLimits;
  readonly sessionlessMs: number;
  /** The identities that a connection has from the start: its address. */
  readonly identify: (socket: Socket) => Identities;
  /** Asks the loop of this thread for a duty cycle soon. */
  readonly wake: () => void;
  /** Ends the server: see `ConnectionHandler.onFailure`. */
  readonly onFailure: (error: unknown) => void;
  readonly onSnapshotDue: () => void;
}

/** Replies of a turn that are gathered before the connection gets them, and may say: enough. */
const turnBytesMax = 256 * 1024;
const frameLengthBytes = 4;
/** Of a frame: its length and the xid are before it. */
const replyZxidOffset = 8;

export class FrontAgent implements Agent, ConnectionHandler, FrontRepliesListener {
  readonly name = 'front';
  readonly clients: FrontClients;
  readonly stats = new FrontStats();
  private readonly parts: FrontParts;
  private readonly replies: FrontReplies;
  /** Replies made here during one read event of `turnOf`. */
  private readonly turn = new JuteWriter(64 * 1024);
  private turnOf: ClientConnection | null = null;
  private turnMs = 0;
  /** When the answers that are being drained arrived, or a moment before. */
  private answeredMs = 0;
  /** The state that the replies of the turn show. */
  private turnZxidHi = 0;
  private turnZxidLo = 0;
  /** Answers, or room on the ring: what stalled clients wait for has come since they were asked. */
  private hasNews = false;
  private sweepAtMs = 0;

  constructor(parts: FrontParts) {
    this.parts = parts;
    this.clients = new FrontClients({ ...parts, handler: this });
    this.replies = new FrontReplies(parts.replies, parts.tree, this);
  }

  start(): void {}

  nextDeadlineMs(): number {
    return this.sweepAtMs;
  }

  dutyCycle(nowMs: number): number {
    const { requests, replies, metrics } = this.parts;
    metrics.maybeReset();
    this.flushRequests();
    this.answeredMs = nowMs;
    let done = this.replies.drain();
    if (done > 0) this.hasNews = true;
    if (this.hasNews && !requests.stalled) {
      this.hasNews = false;
      this.clients.resumeStalled();
    }
    done += this.clients.flushDirty();
    this.flushRequests();
    if (nowMs >= this.sweepAtMs) {
      this.clients.sweep(nowMs);
      this.sweepAtMs = nowMs + this.parts.sessionlessMs / 2;
    }
    const mayResume = this.hasNews && this.clients.hasStalled && !requests.stalled;
    // What is left on the ring is a notification whose change is about to become visible.
    return mayResume || replies.hasWork() ? done + 1 : done;
  }

  private flushRequests(): void {
    const { requests } = this.parts;
    const wasFull = requests.stalled;
    requests.flush();
    if (wasFull && !requests.stalled) this.hasNews = true;
  }

  /** Closes every connection; what was gathered for them leaves first. */
  stop(): void {
    for (const client of [...this.clients.values()]) client.connection.end();
  }

  get authFailed(): number {
    return this.parts.session.authFailed;
  }

  get dropProbability(): number {
    return this.parts.handshakes.dropProbability;
  }

  /** Asks for a duty cycle soon, as when something was written for the keeper. */
  wake(): void {
    this.parts.wake();
  }

  /**
   * Every client waits for the answer to one request, which comes over the ring, so no socket has
   * anything to say: the thread may wait for its bell alone. Not so where clients pipeline: while
   * the disk works on one batch, the next one comes in.
   */
  get isOnlyWaiting(): boolean {
    const { size } = this.clients;
    const { waitingClients } = this.parts.session;
    return size > 0 && waitingClients === size && this.parts.counts.inFlight === size;
  }

  /** Requests of the clients of all fronts at the keeper. */
  get inFlightOfAll(): number {
    return this.parts.counts.inFlightOfAll;
  }

  /** Ends a session as if its time were over, where this server decides that. */
  expire(sessionId: bigint): void {
    this.parts.requests.expire(sessionId);
    this.parts.wake();
  }

  onFirstBytes(
    connection: ClientConnection,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): 'frame' | 'taken' | 'more' {
    return this.parts.words.onFirstBytes(this, connection, bytes, start, end);
  }

  onFrame(
    connection: ClientConnection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): boolean {
    const client = this.clients.get(connection.cnxnId);
    if (client === undefined || client.closeAfterTurn) return true;
    const taken = this.takeFrame(client, bytes, view, start, end);
    if (taken)
      this.parts.metrics.count(counter.bytes_received_count, frameLengthBytes + end - start);
    return taken;
  }

  private takeFrame(
    client: FrontClient,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): boolean {
    if (client.state === 'fresh') return this.onHandshake(client, bytes, view, start, end);
    const isOpen = client.state === 'open' && !this.clients.isPaused;
    const taken = isOpen && this.onRequest(client, bytes, view, start, end);
    if (!taken) this.clients.stall(client);
    return taken;
  }

  private onRequest(
    client: FrontClient,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): boolean {
    if (this.turnOf !== client.connection) this.beginTurn(client.connection);
    const { session } = this.parts;
    const before = client.sent;
    const at = this.turn.offset;
    if (!session.onRequest(client, bytes, view, start, end, this.turnMs, this.turn)) return false;
    const replyBytes = this.turn.offset - at;
    if (replyBytes > 0) this.onReplyHere(client.connection, at);
    this.stats.packetsReceived++;
    if (client.sent > before) {
      this.stats.packetsSent++;
      this.stats.addLatency(0);
      this.parts.metrics.addSampled(advanced.readlatency, 0);
      this.countResponse(replyBytes - frameLengthBytes);
    }
    return true;
  }

  private beginTurn(connection: ClientConnection): void {
    this.turnOf = connection;
    this.turn.reset();
    this.turnMs = this.parts.clock.monotonicMs();
  }

  onReadEnd(connection: ClientConnection): void {
    if (this.turnOf !== connection) return;
    this.turnOf = null;
    if (this.parts.requests.pending) this.parts.wake();
    const client = this.clients.get(connection.cnxnId);
    if (client === undefined) return;
    this.handOnTurn(connection, this.turn.offset);
    if (client.closeAfterTurn) connection.end();
    else connection.flush();
    if (this.clients.hasDirty || this.hasNews) this.parts.wake();
  }

  /** A reply was made at `at`. The events between the states of two replies go between them. */
  private onReplyHere(connection: ClientConnection, at: number): void {
    const zxidHi = this.turn.view.getInt32(at + replyZxidOffset);
    const zxidLo = this.turn.view.getInt32(at + replyZxidOffset + 4);
    if (zxidLo !== this.turnZxidLo || zxidHi !== this.turnZxidHi) this.handOnTurn(connection, at);
    this.turnZxidHi = zxidHi;
    this.turnZxidLo = zxidLo;
    if (this.turn.offset > turnBytesMax) this.handOnTurn(connection, this.turn.offset);
  }

  /** Events of the state that the replies up to `end` show go first (rule b), later ones do not. */
  private handOnTurn(connection: ClientConnection, end: number): void {
    if (end === 0) return;
    this.answeredMs = this.turnMs;
    if (this.replies.drainUpTo(this.turnZxidHi, this.turnZxidLo) > 0) this.hasNews = true;
    const { turn } = this;
    connection.append(turn.bytes, 0, end);
    turn.bytes.copyWithin(0, end, turn.offset);
    turn.offset -= end;
  }

  onBadLength(connection: ClientConnection, length: number): void {
    this.parts.logger.warn(
      { client: connection.remoteAddress, length },
      `Closed a connection: a frame of ${length} bytes is not allowed (jute.maxbuffer)`,
    );
  }

  onRead(connection: ClientConnection): void {
    const client = this.clients.get(connection.cnxnId);
    if (client === undefined || !client.roomAsked) return;
    client.roomAsked = false;
    this.parts.requests.room(connection.cnxnId);
    this.parts.wake();
  }

  onTooSlow(connection: ClientConnection, waitingBytes: number): void {
    this.parts.logger.warn(
      { client: connection.remoteAddress, waitingBytes },
      `Closed a connection: its client has not read ${waitingBytes} bytes`,
    );
  }

  onClosed(connection: ClientConnection): void {
    const client = this.clients.get(connection.cnxnId);
    if (client === undefined) return;
    this.clients.remove(client);
    this.parts.session.onGone(client);
    if (client.state === 'fresh') return;
    this.parts.requests.disconnect(connection.cnxnId);
    this.parts.wake();
  }

  onFailure(error: unknown): void {
    this.parts.onFailure(error);
  }

  private onHandshake(
    client: FrontClient,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): boolean {
    const fate = this.parts.handshakes.onFrame(client, bytes, view, start, end);
    if (fate === 'wait') this.clients.stall(client);
    else if (fate === 'forwarded') {
      this.stats.packetsReceived++;
      this.parts.wake();
    }
    return fate !== 'wait';
  }

  onConnected(answer: Connected): void {
    const client = this.clients.get(answer.cnxnId);
    if (client === undefined) return;
    const frame = this.parts.handshakes.onAnswer(client, answer);
    if (client.answered > 0) this.stats.addLatency(client.lastLatencyMs);
    this.clients.append(client, frame, 0, frame.byteLength);
    this.stats.packetsSent++;
    if (!answer.valid) client.connection.end();
  }

  onReply(cnxnId: number, answers: number, bytes: Uint8Array, start: number, end: number): void {
    const client = this.clients.get(cnxnId);
    if (client === undefined) return;
    client.replyBytes += end - start;
    if (answers === 0) client.sent++;
    else this.countAnswer(client);
    this.stats.packetsSent++;
    // The last, since a connection that holds too much already ends here.
    this.clients.append(client, bytes, start, end);
  }

  private countAnswer(client: FrontClient): void {
    const { session, metrics } = this.parts;
    const latencyMs = this.answeredMs - client.takeArrival();
    const latencies = client.wasWrite ? advanced.updatelatency : advanced.readlatency;
    client.countReply(latencyMs, this.answeredMs, this.parts.tree);
    this.stats.addLatency(latencyMs);
    metrics.addSampled(latencies, Math.round(latencyMs));
    this.countResponse(client.replyBytes - frameLengthBytes);
    client.replyBytes = 0;
    session.onAnswered(client);
  }

  private countResponse(bytes: number): void {
    this.stats.addResponse(bytes);
    this.parts.metrics.count(counter.response_bytes, bytes);
  }

  onNotify(cnxnId: number, bytes: Uint8Array, start: number, end: number): void {
    const client = this.clients.get(cnxnId);
    if (client === undefined) return;
    this.clients.append(client, bytes, start, end);
    client.sent++;
    this.stats.packetsSent++;
    this.stats.addResponse(end - start - frameLengthBytes);
    this.parts.metrics.count(counter.watch_bytes, end - start - frameLengthBytes);
  }

  /** The keeper has sent much: it goes on at once, or when the client has read. */
  onRoomAsked(cnxnId: number): void {
    const client = this.clients.get(cnxnId);
    if (client === undefined) return;
    client.roomAsked = client.connection.isChoked;
    if (!client.roomAsked) this.parts.requests.room(cnxnId);
  }

  onClose(cnxnId: number): void {
    this.clients.get(cnxnId)?.connection.end();
  }

  onAnswer(queryId: number, value: unknown): void {
    this.parts.words.onAnswer(queryId, value);
  }

  onAsked(asker: number, queryId: number, what: FrontAsk): void {
    this.parts.words.onAsked(this, asker, queryId, what);
    this.parts.wake();
  }

  onSnapshotDue(): void {
    this.parts.onSnapshotDue();
  }
}
