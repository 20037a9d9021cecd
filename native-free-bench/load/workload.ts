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
  'multi',
] as const;
export type OperationName = (typeof operationNames)[number];

export interface LoadSpec {
  readonly host: string;
  /** Connections take these in turn. */
  readonly ports: readonly number[];
  /** `create` leaves its nodes there; `createDelete` removes each again with the next request. */
  readonly operation: OperationName;
  readonly connections: number;
  /** Requests that each connection keeps in flight. */
  readonly depth: number;
  /** Existing nodes that reads and sets choose from; `populate` makes them. */
  readonly keys: number;
  readonly dataBytes: number;
  readonly warmupSeconds: number;
  /** Length of the measured part. Ignored when `operations` is given. */
  readonly seconds: number;
  /** Ends after so many operations in all instead of after a time. */
  readonly operations?: number;
  /** Processes of the servers, for their CPU time. */
  readonly serverPids?: readonly number[];
}

export interface LoadResult {
  readonly operation: OperationName;
  readonly connections: number;
  readonly depth: number;
  /** Replies that arrived, correct, within the measured part. */
  readonly ops: number;
  readonly seconds: number;
  readonly opsPerSecond: number;
  /** Latency from the write of a request to the parse of its reply, µs. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** CPU time per operation, µs: of this process, and of the servers with all their threads. */
  readonly generatorCpuUs: number;
  readonly serverCpuUs: number | null;
  /** Replies with the wrong xid, an error, or the wrong length; connections lost. */
  readonly errors: number;
  /** The first of them in words. */
  readonly firstError: string | null;
}
