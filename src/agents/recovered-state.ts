/**
 * The state that recovery fills: the shared tree through its writer, and what lives beside it.
 * The tree's section stays open all the while, so that no reader sees a half-loaded tree.
 */
import { hex64, highHalf, joinHalves, lowHalf, type Zxid } from '../base/zxid.ts';
import { TxnHeaderOffset } from '../jute/txn.ts';
import { TxnApplier } from '../state/apply-txn.ts';
import type { Ephemerals } from '../state/ephemerals.ts';
import type { Halves, RecoverySink } from '../storage/recovery-sink.ts';
import type { EphemeralTypes } from '../tree/ephemeral-type.ts';
import type { Quotas } from '../tree/quota.ts';
import type { TreeWriter } from '../tree/tree-writer.ts';
import type { TxnHistory } from '../zab/txn-history.ts';

/** What is filled. Whoever asks for a recovery opens and closes the tree's section. */
export interface RecoveredParts {
  readonly tree: TreeWriter;
  readonly ephemerals: Ephemerals;
  readonly quotas: Quotas;
  /** Gets the txns that are replayed; null on a standalone server. */
  readonly history: TxnHistory | null;
  readonly ephemeralTypes: EphemeralTypes;
}

interface Session {
  readonly idHi: number;
  readonly idLo: number;
  readonly timeoutMs: number;
}

export class RecoveredState implements RecoverySink {
  /** By session id in hex. */
  readonly sessions = new Map<string, Session>();
  private readonly parts: RecoveredParts;
  private readonly applier: TxnApplier;
  private readonly digest = { hi: 0, lo: 0 };

  /** Empties tree and ephemerals: nothing of an earlier candidate stays. */
  constructor(parts: RecoveredParts) {
    parts.tree.clear();
    parts.ephemerals.clear();
    this.parts = parts;
    this.applier = new TxnApplier({
      ...parts,
      listener: {
        nodeCreated: () => {},
        nodeDeleting: () => {},
        dataChanged: () => {},
        opApplied: () => {},
        sessionOpened: (idHi, idLo, timeoutMs) => this.session(idHi, idLo, timeoutMs),
        sessionClosed: (idHi, idLo) => this.sessions.delete(hex64(joinHalves(idHi, idLo))),
      },
    });
  }

  beginSnapshot(zxid: Zxid): void {
    this.parts.history?.reset(highHalf(zxid), lowHalf(zxid));
  }

  session(idHi: number, idLo: number, timeoutMs: number): void {
    this.sessions.set(hex64(joinHalves(idHi, idLo)), { idHi, idLo, timeoutMs });
  }

  acl(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.parts.tree.acls.addAt(id, bytes, start, end);
  }

  node(
    bytes: Uint8Array,
    pathStart: number,
    pathEnd: number,
    dataStart: number,
    dataLength: number,
    aclId: number,
    statStart: number,
  ): void {
    const { tree, ephemerals, ephemeralTypes } = this.parts;
    const data = dataLength < 0 ? null : bytes;
    const ref = tree.load(
      ...([bytes, pathStart, pathEnd, data, dataStart, dataLength] as const),
      ...([aclId, bytes, statStart] as const),
    );
    // A node whose parent is missing is left out; a fuzzy snapshot's replay brings it back.
    if (ref === 0) return;
    const ownerHi = tree.ownerHi(ref);
    const ownerLo = tree.ownerLo(ref);
    if (ephemeralTypes.isSession(ownerHi, ownerLo)) {
      ephemerals.add(ownerHi, ownerLo, ref);
    }
  }

  endSnapshot(): void {
    this.parts.quotas.reload();
  }

  applyTxn(bytes: Uint8Array, start: number, _bodyEnd: number, end: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.applier.apply(bytes, view, start, end);
    this.remember(bytes, view, start, end);
  }

  private remember(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const { history } = this.parts;
    if (history === null) return;
    const zxidHi = view.getInt32(start + TxnHeaderOffset.zxid);
    const zxidLo = view.getInt32(start + TxnHeaderOffset.zxid + 4);
    history.append(bytes, start, end, zxidHi, zxidLo);
    history.markDelivered(zxidHi, zxidLo);
  }

  treeDigest(): Halves {
    this.digest.hi = this.parts.tree.digestHi;
    this.digest.lo = this.parts.tree.digestLo;
    return this.digest;
  }

  /**
   * Removes the ephemerals of sessions that do not exist, as Apache does when it begins to serve
   * (`ZooKeeperServer.killSession` at load): no txn, the zxid stays. Returns how many.
   */
  dropOrphans(lastZxid: Zxid): number {
    const { tree, ephemerals } = this.parts;
    let dropped = 0;
    tree.beginTxn(Number(lastZxid >> 32n), Number(BigInt.asIntN(32, lastZxid)), 0, 0);
    for (const { hi, lo } of [...ephemerals.sessions()]) {
      if (this.sessions.has(hex64(joinHalves(hi, lo)))) continue;
      for (const ref of [...ephemerals.refsOf(hi, lo)]) {
        ephemerals.remove(hi, lo, ref);
        tree.remove(ref);
        dropped++;
      }
    }
    return dropped;
  }
}
