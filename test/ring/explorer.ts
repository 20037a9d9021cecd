/**
 * Runs production code of two threads through every interleaving of their atomic operations.
 *
 * The code under test gets an `AtomicsLike` that never returns from an operation it has not seen:
 * it notes the operation and throws. The explorer then decides which thread goes on, applies that
 * thread's operation to the model of the shared memory, and runs the thread's program again from
 * its beginning with all earlier results, up to its next operation. What lies between two
 * operations is a step of its own, so that plain reads and writes of one thread meet the
 * operations of the other one in every order too.
 *
 * States that were visited are not visited again. Two states are the same if the shared words are,
 * and each thread has the same local state: what it said at its last `mark`, and the results of
 * its operations since. Plain reads need not be part of it, for a program must check what it reads
 * against what it expects there. Any exception is a violation. So is a state from which no
 * schedule leads to the end of all programs: this covers the deadlock where everybody sleeps.
 */
import type { AsyncWait, AtomicsLike } from '../../src/ring/atomics.ts';

/** Private memory of one thread: the program's objects, and the words that are shared in truth. */
export interface Memory<T> {
  readonly objects: T;
  readonly words: readonly { readonly array: Int32Array; readonly index: number }[];
}

export type LoopEvent = 'rung' | 'immediate' | 'socket';

/** What a program sees of the explorer. */
export interface World<T> {
  readonly objects: T;
  readonly atomics: AtomicsLike;
  /** Declares that the local state of the thread is what these objects hold, and nothing else. */
  mark(...locals: object[]): void;
  /** The event loop of a main thread: waits for a rung bell, an immediate, or a socket. */
  nextEvent(hasImmediate: boolean): LoopEvent;
}

export interface Scenario<T> {
  readonly makeMemory: () => Memory<T>;
  readonly programs: readonly ((world: World<T>) => void)[];
  /** Wake-ups of each event loop by something else than a bell. */
  readonly socketEvents?: number;
  /**
   * Runs the code behind an operation right after it, in no other order: far fewer states. Races
   * between plain accesses then go unseen, so it is for larger scenarios of code whose smaller
   * ones are explored without it.
   */
  readonly plainFirst?: boolean;
}

export interface Report {
  states: number;
  ends: number;
}

type Result = number | string;
type Image = Int32Array;

interface Operation {
  readonly kind: keyof AtomicsLike | 'nextEvent';
  readonly slot: number;
  readonly a: number;
  readonly b: number;
}

/** `plain`: its last operation is done, the code behind it comes next. */
interface Thread {
  readonly phase: 'plain' | 'ready' | 'blocked' | 'done';
  /** Results of all operations, and the memory as it was when the code behind each one ran. */
  readonly results: readonly Result[];
  readonly images: readonly Image[];
  readonly pending: Operation | undefined;
  /** The pending `waitAsync`: the slot it waits on, and whether it has been notified. */
  readonly asyncSlot: number;
  readonly notified: boolean;
  readonly sockets: number;
  readonly local: string;
  /** How many operations came before the last mark. */
  readonly markedAt: number;
}

interface State {
  readonly image: Image;
  readonly threads: readonly Thread[];
  readonly from: State | undefined;
  readonly step: string;
  readonly predecessors: State[];
}

const stopped = Symbol('stopped');
const statesMax = 2_000_000;

/** Explores all interleavings, or throws an error that tells the shortest violation found. */
export function explore<T>(scenario: Scenario<T>): Report {
  const runs = scenario.programs.map((program) => new Run(program, scenario.makeMemory()));
  const first = firstState(runs, scenario.socketEvents ?? 0);
  const visited = new Map([[keyOf(first), first]]);
  const queue = [first];
  const ends: State[] = [];
  for (let next = 0; next < queue.length; next++) {
    const state = queue[next]!;
    const successors = successorsOf(state, runs, scenario.plainFirst ?? false);
    if (state.threads.every((thread) => thread.phase === 'done')) ends.push(state);
    else if (successors.length === 0) throw new Error(`everybody sleeps, after\n${traceOf(state)}`);
    for (const successor of successors) {
      const key = keyOf(successor);
      const known = visited.get(key);
      (known ?? successor).predecessors.push(state);
      if (known !== undefined) continue;
      visited.set(key, successor);
      queue.push(successor);
    }
    if (queue.length > statesMax) throw new Error('too many states');
  }
  const stuck = firstThatNeverEnds(queue, ends);
  if (stuck !== undefined) throw new Error(`no way to the end from here:\n${traceOf(stuck)}`);
  return { states: queue.length, ends: ends.length };
}

