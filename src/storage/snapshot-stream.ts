/**
 * The bytes of a snapshot's content, in pieces: sessions, ACL lists, nodes, and the path "/" that
 * ends them. A file has them between its header and its first seal; a leader sends just them
 * (Apache `SerializeUtils.serializeSnapshot`).
 */
import { assert } from '../base/assert.ts';
import { JuteWriter } from '../jute/writer.ts';
import { slash, statPersistedBytes } from './snapshot-format.ts';

const pieceBytes = 256 * 1024;
const slashBytes = Uint8Array.of(slash);

type Part = 'new' | 'sessions' | 'acls' | 'nodes' | 'ended';

export class SnapshotStream {
  /** Nodes so far. */
  nodeCount = 0;
  protected readonly out = new JuteWriter(2 * pieceBytes);
  private readonly take: (piece: Uint8Array) => void;
  private part: Part = 'new';
  private owed = 0;

  /** `take` is given one piece after the other, each valid during the call. */
  constructor(take: (piece: Uint8Array) => void) {
    this.take = take;
  }

  /** Begins the sessions; exactly `count` of them follow. */
  beginSessions(count: number): void {
    this.become('new', 'sessions', count);
    this.out.writeInt(count);
  }

  session(idHi: number, idLo: number, timeoutMs: number): void {
    assert(this.part === 'sessions' && this.owed-- > 0, 'session where none is due');
    this.out.writeHalves(idHi, idLo);
    this.out.writeInt(timeoutMs);
    this.maybeDrain();
  }

  /** Begins the ACL lists; exactly `count` of them follow. */
  beginAcls(count: number): void {
    this.become('sessions', 'acls', count);
    this.out.writeInt(count);
  }

  /** `bytes[start..end)` is a jute vector of ACL. */
  acl(id: number, bytes: Uint8Array, start: number, end: number): void {
    assert(this.part === 'acls' && this.owed-- > 0, 'ACL list where none is due');
    this.out.writeLong(BigInt(id));
    this.out.writeRaw(bytes, start, end);
    this.maybeDrain();
  }

  beginNodes(): void {
    this.become('acls', 'nodes', 0);
  }

  /**
   * A node; its parent came before. The root has the empty path. `dataLength` -1 means null data;
   * `stat[statStart..]` are the 60 bytes of StatPersisted.
   */
  node(
    path: Uint8Array,
    pathStart: number,
    pathEnd: number,
    data: Uint8Array | null,
    dataStart: number,
    dataLength: number,
    aclId: number,
    stat: Uint8Array,
    statStart: number,
  ): void {
    assert(this.part === 'nodes', 'node where none is due');
    const { out } = this;
    out.writeBuffer(path, pathStart, pathEnd);
    if (data === null || dataLength < 0) out.writeInt(-1);
    else out.writeBuffer(data, dataStart, dataStart + dataLength);
    out.writeHalves(aclId < 0 ? -1 : Math.floor(aclId / 0x100000000), aclId | 0);
    out.writeRaw(stat, statStart, statStart + statPersistedBytes);
    this.nodeCount++;
    this.maybeDrain();
  }

  /** Behind the last node. */
  endNodes(): void {
    this.become('nodes', 'ended', 0);
    assert(this.nodeCount > 0, 'a snapshot has at least the root');
    this.out.writeBuffer(slashBytes);
    this.drain();
  }

  /** Nothing more may come. */
  protected giveUp(): void {
    this.part = 'ended';
  }

  /** Hands on what was gathered. */
  protected drain(): void {
    if (this.out.offset > 0) this.take(this.out.finish());
    this.out.reset();
  }

  private become(from: Part, to: Part, owed: number): void {
    assert(this.part === from && this.owed === 0, `${to} after ${this.part}`);
    this.part = to;
    this.owed = owed;
  }

  private maybeDrain(): void {
    if (this.out.offset >= pieceBytes) this.drain();
  }
}
