/**
 * What leaves for the leader, on a server that decides nothing itself: requests as they came, with
 * who asks. One record is filled again and again; whoever is given it has it during the call only.
 */
import { requestHeaderBytes } from '../base/limits.ts';
import { OpCode } from '../jute/proto.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { Connection } from './connection.ts';
import type { ForwardedRequest, KeeperOutput } from './keeper-ports.ts';

type Filling = { -readonly [K in keyof ForwardedRequest]: ForwardedRequest[K] };

export class Forwarder {
  private readonly output: KeeperOutput;
  private readonly body = new JuteWriter(16);
  private readonly request: Filling = {
    sessionIdHi: 0,
    sessionIdLo: 0,
    cxid: 0,
    type: 0,
    bytes: this.body.bytes,
    start: 0,
    end: 0,
    authInfo: null,
  };

  constructor(output: KeeperOutput) {
    this.output = output;
  }

  /**
   * A client's write, whose txn it waits for from now on. The frame, header included, is
   * `bytes[start..end)`.
   */
  forward(connection: Connection, bytes: Uint8Array, view: DataView, start: number, end: number) {
    const request = this.fill(connection, bytes, view, start, end);
    connection.pendingWrites.push(request.cxid, request.type);
    // What comes behind it would find no session.
    if (request.type === OpCode.closeSession) connection.isEnding = true;
    this.output.forward(request);
  }

  /** A client's sync, for which `syncDone` comes back. */
  sync(connection: Connection, bytes: Uint8Array, view: DataView, start: number, end: number) {
    this.output.sync(this.fill(connection, bytes, view, start, end));
  }

  /** Asks for the session whose id the connection has already; it is the server itself who asks. */
  createSession(connection: Connection): void {
    const { body, request } = this;
    body.reset();
    body.writeInt(connection.timeoutMs);
    request.sessionIdHi = connection.sessionIdHi;
    request.sessionIdLo = connection.sessionIdLo;
    request.cxid = 0;
    request.type = OpCode.createSession;
    request.bytes = body.bytes;
    request.start = 0;
    request.end = body.offset;
    request.authInfo = null;
    this.output.forward(request);
  }

  private fill(
    connection: Connection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): ForwardedRequest {
    const { request } = this;
    request.sessionIdHi = connection.sessionIdHi;
    request.sessionIdLo = connection.sessionIdLo;
    request.cxid = view.getInt32(start);
    request.type = view.getInt32(start + 4);
    request.bytes = bytes;
    request.start = start + requestHeaderBytes;
    request.end = end;
    request.authInfo = connection.identities.encoded;
    return request;
  }
}
