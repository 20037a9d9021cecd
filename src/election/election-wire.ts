/**
 * The bytes of an election connection (Apache `QuorumCnxManager`): who dials says once who it is,
 * then both sides send notifications, each with its length in front.
 *
 * ```
 * initiation:  i64 version  i64 sid  i32 length  "host:port" (several joined by |)
 *              or, from servers before 3.5, just the sid
 * frame:       i32 length   notification
 * ```
 */
import { electionAddressBytesMax, notificationBytesMax } from '../base/limits.ts';
import { JuteError } from '../jute/jute-error.ts';
import { decodeUtf8, encodeUtf8 } from '../jute/utf8.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { PeerAddress } from '../zab/ensemble-view.ts';

const oneAddress = -65536n;
const manyAddresses = -65535n;
const headerBytes = 20;
const lengthBytes = 4;

export interface Initiation {
  readonly sid: bigint;
  /** Where the sender listens, if it says so in a form that can be dialed. */
  readonly address: PeerAddress | null;
}

/** All of it leaves with one write: Apache's server reads the address with a single read. */
export function encodeInitiation(
  sid: bigint,
  addresses: readonly PeerAddress[],
  isMultiAddress: boolean,
): Uint8Array {
  const shown = isMultiAddress ? addresses : addresses.slice(0, 1);
  const text = encodeUtf8(shown.map(addressText).join('|'));
  const writer = new JuteWriter();
  writer.writeLong(isMultiAddress ? manyAddresses : oneAddress);
  writer.writeLong(sid);
  writer.writeBuffer(text);
  return writer.finish();
}

function addressText({ host, port }: PeerAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function encodeFrame(notification: Uint8Array): Uint8Array {
  const writer = new JuteWriter(lengthBytes + notification.byteLength);
  writer.writeBuffer(notification);
  return writer.finish();
}

/** Puts the pieces of one connection's stream together. */
export class ElectionReader {
  private bytes: Uint8Array = new Uint8Array(256);
  /** What has not been taken is `bytes[start..end)`. */
  private start = 0;
  private end = 0;

  append(bytes: Uint8Array, start: number, end: number): void {
    const kept = this.end - this.start;
    const needed = kept + end - start;
    if (needed > this.bytes.byteLength) {
      const more = new Uint8Array(Math.max(needed, 2 * this.bytes.byteLength));
      more.set(this.bytes.subarray(this.start, this.end));
      this.bytes = more;
    } else this.bytes.copyWithin(0, this.start, this.end);
    this.bytes.set(bytes.subarray(start, end), kept);
    this.start = 0;
    this.end = needed;
  }

  /** Null while it is not whole. Throws a JuteError for what no server sends. */
  takeInitiation(): Initiation | null {
    if (this.length() < 8) return null;
    const view = this.view();
    const version = view.getBigInt64(0);
    if (version >= 0n) {
      this.drop(8);
      return { sid: version, address: null };
    }
    if (version !== oneAddress && version !== manyAddresses) {
      throw new JuteError(`unknown version ${version} of an election connection`);
    }
    if (this.length() < headerBytes) return null;
    const length = view.getInt32(16);
    if (length < 1 || length > electionAddressBytesMax) {
      throw new JuteError(`address of ${length} bytes on an election connection`);
    }
    if (this.length() < headerBytes + length) return null;
    const sid = view.getBigInt64(8);
    this.drop(headerBytes);
    const text = decodeUtf8(this.bytes, this.start, this.start + length);
    this.drop(length);
    return { sid, address: firstAddressOf(text) };
  }

  /** The next notification, null while it is not whole. Throws a JuteError for a bad length. */
  takeFrame(): Uint8Array | null {
    if (this.length() < lengthBytes) return null;
    const length = this.view().getInt32(0);
    if (length < 1 || length > notificationBytesMax) {
      throw new JuteError(`notification of ${length} bytes`);
    }
    if (this.length() < lengthBytes + length) return null;
    this.drop(lengthBytes);
    const frame = this.bytes.slice(this.start, this.start + length);
    this.drop(length);
    return frame;
  }

  private length(): number {
    return this.end - this.start;
  }

  private view(): DataView {
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + this.start, this.length());
  }

  private drop(count: number): void {
    this.start += count;
  }
}

const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);

/** A server that listens everywhere does not say where it is. */
function firstAddressOf(text: string): PeerAddress | null {
  for (const part of text.split('|')) {
    const match = /^(.+):(\d{1,5})$/.exec(part);
    const host = match?.[1]?.replace(/^\[(.*)\]$/, '$1');
    const port = Number(match?.[2]);
    if (host !== undefined && port > 0 && port < 65_536 && !wildcards.has(host)) {
      return { host, port };
    }
  }
  return null;
}
