/** Names of the nodes that loads use. All lie below one node, so that they are easy to remove. */

export const benchRoot = '/bench';
/** Of each name of a child that `getChildren` lists. */
export const childNameBytes = 8;

/** Keys of different sizes can be there at the same time. */
export function keyParent(dataBytes: number): string {
  return `${benchRoot}/keys${dataBytes}`;
}

export function keyPath(dataBytes: number, index: number): string {
  return `${keyParent(dataBytes)}/k${String(index).padStart(8, '0')}`;
}

export function childrenParent(count: number): string {
  return `${benchRoot}/children${count}`;
}

export function childName(index: number): string {
  return `n${String(index).padStart(childNameBytes - 1, '0')}`;
}

/** The parent under which a connection of a run creates its nodes. */
export function createParent(run: string, connection: number): string {
  return `${benchRoot}/${run}-${connection}`;
}
