/** The walk of a snapshot through the tree, and the checksum of what it finds. */
import { crc32 } from '../../../src/tree/digest.ts';
import { TreeWalker, WalkStep } from '../../../src/tree/tree-walker.ts';
import type { Subject } from '../subject.ts';
import { Forest } from './forest.ts';

const textBytes = 4096;

export const treeWalk: Subject = {
  name: 'tree/walker',
  prepare: ({ items }) => {
    const forest = new Forest(items);
    return [
      {
        name: `each of ${items} nodes`,
        operations: items,
        run() {
          const walker = new TreeWalker(forest.memory);
          let nodes = 0;
          while (walker.step() === WalkStep.node) nodes++;
          walker.close();
          return nodes;
        },
      },
    ];
  },
};

export const crc: Subject = {
  name: 'tree/digest',
  prepare: () => {
    const text = Uint8Array.from({ length: textBytes }, (_, i) => i * 7);
    return [
      {
        name: `crc32, bytes in pieces of ${textBytes}`,
        operations: textBytes,
        run: () => crc32(text) >>> 0,
        reference() {
          let crcNow = -1;
          for (const byte of text) {
            crcNow ^= byte;
            for (let bit = 0; bit < 8; bit++) {
              crcNow = (crcNow >>> 1) ^ (crcNow & 1 ? 0xedb88320 : 0);
            }
          }
          return ~crcNow >>> 0;
        },
      },
    ];
  },
};
