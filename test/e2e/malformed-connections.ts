/**
 * Bytes that must cost a client its connection, before the handshake or in the middle of a
 * session. Nothing here may reach any other client.
 */
import { authPacket, OpCode, Xid } from '../../src/jute/proto.ts';
import type { SeededRandom } from '../support/random.ts';
import { encodeConnectRequest, encodeRecord, encodeRequest } from '../support/raw-client.ts';
import { framed } from '../support/raw-socket.ts';

export interface FatalBytes {
  readonly what: string;
  readonly bytes: Uint8Array;
  /** The error that the server answers before it closes; null when it says nothing. */
  readonly err: number | null;
  /** The server waits for more, and closes when the client ends its side. */
  readonly isUnfinished: boolean;
}

const nothing = new Uint8Array(0);
const unknownTypes = [0, 10, 13, 23, 99, 108, 1000, 0x7fffffff, -2, -100];

/** For a connection with a session. */
export function fatalInSession(random: SeededRandom): FatalBytes {
  switch (random.below(6)) {
    case 0:
      return fatalLength(random);
    case 1:
      return { ...fatal('a header cut short'), bytes: framed(random.bytes(random.below(8))) };
    case 2: {
      const request = encodeRequest(1, random.pick(unknownTypes), random.bytes(random.below(40)));
      return { ...fatal('an unknown operation'), bytes: framed(request), err: -6 };
    }
    case 3: {
      const again = encodeConnectRequest({ timeoutMs: random.below(100_000) });
      return { ...fatal('a second handshake'), bytes: framed(again), err: -6 };
    }
    case 4: {
      const packet = { type: 0, scheme: 'nobody-knows', auth: random.bytes(10) };
      const request = encodeRequest(Xid.auth, OpCode.auth, encodeRecord(authPacket, packet));
      return { ...fatal('an unknown scheme'), bytes: framed(request), err: -115 };
    }
    default:
      return unfinished(framed(encodeRequest(1, OpCode.getData, random.bytes(30))), random);
  }
}

/** For a connection that has said nothing yet. */
export function fatalBeforeSession(random: SeededRandom): FatalBytes {
  switch (random.below(7)) {
    case 0:
      return fatalLength(random);
    case 1: {
      const whole = encodeConnectRequest({});
      const part = whole.subarray(0, random.below(whole.byteLength - 1));
      return { ...fatal('a handshake record cut short'), bytes: framed(part) };
    }
    case 2:
      return unfinished(framed(encodeConnectRequest({})), random);
    case 3: {
      const future = encodeConnectRequest({ lastZxidSeen: 2n ** 62n });
      return { ...fatal('a client from the future'), bytes: framed(future) };
    }
    case 4: {
      const request = Uint8Array.from(encodeConnectRequest({}));
      new DataView(request.buffer).setInt32(24, random.pick([-2, 0x7fffffff, 1000]));
      return { ...fatal('a password longer than its frame'), bytes: framed(request) };
    }
    case 5: {
      const text = random.pick(['abcd', 'EHLO x\r\n', 'SSH-2.0-x\r\n', '\u0016\u0003\u0001']);
      return { ...fatal('another protocol'), bytes: Buffer.from(text), isUnfinished: true };
    }
    default: {
      const bytes = random.bytes(1 + random.below(200));
      return { ...fatal('random bytes'), bytes, isUnfinished: true };
    }
  }
}

function fatal(what: string): FatalBytes {
  return { what, bytes: nothing, err: null, isUnfinished: false };
}

function fatalLength(random: SeededRandom): FatalBytes {
  const length = random.pick([
    -1,
    -0x80000000,
    0,
    0x100000,
    0x7fffffff,
    0x100000 + random.below(1e6),
  ]);
  const bytes = new Uint8Array(4 + random.below(64));
  new DataView(bytes.buffer).setInt32(0, length);
  return { ...fatal(`a frame of ${length} bytes`), bytes };
}

function unfinished(whole: Uint8Array, random: SeededRandom): FatalBytes {
  const bytes = whole.subarray(0, 1 + random.below(whole.byteLength - 1));
  return { ...fatal('a frame that never ends'), bytes, isUnfinished: true };
}
