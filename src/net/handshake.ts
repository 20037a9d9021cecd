/**
 * The handshake of a client connection: a ConnectRequest and a ConnectResponse without headers.
 * Clients older than 3.4 send no readOnly byte and get none back (Apache `ProtocolManager`).
 */
import { type ConnectRequest, connectRequest, connectResponse } from '../jute/proto.ts';
import type { JuteReader } from '../jute/reader.ts';
import { JuteWriter } from '../jute/writer.ts';

export interface Handshake extends ConnectRequest {
  /** Null when the client's request has no such byte. */
  readonly readOnly: boolean | null;
}

/** Throws `JuteError` when the frame is no ConnectRequest. Bytes behind it are ignored. */
export function readHandshake(reader: JuteReader): Handshake {
  const request = connectRequest.read(reader);
  return { ...request, readOnly: reader.remaining() > 0 ? reader.readBool() : null };
}

export interface HandshakeAnswer {
  readonly timeOut: number;
  readonly sessionId: bigint;
  readonly passwd: Uint8Array;
}

/** Timeout and session id 0 and a password of zeros: the session is not valid. */
export const invalidSession: HandshakeAnswer = {
  timeOut: 0,
  sessionId: 0n,
  passwd: new Uint8Array(16),
};

/** The whole frame, length included. */
export function writeHandshakeAnswer(answer: HandshakeAnswer, withReadOnly: boolean): Uint8Array {
  const writer = new JuteWriter(64);
  writer.writeInt(withReadOnly ? 37 : 36);
  connectResponse.write(writer, { protocolVersion: 0, ...answer });
  if (withReadOnly) writer.writeBool(false);
  return writer.finish();
}
