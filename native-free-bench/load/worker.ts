/**
 * A process in which a load, or a part of it, runs, apart from whoever measures and from the
 * server: it opens its sessions, says so, and sends when it is told that all others have theirs.
 */
import { LoadRun, type PartOf } from './driver.ts';
import { type EncodedPart, encodePart } from './merge.ts';
import type { LoadSpec } from './workload.ts';

export type ToWorker =
  | { readonly kind: 'open'; readonly spec: LoadSpec; readonly part: PartOf }
  | { readonly kind: 'go' };
export type FromWorker =
  | { readonly kind: 'opened' }
  | { readonly kind: 'done'; readonly part: EncodedPart }
  | { readonly kind: 'failed'; readonly reason: string };

let load: LoadRun | null = null;

process.on('message', (message: ToWorker) => {
  carryOut(message).catch((error: Error) => {
    send({ kind: 'failed', reason: error.message });
    process.disconnect();
  });
});

async function carryOut(message: ToWorker): Promise<void> {
  if (message.kind === 'open') {
    load = new LoadRun(message.spec, message.part);
    await load.open();
    send({ kind: 'opened' });
  } else {
    send({ kind: 'done', part: encodePart(await load!.run()) });
    process.disconnect();
  }
}

function send(message: FromWorker): void {
  process.send?.(message);
}
