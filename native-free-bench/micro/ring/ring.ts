/** Records over a ring on one thread: what an agent pays, without the wake-ups between threads. */
import { createBell } from '../../../src/ring/bell.ts';
import { createRing } from '../../../src/ring/ring.ts';
import { RingReceiver } from '../../../src/ring/ring-receiver.ts';
import { RingSender } from '../../../src/ring/ring-sender.ts';
import type { Subject } from '../subject.ts';

const records = 256;
const recordBytes = 160;
const ringBytes = 1 << 20;
const type = 1;

export const ring: Subject = {
  name: 'ring',
  prepare: () => {
    const memory = createRing(ringBytes, createBell(), createBell());
    const sender = new RingSender(memory);
    const receiver = new RingReceiver(memory);
    const payload = new Uint8Array(recordBytes).fill(3);
    let sum = 0;
    const take = (_type: number, offset: number, length: number): boolean => {
      sum += length + receiver.bytes[offset]!;
      return true;
    };
    return [
      {
        name: `${records} records of ${recordBytes} B, one publish`,
        operations: records,
        run() {
          sum = 0;
          for (let i = 0; i < records; i++) {
            const at = sender.claim(type, recordBytes);
            sender.bytes.set(payload, at);
          }
          sender.publish();
          receiver.drain(take, records);
          return sum;
        },
        reference() {
          const queue: Uint8Array[] = [];
          for (let i = 0; i < records; i++) queue.push(payload.slice());
          let bytes = 0;
          for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
            bytes += next.byteLength + next[0]!;
          }
          return bytes;
        },
      },
    ];
  },
};
