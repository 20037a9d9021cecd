/**
 * Entry of the thread of a further front. Unlike other workers it has sockets, so it runs the loop
 * of the main thread. A failure is thrown, reaches the main thread as this worker's 'error' event,
 * and ends the process there. The thread ends by itself when it was told to close and its last
 * connection is gone.
 */
import type { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { ClientListener } from '../net/client-listener.ts';
import { duplicateListening } from '../net/duplicate-listening.ts';
import { Bell } from '../ring/bell.ts';
import { assembleFront } from './assemble-front.ts';
import { listenerOptions } from './client-port.ts';
import { MainLoop } from './main-loop.ts';
import { nodePorts } from './node-ports.ts';
import { threadOfFront } from './placement.ts';
import type { WorkerStart } from './worker.ts';

export interface FrontWorkerStart extends Omit<WorkerStart, 'thread'> {
  /** Index of the front. */
  readonly front: number;
  /** The client port and the descriptor that listens there, of the main thread. */
  readonly port: number;
  readonly descriptor: number;
}

/** What the main thread says to a further front. */
export type FrontCommand = 'pause' | 'resume' | 'stopListening' | 'close';

const start = workerData as FrontWorkerStart;
const { shared, settings, front: index, port } = start;
const ports = nodePorts(settings, `front ${index}`);
const onFailure = (error: unknown): never => {
  throw error;
};

const front = assembleFront({
  ...{ ...start, index, ports, onFailure },
  clientPort: () => port,
  wake: () => loop.wake(),
  onSnapshotDue: () => {},
});
const loop: MainLoop = new MainLoop({
  agents: [front],
  bell: new Bell(shared.bells[threadOfFront(shared.placement, index)]!),
  clock: ports.clock,
  onFailure,
});
const accept = (socket: Socket) => front.clients.accept(socket);
const listener = new ClientListener(listenerOptions(settings, ports.logger, accept));

const commands: Record<FrontCommand, () => void> = {
  pause: () => {
    front.clients.isPaused = true;
    loop.pause();
  },
  resume: () => {
    front.clients.isPaused = false;
    front.clients.resumeStalled();
    loop.resume();
  },
  stopListening: () => listener.close(),
  close: () => {
    listener.close();
    loop.close();
    parentPort?.close();
  },
};

parentPort?.on('message', (command: FrontCommand) => commands[command]());
loop.start();
await listener.listenOn(await duplicateListening(start.descriptor));
parentPort?.postMessage('listening');
