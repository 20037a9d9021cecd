/** This server cannot listen on its election port: it ends (Apache exit code 14). */
export class ElectionPortError extends Error {
  override readonly name = 'ElectionPortError';

  constructor(reason: string, tries: number) {
    super(`the election port could not be listened on, tried ${tries} times: ${reason}`);
  }
}
