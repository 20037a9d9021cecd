/** What the tests of this folder share: ACLs as bytes, and a scheme table with real hashes. */
import { createHash } from 'node:crypto';
import { type AuthSettings, createSchemeTable, type SchemeTable } from '../../src/auth/schemes.ts';
import { type Acl, aclVector } from '../../src/jute/data.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { JuteWriter } from '../../src/jute/writer.ts';

export const sha1 = (text: string): string => createHash('sha1').update(text).digest('base64');

export const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=';

export const settings: AuthSettings = {
  skipAcl: false,
  digest: { hash: sha1, superDigest },
  sasl: null,
  x509: null,
  ensemble: null,
};

export function table(changes: Partial<AuthSettings> = {}): SchemeTable {
  return createSchemeTable({ ...settings, ...changes });
}

/** `[perms, scheme, id]` each. */
export type Entry = readonly [number, string | null, string | null];

export function aclBytes(...entries: Entry[]): Uint8Array {
  const writer = new JuteWriter();
  const list: Acl[] = entries.map(([perms, scheme, id]) => ({ perms, id: { scheme, id } }));
  aclVector.write(writer, list);
  return writer.finish().slice();
}

export function entriesOf(bytes: Uint8Array): Entry[] | null {
  const list = aclVector.read(new JuteReader(bytes));
  return list?.map(({ perms, id }) => [perms, id.scheme, id.id] as const) ?? null;
}
