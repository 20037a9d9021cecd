/**
 * Ports for servers of tests and benches. They lie below 32768, out of the range from which the
 * kernel takes ports for outgoing connections, so that a port that is free now is not lost to a
 * client a moment later.
 */
import { createServer } from 'node:net';

const portMin = 15_000;
const portMax = 32_000;
const taken = new Set<number>();

/** A port on which nobody listens and which this process was not given before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    if (taken.has(port)) continue;
    if (!(await canListen(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error(`no free port between ${portMin} and ${portMax}`);
}

export function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
