/**
 * Runs one load in this process: opens the connections, keeps them busy through warm-up and
 * measured part, counts, and closes them. Closed loop: a connection sends as many requests as it
 * got replies, so that `connections * depth` are in flight all the time.
 */
import { build, type Histogram } from 'hdr-histogram-js';
import { type ConnectionOwner, LoadConnection } from './connection.ts';
import { buildFrames } from './frames.ts';
import { prepareNodes } from './prepare.ts';
import { processCpuUs } from './process-usage.ts';
import type { LoadResult, LoadSpec } from './workload.ts';

const drainSecondsMax = 10;

type Phase = 'warm-up' | 'measured' | 'draining';

class LoadRun implements ConnectionOwner {
  phase: Phase = 'warm-up';
  ops = 0;
  errors = 0;
  firstError: string | null = null;
  readonly histogram: Histogram = build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 120_000_000,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  readonly drained: Promise<void>;
  private grantsLeft: number;
  private idleLeft: number;
  private setDrained!: () => void;

  constructor(spec: LoadSpec) {
    this.grantsLeft = spec.operations ?? Number.POSITIVE_INFINITY;
    this.idleLeft = spec.connections;
    this.drained = new Promise((resolve) => {
      this.setDrained = resolve;
    });
    if (spec.operations !== undefined) this.phase = 'measured';
  }

  onReplies(count: number, sentMs: number, nowMs: number): void {
    if (this.phase !== 'measured') return;
    this.ops += count;
    this.histogram.recordValueWithCount(Math.max(1, Math.round((nowMs - sentMs) * 1000)), count);
  }

  grant(wanted: number): number {
    if (this.phase === 'draining') return 0;
    const granted = Math.min(wanted, this.grantsLeft);
    this.grantsLeft -= granted;
    return granted;
  }

  onError(reason: string): void {
    this.errors++;
    this.firstError ??= reason;
  }

  onIdle(): void {
    this.idleLeft--;
    if (this.idleLeft === 0) this.setDrained();
  }
}

/** Runs `spec` to its end; rejects only when a session cannot be opened. */
export async function runLoad(spec: LoadSpec): Promise<LoadResult> {
  const run = new LoadRun(spec);
  const parents = await prepareNodes(spec);
  const connections = await openConnections(spec, run, parents);
  let usage = takeUsage(spec);
  for (const connection of connections) connection.send(spec.depth, performance.now());
  if (spec.operations === undefined) {
    await after(spec.warmupSeconds);
    usage = takeUsage(spec);
    run.phase = 'measured';
    await after(spec.seconds);
  } else {
    await run.drained;
  }
  const result = summarize(spec, run, usage);
  run.phase = 'draining';
  // A server that has stopped answering must not hold the run for ever.
  await Promise.race([run.drained, after(drainSecondsMax)]);
  await Promise.race([
    Promise.all(connections.map((each) => each.close())),
    after(drainSecondsMax),
  ]);
  return result;
}

async function openConnections(
  spec: LoadSpec,
  run: LoadRun,
  parents: readonly string[],
): Promise<LoadConnection[]> {
  // Twice the depth: a slot is used again only long after its bytes have left.
  const slots = Math.max(2 * spec.depth, 256);
  const connections = parents.map(
    (parent) => new LoadConnection(buildFrames(spec, parent, slots), run),
  );
  await Promise.all(
    connections.map((each, i) => each.open(spec.host, spec.ports[i % spec.ports.length]!)),
  );
  return connections;
}

interface Usage {
  readonly atMs: number;
  readonly generatorUs: number;
  readonly serverUs: number | null;
}

function takeUsage(spec: LoadSpec): Usage {
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    generatorUs: user + system,
    serverUs: spec.serverPids?.reduce((sum, pid) => sum + processCpuUs(pid), 0) ?? null,
  };
}

function summarize(spec: LoadSpec, run: LoadRun, before: Usage): LoadResult {
  const now = takeUsage(spec);
  const seconds = (now.atMs - before.atMs) / 1000;
  const ops = run.ops;
  const perOp = (us: number): number => us / Math.max(1, ops);
  return {
    operation: spec.operation,
    connections: spec.connections,
    depth: spec.depth,
    ops,
    seconds,
    opsPerSecond: ops / seconds,
    p50Us: run.histogram.getValueAtPercentile(50),
    p99Us: run.histogram.getValueAtPercentile(99),
    p999Us: run.histogram.getValueAtPercentile(99.9),
    maxUs: run.histogram.maxValue,
    generatorCpuUs: perOp(now.generatorUs - before.generatorUs),
    serverCpuUs: before.serverUs === null ? null : perOp(now.serverUs! - before.serverUs),
    errors: run.errors,
    firstError: run.firstError,
  };
}

/** Open sockets, not the timer, keep the process alive. */
function after(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref());
}