function firstState<T>(runs: readonly Run<T>[], sockets: number): State {
  const thread: Thread = {
    phase: 'plain',
    results: [],
    images: [],
    pending: undefined,
    asyncSlot: -1,
    notified: false,
    sockets,
    local: '',
    markedAt: 0,
  };
  const threads = runs.map(() => thread);
  return { image: runs[0]!.initial, threads, from: undefined, step: '', predecessors: [] };
}

function keyOf(state: State): string {
  let key = state.image.join();
  for (const thread of state.threads) {
    key += `;${thread.phase} ${thread.local} ${thread.asyncSlot} ${thread.notified} ${thread.sockets}`;
  }
  return key;
}

/** Goes backwards from the ends. */
function firstThatNeverEnds(all: readonly State[], ends: readonly State[]): State | undefined {
  const ending = new Set(ends);
  for (const state of ending) for (const before of state.predecessors) ending.add(before);
  return all.find((state) => !ending.has(state));
}

function traceOf(last: State): string {
  const steps: string[] = [];
  for (let at: State | undefined = last; at !== undefined; at = at.from) steps.push(at.step);
  return steps.reverse().join('\n');
}

function successorsOf<T>(state: State, runs: readonly Run<T>[], plainFirst: boolean): State[] {
  const plain = state.threads.findIndex((thread) => thread.phase === 'plain');
  if (plainFirst && plain >= 0) return [plainStep(state, plain, runs[plain]!)];
  return state.threads.flatMap((thread, index) => {
    if (thread.phase === 'plain') return [plainStep(state, index, runs[index]!)];
    if (thread.phase === 'ready') return operationSteps(state, index);
    return [];
  });
}

function plainStep<T>(state: State, index: number, run: Run<T>): State {
  const thread = state.threads[index]!;
  const images = [...thread.images, state.image];
  try {
    const { image, ...change } = run.again(thread, images);
    const phase = change.pending === undefined ? 'done' : 'ready';
    return stateAfter(state, index, { ...thread, ...change, phase, images }, image, `${index}:`);
  } catch (error) {
    throw new Error(`violation: ${String(error)}, after\n${traceOf(state)}`, { cause: error });
  }
}

function stateAfter(from: State, index: number, next: Thread, image: Image, step: string): State {
  const threads = from.threads.with(index, next);
  return { image, threads, from, step, predecessors: [] };
}

/** The operation has its effect; several outcomes only for the event loop. */
function operationSteps(state: State, index: number): State[] {
  const thread = state.threads[index]!;
  const { kind, slot, a, b } = thread.pending!;
  const image = state.image.slice();
  const before = image[slot]!;
  const step = (result: Result, change: Partial<Thread> = {}): State => {
    const results = [...thread.results, result];
    const local = `${thread.local},${result}`;
    const next: Thread = { ...thread, phase: 'plain', results, local, ...change };
    return stateAfter(
      state,
      index,
      next,
      image,
      `${index}: ${kind} ${slot} ${a} ${b} -> ${result}`,
    );
  };
  switch (kind) {
    case 'load':
      return [step(before)];
    case 'store':
    case 'exchange':
      image[slot] = a;
      return [step(kind === 'store' ? a : before)];
    case 'compareExchange':
      if (before === a) image[slot] = b;
      return [step(before)];
    case 'wait':
      return [before === a ? step('ok', { phase: 'blocked' }) : step('not-equal')];
    case 'waitAsync':
      if (thread.asyncSlot >= 0) throw new Error(`second waitAsync, after\n${traceOf(state)}`);
      return [before === a ? step('async', { asyncSlot: slot }) : step('not-equal')];
    case 'notify':
      return [notified(step(0), slot, a)];
    case 'nextEvent':
      return eventSteps(thread, a === 1, step);
  }
}

function eventSteps(
  thread: Thread,
  hasImmediate: boolean,
  step: (result: Result, change?: Partial<Thread>) => State,
): State[] {
  const states: State[] = [];
  if (thread.notified) states.push(step('rung', { asyncSlot: -1, notified: false }));
  if (hasImmediate) states.push(step('immediate'));
  if (thread.sockets > 0) states.push(step('socket', { sockets: thread.sockets - 1 }));
  return states;
}

/** Wakes up to `count` waiters. A `waitAsync` is always older than the same thread's `wait`. */
function notified(state: State, slot: number, count: number): State {
  let left = count;
  const threads = state.threads.map((thread): Thread => {
    const isAsync = thread.asyncSlot === slot && !thread.notified && left > 0;
    if (isAsync) left--;
    const isBlocked = thread.phase === 'blocked' && thread.pending!.slot === slot && left > 0;
    if (isBlocked) left--;
    const phase = isBlocked ? 'plain' : thread.phase;
    return { ...thread, phase, notified: thread.notified || isAsync };
  });
  return { ...state, threads };
}

