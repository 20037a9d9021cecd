/**
 * The atomic operations that rings and bells are made of, as a parameter: production passes the
 * global `Atomics` (the default everywhere), the tests pass a model that stops after every single
 * operation and so runs the same code through all interleavings. The indirection costs nothing
 * that can be measured, since a call through the field is monomorphic.
 */
export interface AtomicsLike {
  load(words: Int32Array, index: number): number;
  store(words: Int32Array, index: number, value: number): number;
  exchange(words: Int32Array, index: number, value: number): number;
  compareExchange(words: Int32Array, index: number, expected: number, value: number): number;
  wait(words: Int32Array, index: number, expected: number, timeoutMs: number): string;
  waitAsync(words: Int32Array, index: number, expected: number): AsyncWait;
  notify(words: Int32Array, index: number, count: number): number;
}

export type AsyncWait =
  | { readonly async: false; readonly value: string }
  | { readonly async: true; readonly value: PromiseLike<string> };
