/**
 * One load in this process, or this process's part of it: opens the connections, keeps them busy
 * through warm-up and measured part, and closes them.
 */
import { LoadConnection } from './connection.ts';
import { frameBuilder, slotsFor } from './frames.ts';
import { forEachLimited, openingMax } from './limited.ts';
import { mergeParts } from './merge.ts';
import { Metronome } from './metronome.ts';
import { createParent } from './nodes.ts';
import { ClosedLoop, OpenLoop } from './pace.ts';
import { after, type LoadPart, MeasuredPart } from './part.ts';
import { prepareNodes } from './prepare.ts';
import { LoadRecord } from './record.ts';
import type { LoadResult, LoadSpec } from './workload.ts';

const drainSecondsMax = 10;

const keepAliveEveryMs = 2000;

/** Which part of a load this process runs; they take connections in turn. */
export interface PartOf {
  readonly run: string;
  readonly process: number;
  readonly processes: number;
}

/** Runs `spec` to its end in this process; rejects only when a session cannot be opened. */
export async function runLoad(spec: LoadSpec): Promise<LoadResult> {
  const run = await prepareNodes(spec);
  const load = new LoadRun(spec, { run, process: 0, processes: 1 });
  await load.open();
  return mergeParts(spec, [await load.run()]);
}

export class LoadRun {
  private readonly spec: LoadSpec;
  /** Numbers of this process's connections among all of the load. */
  private readonly numbers: readonly number[];
  private readonly pace: ClosedLoop | OpenLoop;
  /** The first process alone looks at them. */
  private readonly serverPids: readonly number[] | undefined;
  private readonly record: LoadRecord;
  private readonly connections: readonly LoadConnection[];
  private readonly drained: Promise<void>;
  private idleLeft: number;
  private setDrained!: () => void;

  constructor(spec: LoadSpec, part: PartOf) {
    this.spec = spec;
    this.numbers = numbersOf(spec.connections, part);
    this.pace = paceOf(spec, part, this.numbers.length);
    this.serverPids = part.process === 0 ? spec.serverPids : undefined;
    this.record = new LoadRecord(this.serverPids);
    this.connections = this.makeConnections(part.run);
    this.idleLeft = this.connections.length;
    this.drained = new Promise((resolve) => {
      this.setDrained = resolve;
    });
  }

  /** Opens all sessions. */
  async open(): Promise<void> {
    await forEachLimited(this.connections.length, openingMax, (index) => this.openOne(index));
  }

  private async openOne(index: number): Promise<void> {
    const { servers, connections } = this.spec;
    const number = this.numbers[index]!;
    try {
      await this.connections[index]!.open(servers[number % servers.length]!);
    } catch (error) {
      const reason = (error as Error).message;
      throw new Error(
        `session ${number + 1} of ${connections} could not be opened: ${reason}; a server that ` +
          'limits the connections of a client (maxClientCnxns, 60 by default) refuses more',
      );
    }
  }

  /** Warm-up, measured part, and the end of all sessions. */
  async run(): Promise<LoadPart> {
    const metronome = this.startSending();
    const pinging = setInterval(() => this.keepAlive(), keepAliveEveryMs).unref();
    if (this.spec.requests === undefined) await after(this.spec.warmupSeconds);
    const measured = new MeasuredPart(this.record, this.serverPids);
    await (this.spec.requests === undefined ? after(this.spec.seconds) : this.drained);
    const part = measured.end();
    await metronome?.stop();
    clearInterval(pinging);
    await this.close();
    // Errors count to the very end.
    return { ...part, errors: this.record.errors, firstError: this.record.firstError };
  }

  private makeConnections(run: string): LoadConnection[] {
    const { spec, pace, record, numbers } = this;
    const build = frameBuilder(spec, slotsFor(spec, numbers.length));
    const onIdle = () => this.onIdle();
    return numbers.map((number, index) => {
      const frames = build(number, createParent(run, number));
      return new LoadConnection({ index, frames, depth: spec.depth, pace, record, onIdle });
    });
  }

  private startSending(): Metronome | null {
    const { pace, connections, record } = this;
    if (!(pace instanceof OpenLoop)) {
      for (const connection of connections) connection.pump(performance.now());
      return null;
    }
    return new Metronome((tick, dueMs) => {
      const nowMs = performance.now();
      const from = pace.due;
      pace.advance(tick, dueMs);
      if (pace.due > from) record.onLate(nowMs - dueMs);
      // Those that have sent all they ever will must notice it.
      const to = pace.hasEnded ? Infinity : pace.due;
      const end = Math.min(to, from + connections.length);
      for (let i = from; i < end; i++) connections[i % connections.length]!.pump(nowMs);
    });
  }

  private keepAlive(): void {
    const nowMs = performance.now();
    for (const connection of this.connections) connection.keepAlive(nowMs);
  }

  private async close(): Promise<void> {
    this.pace.end();
    for (const connection of this.connections) connection.pump(performance.now());
    // A server that has stopped answering must not hold the run for ever.
    const closed = this.drained.then(() => Promise.all(this.connections.map((c) => c.close())));
    await Promise.race([closed, after(drainSecondsMax)]);
  }

  private onIdle(): void {
    this.idleLeft--;
    if (this.idleLeft === 0) this.setDrained();
  }
}

function numbersOf(connections: number, { process: from, processes }: PartOf): number[] {
  const numbers: number[] = [];
  for (let i = from; i < connections; i += processes) numbers.push(i);
  return numbers;
}

function paceOf(spec: LoadSpec, { process: index, processes }: PartOf, connections: number) {
  const requests = spec.requests ?? Number.POSITIVE_INFINITY;
  const requestsMax = Math.floor(requests / processes) + (index < requests % processes ? 1 : 0);
  if (spec.ratePerSecond === undefined) return new ClosedLoop(requestsMax);
  const ratePerSecond = (spec.ratePerSecond * connections) / spec.connections;
  return new OpenLoop({ ratePerSecond, connections, requestsMax });
}
