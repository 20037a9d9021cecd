/** The client connections that have, or are about to have, a session here. */
import type { Connection } from './connection.ts';

export class Connections {
  private readonly byId = new Map<number, Connection>();
  private readonly bySlot = new Map<number, Connection>();

  get count(): number {
    return this.byId.size;
  }

  values(): IterableIterator<Connection> {
    return this.byId.values();
  }

  get(cnxnId: number): Connection | undefined {
    return this.byId.get(cnxnId);
  }

  /** The connection that has the session in this slot. */
  ofSlot(slot: number): Connection | undefined {
    return this.bySlot.get(slot);
  }

  add(connection: Connection): void {
    this.byId.set(connection.cnxnId, connection);
  }

  /** The session in `slot` is this connection's from now on. */
  attach(connection: Connection, slot: number): void {
    connection.slot = slot;
    this.bySlot.set(slot, connection);
  }

  remove(connection: Connection): void {
    this.byId.delete(connection.cnxnId);
    if (this.bySlot.get(connection.slot) === connection) this.bySlot.delete(connection.slot);
  }
}
