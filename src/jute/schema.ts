/**
 * Record schemas as values. `record({...})` lists the fields in wire order, and the type of the
 * record is inferred from it, so that `proto.ts`, `txn.ts` and `data.ts` read like Apache's
 * `zookeeper.jute`. Used at the edges and in tests; hot paths read the bytes themselves.
 */
import type { JuteReader } from './reader.ts';
import type { JuteWriter } from './writer.ts';

export interface Field<T> {
  read(reader: JuteReader): T;
  write(writer: JuteWriter, value: T): void;
}

export type ValueOf<F> = F extends Field<infer T> ? T : never;

export const int: Field<number> = {
  read: (reader) => reader.readInt(),
  write: (writer, value) => writer.writeInt(value),
};

export const long: Field<bigint> = {
  read: (reader) => reader.readLong(),
  write: (writer, value) => writer.writeLong(value),
};

export const bool: Field<boolean> = {
  read: (reader) => reader.readBool(),
  write: (writer, value) => writer.writeBool(value),
};

export const buffer: Field<Uint8Array | null> = {
  read: (reader) => reader.readBuffer(),
  write: (writer, value) => writer.writeBuffer(value),
};

export const ustring: Field<string | null> = {
  read: (reader) => reader.readString(),
  write: (writer, value) => writer.writeString(value),
};

export function vector<T>(item: Field<T>): Field<T[] | null> {
  return {
    read(reader) {
      const count = reader.readCount();
      if (count < 0) return null;
      const items: T[] = [];
      for (let i = 0; i < count; i++) items.push(item.read(reader));
      return items;
    },
    write(writer, items) {
      writer.writeInt(items === null ? -1 : items.length);
      if (items !== null) for (const value of items) item.write(writer, value);
    },
  };
}

export function record<F extends Record<string, Field<unknown>>>(
  fields: F,
): Field<{ [K in keyof F]: ValueOf<F[K]> }> {
  const entries = Object.entries(fields) as [keyof F, Field<unknown>][];
  return {
    read(reader) {
      const result: Partial<Record<keyof F, unknown>> = {};
      for (const [name, field] of entries) result[name] = field.read(reader);
      return result as { [K in keyof F]: ValueOf<F[K]> };
    },
    write(writer, value) {
      for (const [name, field] of entries) field.write(writer, value[name]);
    },
  };
}
