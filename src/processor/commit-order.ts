/**
 * The order of one session's requests (Apache `CommitProcessor`): what comes behind the session's
 * own uncommitted write waits for it, other sessions go on. A line holds what waits, as bytes in
 * one buffer; a write itself is only a mark, since it is prepared when it arrives.
 */
import type { Identities } from '../auth/identity.ts';
import { assert } from '../base/assert.ts';

/** What can stand in a line. */
export const Waiting = {
  nothing: 0,
  /** A txn of this connection that is not applied yet. */
  write: 1,
  /** A request to be answered in its turn. */
  request: 2,
  /** The same, and not before a sync is done. */
  barrier: 3,
  /** From here on the requests are those of other identities. */
  identities: 4,
  /** A write that is answered with an error in its turn: its xid and the error. */
  refusal: 5,
} as const;
export type Waiting = (typeof Waiting)[keyof typeof Waiting];

const entryHeaderBytes = 8;

export class RequestLine {
  /** Entries in line. */
  count = 0;
  /** The request at the head, when there is one: `bytes[start..end)`. */
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  private head = 0;
  private tail = 0;
  private readonly identities: Identities[] = [];

  get headKind(): Waiting {
    return this.count === 0 ? Waiting.nothing : (this.view.getInt32(this.head) as Waiting);
  }

  get headStart(): number {
    return this.head + entryHeaderBytes;
  }

  get headEnd(): number {
    return this.head + entryHeaderBytes + this.view.getInt32(this.head + 4);
  }

  pushWrite(): void {
    this.push(Waiting.write, 0);
  }

  pushRequest(from: Uint8Array, start: number, end: number): void {
    const at = this.push(Waiting.request, end - start);
    this.bytes.set(from.subarray(start, end), at);
  }

  pushBarrier(from: Uint8Array, start: number, end: number): void {
    const at = this.push(Waiting.barrier, end - start);
    this.bytes.set(from.subarray(start, end), at);
  }

  pushIdentities(identities: Identities): void {
    this.push(Waiting.identities, 0);
    this.identities.push(identities);
  }

  pushRefusal(xid: number, err: number): void {
    const at = this.push(Waiting.refusal, 8);
    this.view.setInt32(at, xid);
    this.view.setInt32(at + 4, err);
  }

  /** Takes the head out of the line, which holds a change of identities. */
  shiftIdentities(): Identities {
    const identities = this.identities.shift();
    assert(identities !== undefined, 'the line holds the identities that it was given');
    this.shift(Waiting.identities);
    return identities;
  }

  /** Takes the head out of the line; it must be of this kind. */
  shift(kind: Waiting): void {
    assert(this.headKind === kind, 'requests leave the line in their order');
    this.head = this.headEnd;
    this.count--;
    if (this.count === 0) {
      this.head = this.tail = 0;
      // One long wait is no reason to keep its memory for the connection's whole life.
      if (this.bytes.byteLength > spareBytesMax) this.replaceBuffer(0);
    }
  }

  private push(kind: Waiting, length: number): number {
    const needed = entryHeaderBytes + length;
    if (this.tail + needed > this.bytes.byteLength) this.makeRoom(needed);
    const at = this.tail;
    this.view.setInt32(at, kind);
    this.view.setInt32(at + 4, length);
    this.tail = at + needed;
    this.count++;
    return at + entryHeaderBytes;
  }

  private makeRoom(needed: number): void {
    const used = this.tail - this.head;
    if (used + needed > this.bytes.byteLength >>> 1) {
      this.replaceBuffer(Math.max(256, 2 * (used + needed)));
    } else {
      this.bytes.copyWithin(0, this.head, this.tail);
    }
    this.tail = used;
    this.head = 0;
  }

  private replaceBuffer(length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.bytes.subarray(this.head, this.tail));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

const spareBytesMax = 64 * 1024;
