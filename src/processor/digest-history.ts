/** Digests of the tree at every 128th zxid, for the word `hash` (Apache `ZxidDigest`). */
import { digestHistoryEvery, digestHistoryMax } from '../base/limits.ts';
import { joinHalves } from '../base/zxid.ts';
import type { TreeView } from '../tree/tree-view.ts';

export class DigestHistory {
  private readonly entries: { zxid: bigint; digest: bigint }[] = [];

  onApplied(zxidHi: number, zxidLo: number, tree: TreeView): void {
    if ((zxidLo & (digestHistoryEvery - 1)) !== 0) return;
    const digest = joinHalves(tree.digestHi, tree.digestLo);
    this.entries.push({ zxid: joinHalves(zxidHi, zxidLo), digest });
    if (this.entries.length > digestHistoryMax) this.entries.shift();
  }

  clear(): void {
    this.entries.length = 0;
  }

  /** Oldest first: the zxid in hex, the digest as a signed decimal, as the word prints them. */
  list(): { zxid: string; digest: string }[] {
    return this.entries.map(({ zxid, digest }) => ({
      zxid: BigInt.asUintN(64, zxid).toString(16),
      digest: digest.toString(),
    }));
  }
}
