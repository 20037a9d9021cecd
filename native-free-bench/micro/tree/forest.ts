/** A tree to measure on: nodes of 100 B below 64 parents, and a hand to write in it. */
import { aclIdOpen } from '../../../src/tree/acl-table.ts';
import { createTreeMemory, type TreeMemory } from '../../../src/tree/tree-memory.ts';
import { TreeWriter } from '../../../src/tree/tree-writer.ts';
import { benchPaths, parentCount, parentOf } from '../subject.ts';

export const dataBytes = 100;
export const nodeData = new Uint8Array(dataBytes).fill(0x61);

const bytesMax = 1 << 30;

export class Forest {
  readonly memory: TreeMemory = createTreeMemory({ bytesMax, hashSeed: 4711 });
  readonly writer = new TreeWriter(this.memory);
  readonly paths: Uint8Array[];
  private readonly parents: number[] = [];
  private zxid = 0;

  constructor(nodes: number) {
    this.paths = benchPaths(nodes);
    this.writer.createSystemNodes();
    const root = this.find(Buffer.from('/'));
    const bench = this.section(() => this.create(root, Buffer.from('/bench')));
    for (let i = 0; i < parentCount; i++) {
      this.parents.push(this.section(() => this.create(bench, Buffer.from(parentOf(i)))));
    }
    for (let i = 0; i < nodes; i++) this.section(() => this.createAt(i));
  }

  find(path: Uint8Array): number {
    return this.writer.find(path, 0, path.byteLength);
  }

  createAt(i: number): number {
    return this.create(this.parents[i % parentCount]!, this.paths[i]!);
  }

  /** Everything inside is one txn. */
  section<T>(body: () => T): T {
    this.zxid++;
    this.writer.openSection();
    this.writer.beginTxn(0, this.zxid, 0, this.zxid);
    const result = body();
    this.writer.closeSection(0, this.zxid);
    return result;
  }

  private create(parent: number, path: Uint8Array): number {
    const node = this.writer.create(
      ...([parent, path, 0, path.byteLength, nodeData, 0, dataBytes, aclIdOpen, 0, 0] as const),
    );
    this.writer.raiseParent(parent, -1);
    return node;
  }
}
