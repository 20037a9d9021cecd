/** The hashing port on node:crypto, for the digest scheme. */
import { createHash } from 'node:crypto';

/** Base64 of the hash of a text's UTF-8 bytes; `algorithm` is a Java name: `SHA1`, `SHA-256`. */
export function nodeHash(algorithm: string): (text: string) => string {
  const name = algorithm.toLowerCase();
  const digest = name.startsWith('sha3-') ? name : name.replace('-', '');
  return (text) => createHash(digest).update(text, 'utf8').digest('base64');
}
