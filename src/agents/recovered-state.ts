/**
 * The state that recovery fills: the shared tree through its writer, and what lives beside it.
 * The tree's section stays open all the while, so that no reader sees a half-loaded tree.
 */
import { hex64, joinHalves, type Zxid } from '../base/zxid.ts';
import { isSessionOwner, TxnApplier } from '../state/apply-txn.ts';
import { Ephemerals } from '../state/ephemerals.ts';
import type { Halves, RecoverySink } from '../storage/recovery-sink.ts';
import { Quotas } from '../tree/quota.ts';
import type { TreeWriter } from '../tree/tree-writer.ts';

interface Session {
  readonly idHi: number;
  readonly idLo: number;
  readonly timeoutMs: number;
}

export class RecoveredState implements RecoverySink {
  readonly tree: TreeWriter;
  readonly ephemerals = new Ephemerals();
  readonly quotas: Quotas;
  /** By session id in hex. */
  readonly sessions = new Map<string, Session>();
  private readonly applier: TxnApplier;
  private readonly extendedTypesEnabled: boolean;
  private readonly digest = { hi: 0, lo: 0 };

  /** Empties the tree: nothing of an earlier candidate stays. */
  constructor(tree: TreeWriter, extendedTypesEnabled: boolean, warn: (message: string) => void) {
    tree.clear();
    tree.openSection();
    this.tree = tree;
    this.quotas = new Quotas(tree, warn);
    this.extendedTypesEnabled = extendedTypesEnabled;
    this.applier = new TxnApplier({
      tree,
      ephemerals: this.ephemerals,
      quotas: this.quotas,
      extendedTypesEnabled,
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

  beginSnapshot(): void {}

  session(idHi: number, idLo: number, timeoutMs: number): void {
    this.sessions.set(hex64(joinHalves(idHi, idLo)), { idHi, idLo, timeoutMs });
  }

  acl(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.tree.acls.addAt(id, bytes, start, end);
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
    const { tree } = this;
    const data = dataLength < 0 ? null : bytes;
    const ref = tree.load(
      ...([bytes, pathStart, pathEnd, data, dataStart, dataLength] as const),
      ...([aclId, bytes, statStart] as const),
    );
    // A node whose parent is missing is left out; a fuzzy snapshot's replay brings it back.
    if (ref === 0) return;
    const ownerHi = tree.ownerHi(ref);
    const ownerLo = tree.ownerLo(ref);
    if (isSessionOwner(ownerHi, ownerLo, this.extendedTypesEnabled)) {
      this.ephemerals.add(ownerHi, ownerLo, ref);
    }
  }

  endSnapshot(): void {
    this.quotas.reload();
  }

  applyTxn(bytes: Uint8Array, start: number, _bodyEnd: number, end: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.applier.apply(bytes, view, start, end);
  }

  treeDigest(): Halves {
    this.digest.hi = this.tree.digestHi;
    this.digest.lo = this.tree.digestLo;
    return this.digest;
  }

  /**
   * Removes the ephemerals of sessions that do not exist, as Apache does when it begins to serve
   * (`ZooKeeperServer.killSession` at load): no txn, the zxid stays. Returns how many.
   */
  dropOrphans(lastZxid: Zxid): number {
    const { tree, ephemerals } = this;
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
