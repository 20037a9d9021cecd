/**
 * The other thread of the stress test: answers each record with its twin, through a ring that is
 * as small, until it has seen all of them. Bundled by the test, so that it can be a worker.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Bell } from '../../src/ring/bell.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { NodeClock } from '../../src/thread/node-clock.ts';
import { WorkerLoop } from '../../src/thread/worker-loop.ts';
import { type StressData, StressReceiving, StressSending } from './stress-agents.ts';

const { there, back, records, seed } = workerData as StressData;
const sending = new StressSending(new RingSender(back), records, seed + 1);
const receiving = new StressReceiving(new RingReceiver(there), records, seed);
const loop: WorkerLoop = new WorkerLoop({
  agents: [
    receiving,
    sending,
    {
      name: 'end',
      start() {},
      stop() {},
      dutyCycle() {
        if (sending.isDone() && receiving.isDone()) loop.stop();
        return 0;
      },
    },
  ],
  bell: new Bell(there.receiverBell),
  clock: new NodeClock(),
  onFailure: (error) => {
    throw error;
  },
});
loop.run();
parentPort!.postMessage({ sent: sending.digest, received: receiving.digest });
