/** Bytes that are not what the format demands. Costs one request or one connection, no more. */
export class JuteError extends Error {
  override readonly name = 'JuteError';
}
