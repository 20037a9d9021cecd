/**
 * The front of a simulated server: no sockets, but the same records on the same rings, written and
 * read by the same code. It sends what its clients want to send, hands them what the keeper sends,
 * and checks the stream as a whole: zxids never fall, and the notification of a change comes
 * before every reply that shows it.
 */

import { NotifyLayout, ToFront } from '../../src/agents/messages.ts';
import { Outlet } from '../../src/agents/outlet.ts';
import { joinHalves } from '../../src/base/zxid.ts';
import {
  type Connected,
  FrontReplies,
  type FrontRepliesListener,
} from '../../src/front/replies.ts';
import { FrontRequests } from '../../src/front/requests.ts';
import type { QueryAnswers, QueryKind } from '../../src/processor/queries.ts';
import type { AtomicsLike } from '../../src/ring/atomics.ts';
import type { RingMemory } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { SessionTable } from '../../src/state/session-table.ts';
import type { SharedServer } from '../../src/thread/shared.ts';
import { TreeView } from '../../src/tree/tree-view.ts';
import { noSession, type Session, SimClient } from './sim-client.ts';

/** Sees the same memory and changes nothing in it. */
const readOnlyAtomics: AtomicsLike = { ...allAtomics(), store: (_words, _index, value) => value };

function allAtomics(): AtomicsLike {
  const { load, store, exchange, compareExchange, wait, waitAsync, notify } =
    Atomics as unknown as AtomicsLike;
  return { load, store, exchange, compareExchange, wait, waitAsync, notify };
}

/** Zxid of the last notification on the ring that is not taken yet, -1 without one. */
export function notificationOn(ring: RingMemory): bigint {
  let zxid = -1n;
  const receiver = new RingReceiver(ring, readOnlyAtomics);
  receiver.drain((type, offset) => {
    const at = offset + NotifyLayout.zxid;
    if (type === ToFront.notify) {
      zxid = joinHalves(receiver.view.getInt32(at), receiver.view.getInt32(at + 4));
    }
    return true;
  }, Number.MAX_SAFE_INTEGER);
  return zxid;
}

export interface ConnectOptions {
  readonly timeoutMs?: number;
  readonly session?: Session;
  readonly lastZxidSeen?: bigint;
}

export class SimFront implements FrontRepliesListener {
  readonly clients = new Map<number, SimClient>();
  /** What came out of the ring, one line a record, for comparing runs. */
  readonly stream: string[] = [];
  snapshotsDue = 0;
  /** Highest zxid in the stream: somebody has seen this state. */
  seenZxid = 0n;
  private readonly answers = new Map<number, unknown>();
  private readonly requests: FrontRequests;
  private readonly replies: FrontReplies;
  private readonly sessions: SessionTable;
  private readonly leaving: SimClient[] = [];
  private readonly timeouts = new Map<number, number>();
  private nextCnxnId = 1;
  private nextQueryId = 1;
  private nowMs = 0;

  constructor(shared: SharedServer) {
    const own = shared.fronts[0]!;
    this.requests = new FrontRequests(new Outlet(new RingSender(own.requests)));
    const ring = new RingReceiver(own.replies);
    this.replies = new FrontReplies(ring, new TreeView(shared.tree), this);
    this.sessions = new SessionTable(shared.sessions);
  }

  connect(options: ConnectOptions = {}): SimClient {
    const { timeoutMs = 6000, session = noSession, lastZxidSeen = 0n } = options;
    const client = new SimClient(this.nextCnxnId++, session, lastZxidSeen);
    this.timeouts.set(client.cnxnId, timeoutMs);
    this.clients.set(client.cnxnId, client);
    return client;
  }

  /** The connection ends without a closeSession; the session lives on. */
  disconnect(client: SimClient): void {
    if (client.state === 'closed' || client.state === 'refused') return;
    if (client.state !== 'fresh') this.leaving.push(client);
    client.onClose();
  }

  /** As a ping does. */
  keepAlive(client: SimClient): void {
    if (client.slot >= 0) this.sessions.touch(client.slot, this.nowMs);
  }

  query(kind: QueryKind): number {
    const queryId = this.nextQueryId++;
    this.requests.query(queryId, kind);
    return queryId;
  }

  answerOf<K extends QueryKind>(queryId: number, _kind: K): QueryAnswers[K] {
    if (!this.answers.has(queryId)) throw new Error(`query ${queryId} is not answered`);
    return this.answers.get(queryId) as QueryAnswers[K];
  }

