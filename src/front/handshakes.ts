/** The handshakes of clients: whose go to the keeper, and what its answers make of a connection. */
import { advanced, basic, counter } from '../admin/metrics-layout.ts';
import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import type { Clock, Logger } from '../base/ports.ts';
import { compareHalves, highHalf, joinHalves, lowHalf } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import { OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import {
  type Handshake,
  invalidSession,
  readHandshake,
  writeHandshakeAnswer,
} from '../net/handshake.ts';
import { Serving, type SharedStatus } from '../state/shared-status.ts';
import type { TreeView } from '../tree/tree-view.ts';
import type { FrontClient } from './client.ts';
import type { ConnectionThrottle } from './connection-throttle.ts';
import type { Connected } from './replies.ts';
import type { FrontRequests } from './requests.ts';

export interface FrontHandshakesParts {
  readonly requests: FrontRequests;
  readonly tree: TreeView;
  readonly status: SharedStatus;
  readonly throttle: ConnectionThrottle;
  readonly metrics: MetricsRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class FrontHandshakes {
  private readonly parts: FrontHandshakesParts;
  private readonly reader = new JuteReader();

  constructor(parts: FrontHandshakesParts) {
    this.parts = parts;
  }

  /** Probability with which the next handshake is dropped. */
  get dropProbability(): number {
    return this.parts.throttle.dropProbability;
  }

  /** The first frame of a client: on its way to the keeper, or the connection ends. */
  onFrame(
    client: FrontClient,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): 'forwarded' | 'refused' | 'wait' {
    const { requests, status } = this.parts;
    const { connection } = client;
    if (status.serving === Serving.serving && requests.stalled) return 'wait';
    const handshake = this.read(bytes, view, start, end);
    if (
      status.serving !== Serving.serving ||
      handshake === null ||
      !this.isTaken(client, handshake)
    ) {
      connection.destroy();
      return 'refused';
    }
    client.withReadOnly = handshake.readOnly !== null;
    client.opensSession = handshake.sessionId === 0n;
    client.state = 'connecting';
    client.connectingMs = this.parts.clock.monotonicMs();
    client.received++;
    requests.connect(connection.cnxnId, handshake, connection.remoteAddress);
    requests.identities(connection.cnxnId, client.identities);
    return 'forwarded';
  }

  private read(bytes: Uint8Array, view: DataView, start: number, end: number): Handshake | null {
    this.reader.reset(bytes, view, start, end);
    try {
      return readHandshake(this.reader);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      return null;
    }
  }

  private isTaken(client: FrontClient, handshake: Handshake): boolean {
    const { throttle, metrics, clock, logger, tree } = this.parts;
    if (!throttle.takes(handshake.sessionId === 0n, clock.monotonicMs())) {
      metrics.count(counter.connection_rejected, 1);
      return false;
    }
    metrics.add(basic.connection_token_deficit, throttle.deficit);
    metrics.count(counter.connection_request_count, 1);
    const seen = handshake.lastZxidSeen;
    if (compareHalves(highHalf(seen), lowHalf(seen), tree.lastZxidHi, tree.lastZxidLo) <= 0) {
      return true;
    }
    logger.info(
      { client: client.connection.remoteAddress },
      'Refused a client that has seen a zxid which this server does not have yet',
    );
    return false;
  }

  /** The keeper's answer; returns the frame for the client. */
  onAnswer(client: FrontClient, answer: Connected): Uint8Array {
    const { valid, sessionIdHi, sessionIdLo, timeoutMs, passwd, slot } = answer;
    if (valid && client.opensSession) this.countSession(client);
    else client.sent++;
    if (!valid) return writeHandshakeAnswer(invalidSession, client.withReadOnly);
    client.state = 'open';
    client.slot = slot;
    client.sessionIdHi = sessionIdHi;
    client.sessionIdLo = sessionIdLo;
    client.timeoutMs = timeoutMs;
    const sessionId = joinHalves(sessionIdHi, sessionIdLo);
    return writeHandshakeAnswer({ timeOut: timeoutMs, sessionId, passwd }, client.withReadOnly);
  }

  /** A new session is a txn like any other, and its answer that of a request with xid 0. */
  private countSession(client: FrontClient): void {
    const { metrics, clock, tree } = this.parts;
    const nowMs = clock.monotonicMs();
    const tookMs = nowMs - client.connectingMs;
    client.lastType = OpCode.createSession;
    client.lastCxid = 0;
    client.countReply(tookMs, nowMs, tree);
    metrics.addSampled(advanced.updatelatency, Math.round(tookMs));
  }
}
