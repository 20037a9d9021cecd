/** The hashing port on node:crypto, for the digest scheme. */
import { createHash, getHashes } from 'node:crypto';

/**
 * Base64 of the hash of a text's UTF-8 bytes; `algorithm` is a Java name: `SHA1`, `SHA-256`,
 * `SHA-512/256`. Throws at once when there is no such hash: a client would meet it otherwise.
 */
export function nodeHash(algorithm: string): (text: string) => string {
  const name = algorithm.toLowerCase();
  const digest = (name.startsWith('sha3-') ? name : name.replace('-', '')).replace('/', '-');
  if (!getHashes().includes(digest)) {
    throw new RangeError(
      `DigestAuthenticationProvider.digestAlg=${algorithm} is no hash that this Node.js knows`,
    );
  }
  return (text) => createHash(digest).update(text, 'utf8').digest('base64');
}
