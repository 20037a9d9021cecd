/** What a getData costs the tree: to find the node by its path, and to copy data and Stat. */
import { TreeView } from '../../../src/tree/tree-view.ts';
import { Strides, type Subject } from '../subject.ts';
import { dataBytes, Forest, nodeData } from './forest.ts';

const reads = 1024;
const statBytes = 68;
const answerBytes = 4 + dataBytes + statBytes;

export const treeReads: Subject = {
  name: 'tree/view',
  prepare: ({ items }) => {
    const forest = new Forest(items);
    const view = new TreeView(forest.memory);
    const answer = new Uint8Array(answerBytes);
    const [own, obvious] = [new Strides(items), new Strides(items)];
    const map = new Map(forest.paths.map((path) => [path.toString(), nodeData]));
    return [
      {
        name: `getData of one of ${items} nodes`,
        operations: reads,
        run() {
          let sum = 0;
          for (let i = 0; i < reads; i++) {
            const path = forest.paths[own.next()]!;
            const seq = view.beginRead();
            const node = view.find(path, 0, path.byteLength);
            view.writeDataAndStat(node, answer, 0);
            if (view.endRead(seq)) sum += answer[4]!;
          }
          return sum;
        },
        reference() {
          let sum = 0;
          for (let i = 0; i < reads; i++) {
            const path = (forest.paths[obvious.next()] as Buffer).toString();
            answer.set(map.get(path)!, 4);
            sum += answer[4]!;
          }
          return sum;
        },
      },
    ];
  },
};
