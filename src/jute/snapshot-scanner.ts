/**
 * Finds where a snapshot ends in the stream of a quorum link. Nothing says how long it is, so its
 * records are counted as they pass, cut anywhere (Apache `SerializeUtils.deserializeSnapshot`):
 *
 * ```
 * int n, n × (long id, int timeout)                                       sessions
 * int n, n × (long key, vector of (int perms, string scheme, string id))  ACLs
 * (string path, buffer data, long acl, 60 bytes of stat)*, string "/"     nodes
 * string "BenWasHere"
 * ```
 *
 * What the records say is for the reader of the snapshot to check, when it is loaded from disk.
 */
import { JuteError } from './jute-error.ts';
import { snapshotSignature } from './quorum.ts';

const sessionBytes = 12;
const nodeTailBytes = 68;
const slash = 0x2f;
const signature = Uint8Array.from(snapshotSignature, (letter) => letter.charCodeAt(0));

/** What the next int says. */
type Awaited =
  | 'sessionCount'
  | 'aclCount'
  | 'permissionCount'
  | 'scheme'
  | 'id'
  | 'path'
  | 'nodeData'
  | 'signature';

export class SnapshotScanner {
  /** The whole snapshot and its signature have passed. */
  done = false;
  private readonly lengthMax: number;
  private awaited: Awaited = 'sessionCount';
  /** Bytes that pass before the next int. */
  private skipping = 0;
  private int = 0;
  private intBytes = 0;
  private acls = 0;
  private permissions = 0;
  /** The one byte of a path of length 1 decides whether it is the last. */
  private pathByte = false;
  private signatureAt = -1;

  /** `lengthMax`: of one string or buffer. */
  constructor(lengthMax: number) {
    this.lengthMax = lengthMax;
  }

  /**
   * Takes bytes of the snapshot from `bytes[start..end)` and returns where it stopped: `end`, or
   * behind the signature, or at its begin (`done` is false then; call again). The signature is no
   * part of the snapshot; `inSignature` tells that it has begun. Throws `JuteError`.
   */
  scan(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    const wasInSignature = this.inSignature;
    while (at < end && !this.done && this.inSignature === wasInSignature) {
      at = this.step(bytes, at, end);
    }
    return at;
  }

  get inSignature(): boolean {
    return this.awaited === 'signature';
  }

  private step(bytes: Uint8Array, at: number, end: number): number {
    if (this.signatureAt >= 0) return this.matchSignature(bytes[at] as number, at);
    if (this.pathByte) return this.endOrSkipPath(bytes[at] as number, at);
    if (this.skipping > 0) {
      const skipped = Math.min(this.skipping, end - at);
      this.skipping -= skipped;
      return at + skipped;
    }
    this.int = (this.int << 8) | (bytes[at] as number);
    this.intBytes++;
    if (this.intBytes === 4) {
      const value = this.int;
      this.int = this.intBytes = 0;
      this.onInt(value);
    }
    return at + 1;
  }

  private onInt(value: number): void {
    switch (this.awaited) {
      case 'sessionCount':
        this.skipping = this.count(value) * sessionBytes;
        this.awaited = 'aclCount';
        return;
      case 'aclCount':
        this.acls = this.count(value);
        this.nextAcl();
        return;
      case 'permissionCount':
        this.permissions = this.count(value);
        this.nextPermission();
        return;
      case 'scheme':
        this.skipping = this.length(value);
        this.awaited = 'id';
        return;
      case 'id':
        this.skipping = this.length(value);
        this.nextPermission();
        return;
      case 'path':
        this.pathByte = value === 1;
        this.skipping = this.length(value);
        this.awaited = 'nodeData';
        return;
      case 'nodeData':
        this.skipping = this.length(value) + nodeTailBytes;
        this.awaited = 'path';
        return;
      case 'signature':
        if (value !== signature.byteLength) throw new JuteError('a snapshot without signature');
        this.signatureAt = 0;
        return;
    }
  }

  /** Each ACL begins with its key. */
  private nextAcl(): void {
    if (this.acls === 0) {
      this.awaited = 'path';
      return;
    }
    this.acls--;
    this.skipping += 8;
    this.awaited = 'permissionCount';
  }

  /** Each entry of an ACL begins with its permissions. */
  private nextPermission(): void {
    if (this.permissions === 0) {
      this.nextAcl();
      return;
    }
    this.permissions--;
    this.skipping += 4;
    this.awaited = 'scheme';
  }

  private endOrSkipPath(byte: number, at: number): number {
    this.pathByte = false;
    this.skipping = 0;
    if (byte === slash) this.awaited = 'signature';
    return at + 1;
  }

  private matchSignature(byte: number, at: number): number {
    if (byte !== signature[this.signatureAt]) throw new JuteError('a snapshot without signature');
    this.signatureAt++;
    this.done = this.signatureAt === signature.byteLength;
    return at + 1;
  }

  private count(value: number): number {
    if (value < -1) throw new JuteError(`unreasonable count in a snapshot = ${value}`);
    return Math.max(value, 0);
  }

  private length(value: number): number {
    if (value < -1 || value > this.lengthMax) {
      throw new JuteError(`unreasonable length in a snapshot = ${value}`);
    }
    return Math.max(value, 0);
  }
}
