/**
 * What a run of the load generator is told and what it answers. Plain values: they travel between
 * processes and into result files.
 */
export const operationNames = [
  'ping',
  'get',
  'exists',
  'getChildren',
  'set',
  'create',
  'createDelete',
  'createDeleteEphemeral',
  'multi',
] as const;
/**
 * `create` leaves its nodes there; `createDelete` and its ephemeral twin remove each again with
 * the next request.
 */
export type OperationName = (typeof operationNames)[number];

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Operations and how often each is chosen, e.g. `{ get: 90, set: 10 }`. */
export type Mix = Readonly<Partial<Record<OperationName, number>>>;

export interface LoadSpec {
  /** Connections take these in turn. */
  readonly servers: readonly Address[];
  readonly mix: Mix;
  readonly connections: number;
  /** Requests that each connection keeps in flight; in an open loop, how many it may have. */
  readonly depth: number;
  /** Open loop: requests that become due each second over all connections. */
  readonly ratePerSecond?: number;
  /** Existing nodes that reads and sets choose from; preparing makes them. */
  readonly keys: number;
  readonly keyChoice?: 'uniform' | 'zipf';
  readonly dataBytes: number;
  /** Children of the node that `getChildren` lists. */
  readonly children?: number;
  /** Sets in one `multi`. */
  readonly multiOperations?: number;
  readonly warmupSeconds: number;
  /** Length of the measured part. Ignored when `requests` is given. */
  readonly seconds: number;
  /** Ends after so many requests in all instead of after a time. */
  readonly requests?: number;
  /** Every choice of keys and operations follows from it. */
  readonly seed: number;
  /** Generator processes; 0: the caller's own; as many as the connections need unless given. */
  readonly processes?: number;
  /** Processes of the servers, for their CPU time and memory. */
  readonly serverPids?: readonly number[];
}

export const childrenDefault = 100;
export const multiOperationsDefault = 3;

/** Length of one element of a series. */
export const intervalMs = 100;

/** One element an interval of the measured part. */
export interface Series {
  readonly opsPerSecond: number[];
  /** With several generator processes the worst one's. */
  readonly p99Us: number[];
  /** All servers together; empty when their processes are not known. */
  readonly serverCores: number[];
  readonly serverRssMiB: number[];
}

/** Latency of one operation of the mix. */
export interface OperationResult {
  readonly operation: OperationName;
  readonly ops: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

export interface LoadResult {
  /** Where latency counts from: the write of a request, or the moment it was due. */
  readonly loop: 'closed' | 'open';
  readonly connections: number;
  readonly depth: number;
  /** Replies that arrived, correct, within the measured part. */
  readonly ops: number;
  readonly seconds: number;
  readonly opsPerSecond: number;
  /** Until the parse of the reply, µs. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** Rising pairs of percentile and latency, µs; the last one is the maximum. */
  readonly latencyUs: [percentile: number, us: number][];
  readonly perOperation: OperationResult[];
  readonly intervalMs: number;
  readonly series: Series;
  /** Open loop: by how much the generator itself was late, p99, µs. Part of the latency. */
  readonly latenessP99Us: number | null;
  readonly processes: number;
  /** Cores that the busiest generator process used in the mean; near 1 it limits the result. */
  readonly generatorCores: number;
  /** CPU time per operation, µs: of the generator, and of the servers with all their threads. */
  readonly generatorCpuUs: number;
  readonly serverCpuUs: number | null;
  /** Wrong xid, error code, length or value of a reply; connections lost. */
  readonly errors: number;
  /** The first of them in words. */
  readonly firstError: string | null;
}

/** `get 90 / set 10` or `get`. */
export function mixName(mix: Mix): string {
  const shares = operationNames.filter((name) => (mix[name] ?? 0) > 0);
  return shares.map((name) => (shares.length > 1 ? `${name} ${mix[name]}` : name)).join(' / ');
}