  /** Asks for a roll of the log and a snapshot. */
  askForSnapshot(): void {
    this.requests.snapshot();
  }

  /** Up to `limit` requests leave; returns the work done. */
  cycle(nowMs: number, limit = Number.MAX_SAFE_INTEGER): number {
    this.nowMs = nowMs;
    this.requests.flush();
    const taken = this.poll();
    const sent = this.sendRequests(limit);
    this.requests.flush();
    return taken + sent;
  }

  /** Takes what is on the ring. */
  poll(): number {
    return this.replies.drain();
  }

  private sendRequests(limit: number): number {
    let sent = 0;
    for (let client = this.leaving[0]; client !== undefined; client = this.leaving[0]) {
      if (this.requests.stalled) return sent;
      this.requests.disconnect(client.cnxnId);
      this.leaving.shift();
      sent++;
    }
    for (const client of this.clients.values()) {
      if (client.state === 'closed' || client.state === 'refused') {
        this.clients.delete(client.cnxnId);
      }
      while (sent < limit && !this.requests.stalled && this.sendNext(client)) sent++;
    }
    return sent;
  }

  private sendNext(client: SimClient): boolean {
    const { cnxnId } = client;
    if (client.state === 'fresh') {
      client.state = 'connecting';
      const handshake = {
        ...{ protocolVersion: 0, readOnly: false, lastZxidSeen: client.lastZxid },
        timeOut: this.timeouts.get(cnxnId) ?? 0,
        ...{ sessionId: client.session.id, passwd: client.session.passwd },
      };
      this.requests.connect(cnxnId, handshake, '127.0.0.1');
      this.requests.identities(cnxnId, client.identities);
      return true;
    }
    const next = client.state === 'open' ? client.outgoing.shift() : undefined;
    if (next === undefined) return false;
    if (next === 'identities') {
      this.requests.identities(cnxnId, client.identities);
      return true;
    }
    this.sessions.touch(client.slot, this.nowMs);
    this.requests.request(cnxnId, next.payload, 0, next.payload.byteLength);
    client.onSent(next);
    return true;
  }

  onReply(cnxnId: number, _answers: number, bytes: Uint8Array, start: number, end: number): void {
    this.onFrames(cnxnId, bytes, start, end, 'reply');
  }

  onNotify(cnxnId: number, bytes: Uint8Array, start: number, end: number): void {
    this.onFrames(cnxnId, bytes, start, end, 'notify');
  }

  private onFrames(
    cnxnId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    kind: 'reply' | 'notify',
  ): void {
    const client = this.clients.get(cnxnId);
    if (client === undefined || client.state === 'closed') return;
    for (const frame of client.onBytes(bytes, start, end)) {
      const { zxid, type } = client.onFrame(frame);
      this.stream.push(`${cnxnId} ${kind} ${type} ${Buffer.from(frame).toString('hex')}`);
      // What a setWatches finds changed is told with the zxid -1.
      if (zxid < 0n) continue;
      // A notification of z behind a reply of z came too late; equal notifications are one txn's.
      if (zxid < this.seenZxid || (kind === 'notify' && zxid <= this.repliedZxid)) {
        throw new Error(`${kind} of zxid ${zxid} after the state ${this.seenZxid} was shown`);
      }
      this.seenZxid = zxid;
      if (kind === 'reply') this.repliedZxid = zxid;
    }
  }

  private repliedZxid = -1n;

  onConnected(answer: Connected): void {
    const id = joinHalves(answer.sessionIdHi, answer.sessionIdLo);
    this.stream.push(`${answer.cnxnId} connected ${answer.valid} ${id} ${answer.timeoutMs}`);
    const client = this.clients.get(answer.cnxnId);
    if (client === undefined || client.state === 'closed') return;
    client.onConnected(answer);
  }

  onRoomAsked(cnxnId: number): void {
    this.requests.room(cnxnId);
  }

  onClose(cnxnId: number): void {
    this.stream.push(`${cnxnId} close`);
    this.clients.get(cnxnId)?.onClose();
  }

  onAsked(): void {
    throw new Error('there is no other front');
  }

  onAnswer(queryId: number, value: unknown): void {
    this.answers.set(queryId, value);
  }

  onSnapshotDue(): void {
    this.stream.push('snapshot due');
    this.snapshotsDue++;
  }
}
