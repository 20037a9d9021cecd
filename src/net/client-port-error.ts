/** Why clients cannot be served where the configuration says, and what to do about it. */
const noSuchAddress = 'this machine has no such address: see clientPortAddress or --host';
const advices: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there: stop it, or choose another clientPort or --port',
  EACCES: 'this user may not listen there: choose a clientPort or --port above 1023',
  EADDRNOTAVAIL: noSuchAddress,
  ENOTFOUND: noSuchAddress,
};

/** `code` is the system's. */
export class ClientPortError extends Error {
  override readonly name = 'ClientPortError';
  readonly code: string | undefined;

  constructor(host: string | undefined, port: number, cause: NodeJS.ErrnoException) {
    const { code = cause.message } = cause;
    const advice = advices[code] ?? 'see clientPort and clientPortAddress';
    super(`cannot listen for clients on ${host ?? '*'}:${port} (${code}): ${advice}`, { cause });
    this.code = cause.code;
  }
}