/** One program with its private memory, to be run again and again. */
class Run<T> {
  readonly initial: Image;
  private readonly program: (world: World<T>) => void;
  private readonly memory: Memory<T>;
  private readonly world: World<T>;
  /** Buffer and byte offset of each shared word. */
  private readonly slots = new Map<ArrayBufferLike, Map<number, number>>();
  private results: readonly Result[] = [];
  private images: readonly Image[] = [];
  private done = 0;
  private local = '';
  private markedAt = 0;
  private pending: Operation | undefined;
  private onRung: () => unknown = () => {};

  constructor(program: (world: World<T>) => void, memory: Memory<T>) {
    this.program = program;
    this.memory = memory;
    this.initial = this.readImage();
    memory.words.forEach(({ array, index }, slot) => {
      const slots = this.slots.get(array.buffer) ?? new Map<number, number>();
      this.slots.set(array.buffer, slots.set(array.byteOffset + index * 4, slot));
    });
    this.world = {
      objects: memory.objects,
      atomics: this.atomics(),
      mark: (...locals) => {
        if (this.done < this.markedAt) return;
        this.markedAt = this.done;
        this.local = fingerprint(locals, new Set());
      },
      nextEvent: (hasImmediate) => {
        const event = this.act('nextEvent', -1, hasImmediate ? 1 : 0) as LoopEvent;
        if (event === 'rung') this.onRung();
        return event;
      },
    };
  }

  /** `images[k]` is the memory in which the code behind operation k-1 runs. */
  again(thread: Thread, images: readonly Image[]) {
    this.results = thread.results;
    this.images = images;
    this.markedAt = thread.markedAt;
    this.done = 0;
    this.local = '';
    this.pending = undefined;
    this.writeImage(images[0]!);
    try {
      this.program(this.world);
    } catch (error) {
      if (error !== stopped) throw error;
    }
    const { local, pending, markedAt } = this;
    return { image: this.readImage(), local, pending, markedAt };
  }

  private act(kind: Operation['kind'], slot: number, a = 0, b = 0): Result {
    if (this.pending !== undefined) throw stopped;
    if (this.done === this.results.length) {
      this.pending = { kind, slot, a, b };
      throw stopped;
    }
    const result = this.results[this.done++]!;
    this.writeImage(this.images[this.done]!);
    this.local += `,${result}`;
    return result;
  }

  private atomics(): AtomicsLike {
    const number = (kind: keyof AtomicsLike) => {
      return (words: Int32Array, index: number, a?: number, b?: number) =>
        this.act(kind, this.slotOf(words, index), a, b) as number;
    };
    return {
      load: number('load'),
      store: number('store'),
      exchange: number('exchange'),
      compareExchange: number('compareExchange'),
      notify: number('notify'),
      wait: (words, index, expected) =>
        this.act('wait', this.slotOf(words, index), expected) as string,
      waitAsync: (words, index, expected) => this.waitAsync(this.slotOf(words, index), expected),
    };
  }

  private waitAsync(slot: number, expected: number): AsyncWait {
    const value = this.act('waitAsync', slot, expected) as string;
    if (value !== 'async') return { async: false, value };
    const promise = {
      // biome-ignore lint/suspicious/noThenProperty: it stands for the promise of a waitAsync
      then: (onRung: () => unknown) => {
        this.onRung = onRung;
      },
    };
    return { async: true, value: promise as unknown as PromiseLike<string> };
  }

  private slotOf(array: Int32Array, index: number): number {
    const at = array.byteOffset + index * 4;
    return this.slots.get(array.buffer)!.get(at)!;
  }

  private readImage(): Image {
    const { words } = this.memory;
    const image = new Int32Array(words.length);
    for (let slot = 0; slot < words.length; slot++) {
      image[slot] = words[slot]!.array[words[slot]!.index]!;
    }
    return image;
  }

  private writeImage(image: Image): void {
    const { words } = this.memory;
    for (let slot = 0; slot < words.length; slot++)
      words[slot]!.array[words[slot]!.index] = image[slot]!;
  }
}

/** All numbers, strings and booleans that can be reached from `value`. */
function fingerprint(value: unknown, seen: Set<object>): string {
  if (typeof value === 'function') return '';
  if (typeof value !== 'object' || value === null) return `${value} `;
  if (seen.has(value) || ArrayBuffer.isView(value)) return '';
  seen.add(value);
  let text = '';
  for (const part of Object.values(value)) text += fingerprint(part, seen);
  return text;
}
