/** What txns cost the tree, digest included. */
import { Strides, type Subject } from '../subject.ts';
import { dataBytes, Forest, nodeData } from './forest.ts';

const writes = 256;

export const treeWrites: Subject = {
  name: 'tree/writer',
  prepare: ({ items }) => [setData(items), createAndDelete(items)],
};

function setData(items: number) {
  const forest = new Forest(items);
  const strides = new Strides(items);
  return {
    name: `setData on one of ${items} nodes`,
    operations: writes,
    run() {
      for (let i = 0; i < writes; i++) {
        const node = forest.find(forest.paths[strides.next()]!);
        forest.section(() => forest.writer.setData(node, nodeData, 0, dataBytes, 1));
      }
      return writes;
    },
  };
}

function createAndDelete(items: number) {
  const forest = new Forest(items);
  const strides = new Strides(items);
  return {
    name: `delete and create among ${items} nodes`,
    operations: 2 * writes,
    run() {
      for (let i = 0; i < writes; i++) {
        const place = strides.next();
        forest.section(() => forest.writer.remove(forest.find(forest.paths[place]!)));
        forest.section(() => forest.createAt(place));
      }
      return forest.find(forest.paths[strides.next()]!) === 0 ? 0 : 2 * writes;
    },
  };
}
