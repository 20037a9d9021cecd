/**
 * Recognises clients that speak the wrong protocol on the client port, by their first four bytes,
 * so that a browser or a TLS client learns what is wrong instead of being dropped in silence. Asked
 * only for bytes that are neither a word nor a length that is allowed. Pure.
 */

export type Hello = 'http' | 'tls' | 'unknown';

/** First four bytes of a request line, or of the preface of HTTP/2. */
const httpBeginnings = new Set(
  ['GET ', 'HEAD', 'POST', 'PUT ', 'DELE', 'CONN', 'OPTI', 'TRAC', 'PATC', 'PRI '].map((text) =>
    [...text].reduce((code, char) => (code << 8) | char.charCodeAt(0), 0),
  ),
);

/** `code` is the first four bytes as a big-endian int32. */
export function detectHello(code: number): Hello {
  if (httpBeginnings.has(code | 0)) return 'http';
  // A TLS record of type handshake (22), major version 3, minor version 0 to 4.
  const isTls = code >>> 16 === 0x1603 && ((code >>> 8) & 0xff) <= 4;
  return isTls ? 'tls' : 'unknown';
}

export interface HelloPlace {
  readonly clientPort: number;
  /** Where the admin server answers HTTP, null when there is none. */
  readonly adminPort: number | null;
}

/** The whole HTTP answer, after which the connection is closed. */
export function httpHelloText({ clientPort, adminPort }: HelloPlace): string {
  const admin =
    adminPort === null
      ? 'This server answers no HTTP requests.'
      : `HTTP requests are answered on port ${adminPort}, under /commands.`;
  const body = [
    `Port ${clientPort} is a ZooKeeper client port: it does not speak HTTP.`,
    `ZooKeeper clients connect with the connection string <host>:${clientPort}.`,
    admin,
    '',
  ].join('\n');
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** The record with which TLS clients are refused: a fatal alert, handshake_failure (RFC 8446, 6). */
export const tlsRefusal: Uint8Array = Uint8Array.of(0x15, 3, 1, 0, 2, 2, 40);

/** A sentence for the log when a TLS client was refused. */
export function tlsHelloMessage({ clientPort }: HelloPlace): string {
  return `a client speaks TLS on port ${clientPort}, which is a plain client port: closing it`;
}
