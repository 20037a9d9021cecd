/**
 * The file that one recording client writes: an 8-byte magic, then records in the order in which
 * they became known, each behind an int32 that tells its kind. Requests and replies are kept as
 * the bytes that went over the wire, so that a recorder needs to understand neither.
 */
import { JuteError } from '../jute/jute-error.ts';
import { JuteReader } from '../jute/reader.ts';
import { buffer, type Field, int, long, record, ustring, type ValueOf } from '../jute/schema.ts';
import { JuteWriter } from '../jute/writer.ts';

/** `RKHIST01`. */
export const historyMagic = 0x524b_4849_5354_3031n;

export const HistoryKind = { connection: 1, operation: 2, notification: 3 } as const;

/** Shares the memory of the file; a million copies would be a burden for the collector. */
const view: Field<Uint8Array | null> = {
  read(reader) {
    const length = reader.readLength();
    if (length < 0) return null;
    const start = reader.skip(length);
    return reader.bytes.subarray(start, start + length);
  },
  write: buffer.write,
};

/** A handshake that a server accepted. Connections of a client are numbered from 1. */
export const connectionRecord = record({
  atNs: long,
  connection: int,
  session: long,
  timeoutMs: int,
  lastZxidSeen: long,
});
export type ConnectionRecord = ValueOf<typeof connectionRecord>;

/**
 * A request and what came of it. Times are CLOCK_MONOTONIC in ns; `answeredNs` is -1 when the
 * connection was lost first, and `zxid`, `err`, `position` and `reply` mean nothing then. `request` and
 * `reply` are the bodies behind their headers; `position` is the place of the reply among all that
 * its connection received.
 */
export const operationRecord = record({
  invokedNs: long,
  answeredNs: long,
  session: long,
  connection: int,
  xid: int,
  type: int,
  request: view,
  zxid: long,
  err: int,
  position: int,
  reply: view,
});
export type OperationRecord = ValueOf<typeof operationRecord>;

/** The event of a watch. `zxid` is -1 when the server does not tell it. */
export const notificationRecord = record({
  session: long,
  connection: int,
  position: int,
  zxid: long,
  type: int,
  path: ustring,
});
export type NotificationRecord = ValueOf<typeof notificationRecord>;

export interface ClientHistory {
  /** Name of the file without its ending. */
  readonly client: string;
  readonly connections: ConnectionRecord[];
  readonly operations: OperationRecord[];
  readonly notifications: NotificationRecord[];
}

export function encodeHistory(history: Omit<ClientHistory, 'client'>): Uint8Array {
  const writer = new JuteWriter(64 * 1024);
  writer.writeLong(historyMagic);
  const all = <T>(kind: number, field: Field<T>, values: readonly T[]) => {
    for (const value of values) {
      writer.writeInt(kind);
      field.write(writer, value);
    }
  };
  all(HistoryKind.connection, connectionRecord, history.connections);
  all(HistoryKind.operation, operationRecord, history.operations);
  all(HistoryKind.notification, notificationRecord, history.notifications);
  return writer.finish();
}

/** Throws `JuteError` for anything but a whole history. */
export function decodeHistory(client: string, bytes: Uint8Array): ClientHistory {
  const reader = new JuteReader(bytes);
  if (reader.readLong() !== historyMagic) throw new JuteError('not a history');
  const history: ClientHistory = { client, connections: [], operations: [], notifications: [] };
  while (reader.remaining() > 0) {
    const kind = reader.readInt();
    switch (kind) {
      case HistoryKind.connection:
        history.connections.push(connectionRecord.read(reader));
        break;
      case HistoryKind.operation:
        history.operations.push(operationRecord.read(reader));
        break;
      case HistoryKind.notification:
        history.notifications.push(notificationRecord.read(reader));
        break;
      default:
        throw new JuteError(`no record has the kind ${kind}`);
    }
  }
  return history;
}
