/** The ACL lists of the tree (signatures; the implementation follows). */

/** world:anyone with all permissions: never stored, always known (Apache `OPEN_UNSAFE_ACL_ID`). */
export const aclIdOpen = -1;

/** A range of bytes; the object is reused by the next call that returns it. */
export interface AclBytes {
  bytes: Uint8Array;
  start: number;
  end: number;
}

export abstract class AclTableView {
  /** Jute `vector<ACL>` of a list: valid until the next call; null for an unknown id. */
  abstract bytesOf(id: number): AclBytes | null;
  /** Bytes of the list, -1 when the id is unknown. */
  abstract length(id: number): number;
  /** Copies the list to `out[at..]` and returns the bytes written. */
  abstract writeTo(id: number, out: Uint8Array, at: number): number;
  abstract isReadableByAnyone(id: number): boolean;
}

export abstract class AclTable extends AclTableView {
  /**
   * Id of an equal list, or a new one. Does not count as a use: `create`, `load`, `setAcl` and
   * `remove` of the writer count uses; a list is forgotten when its last use ends.
   */
  abstract intern(bytes: Uint8Array, start: number, end: number): number;
  /** Defines the list of an id that a snapshot names; replaces an unresolved one. */
  abstract addAt(id: number, bytes: Uint8Array, start: number, end: number): void;
  abstract addUse(id: number): void;
  abstract removeUse(id: number): void;
}
