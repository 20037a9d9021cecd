/**
 * Who a connection is: the list of identities that authentication has given it. The list never
 * changes in place; adding to it makes a new one, since every request keeps the list that was
 * true when it arrived. Knows nothing of what a scheme means.
 */
import { type Id, id as idRecord } from '../jute/data.ts';
import type { JuteReader } from '../jute/reader.ts';
import { vector } from '../jute/schema.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import { JuteWriter } from '../jute/writer.ts';

export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

/** An identity with its texts as UTF-8, so that an ACL is compared without decoding it. */
export interface EncodedIdentity extends Identity {
  readonly schemeBytes: Uint8Array;
  readonly idBytes: Uint8Array;
}

const idVector = vector(idRecord);

/** Scheme of the pseudo identity that passes every check. It is never valid in an ACL. */
export const superScheme = 'super';

export class Identities {
  static readonly none: Identities = new Identities([]);

  readonly list: readonly EncodedIdentity[];
  /** Precomputed: one of the identities is of scheme `super`. */
  readonly isSuper: boolean;
  private encodedList: Uint8Array | null = null;

  private constructor(list: readonly EncodedIdentity[]) {
    this.list = list;
    this.isSuper = list.some((identity) => identity.scheme === superScheme);
  }

  /** The same list as jute `vec<Id>`, to travel in a ring record. Never write to it. */
  get encoded(): Uint8Array {
    this.encodedList ??= encodeList(this.list);
    return this.encodedList;
  }

  /** Keeps the first of equal identities. */
  static of(list: readonly Identity[]): Identities {
    let result = Identities.none;
    for (const identity of list) result = result.with(identity);
    return result;
  }

  /** The list with `identity` at its end; the same object when it was there already. */
  with(identity: Identity): Identities {
    const { scheme, id } = identity;
    if (this.has(scheme, id)) return this;
    const encoded = { scheme, id, schemeBytes: encodeUtf8(scheme), idBytes: encodeUtf8(id) };
    return new Identities([...this.list, encoded]);
  }

  has(scheme: string, id: string): boolean {
    return this.list.some((identity) => identity.scheme === scheme && identity.id === id);
  }

  hasScheme(scheme: string): boolean {
    return this.list.some((identity) => identity.scheme === scheme);
  }
}

/** Reads what `encoded` holds. Throws `JuteError` when the bytes are no `vec<Id>`. */
export function decodeIdentities(reader: JuteReader): Identities {
  const list = idVector.read(reader) ?? [];
  return Identities.of(list.map(({ scheme, id }) => ({ scheme: scheme ?? '', id: id ?? '' })));
}

function encodeList(list: readonly Id[]): Uint8Array {
  const writer = new JuteWriter(64);
  idVector.write(writer, [...list]);
  return writer.finish().slice();
}
