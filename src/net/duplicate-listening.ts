/**
 * A second descriptor of a listening socket, so that two threads can accept from one queue and each
 * closes what is its own. Threads share their numbers of descriptors: if both used the same one, the
 * second to close it would close whatever had got that number meanwhile. Node has no dup(2), but a
 * descriptor that is sent to another process and back is a new one. So a process of a few lines
 * inherits the socket, sends it back, and ends: about 0.1 s, once for each further front.
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** What `net.Server.listen` takes; to be given to it exactly once. */
export type ListeningHandle = Socket;

const inheritedAt = 4;
const script = `process.send(0, new (require('net').Socket)({ fd: ${inheritedAt}, readable: false }))`;

/** Rejects when the process cannot be started, or ends without having sent the socket. */
export function duplicateListening(descriptor: number): Promise<ListeningHandle> {
  return new Promise((resolve, reject) => {
    if (descriptor < 0) throw new Error('this system has no descriptors of sockets');
    const sender = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc', descriptor],
      env: {},
    });
    sender.once('message', (_, handle) => {
      resolve(handle as ListeningHandle);
      sender.disconnect();
    });
    sender.once('error', reject);
    sender.once('exit', (code) =>
      reject(new Error(`the listening socket did not come back (exit code ${code})`)),
    );
  });
}
