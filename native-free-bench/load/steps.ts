/**
 * A load whose unit is more than a request: clients that carry out steps of several requests, one
 * after the other, each client for itself. Latency is that of whole steps.
 */
import { mergeParts } from './merge.ts';
import { after, MeasuredPart } from './part.ts';
import { LoadRecord } from './record.ts';
import type { LoadResult } from './workload.ts';

export interface StepsSpec {
  readonly clients: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Ends after so many steps in all instead of after a time. */
  readonly steps?: number;
  readonly serverPids?: readonly number[];
  /** Throws when an answer was wrong, which ends the load. */
  readonly step: (client: number) => Promise<void>;
}

/** Rejects with the first error of a step. */
export async function runSteps(spec: StepsSpec): Promise<LoadResult> {
  const record = new LoadRecord(spec.serverPids);
  let left = spec.steps ?? Number.POSITIVE_INFINITY;
  const client = async (index: number): Promise<void> => {
    while (left-- > 0) {
      const startMs = performance.now();
      await spec.step(index);
      record.onReply(0, startMs, performance.now());
    }
  };
  const begin = () => new MeasuredPart(record, spec.serverPids);
  const early = spec.steps === undefined ? null : begin();
  const clients = Promise.all(Array.from({ length: spec.clients }, (_, i) => client(i)));
  if (early === null) await Promise.race([clients, after(spec.warmupSeconds)]);
  const measured = early ?? begin();
  await (early === null ? Promise.race([clients, after(spec.seconds)]) : clients);
  const part = measured.end();
  left = 0;
  await clients;
  return { ...mergeParts({ connections: spec.clients, depth: 1 }, [part]), perOperation: [] };
}
