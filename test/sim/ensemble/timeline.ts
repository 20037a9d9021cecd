/**
 * What will happen in a simulated world, in the order of its times. The clock of the world is this
 * list: it jumps to the time of the next thing. Times are whole microseconds, so that sums are
 * exact; things of one time happen in the order in which they were planned.
 */
export type Happening = () => void;

export class Timeline {
  nowUs: number;
  /** How many things have happened. */
  count = 0;
  private readonly times: number[] = [];
  private readonly order: number[] = [];
  private readonly happenings: Happening[] = [];
  private planned = 0;

  constructor(nowUs = 0) {
    this.nowUs = nowUs;
  }

  /** Plans something for `delayUs` from now. */
  after(delayUs: number, happening: Happening): void {
    this.at(this.nowUs + delayUs, happening);
  }

  at(timeUs: number, happening: Happening): void {
    if (timeUs < this.nowUs) throw new Error(`${timeUs} is over, it is ${this.nowUs}`);
    this.push(timeUs, this.planned++, happening);
  }

  /** Lets the next thing happen, unless it is later than `untilUs`: then the clock goes there. */
  step(untilUs: number): boolean {
    const timeUs = this.times[0];
    if (timeUs === undefined || timeUs > untilUs) {
      this.nowUs = Math.max(this.nowUs, untilUs);
      return false;
    }
    const happening = this.happenings[0] as Happening;
    this.nowUs = timeUs;
    this.removeFirst();
    this.count++;
    happening();
    return true;
  }

  /** Lets everything happen up to a time, or until `isOver`. */
  run(untilUs: number, isOver: () => boolean = () => false): void {
    while (!isOver() && this.step(untilUs));
  }

  private push(timeUs: number, order: number, happening: Happening): void {
    let at = this.times.length;
    this.put(at, timeUs, order, happening);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(at, parent)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  private removeFirst(): void {
    const timeUs = this.times.pop() as number;
    const order = this.order.pop() as number;
    const happening = this.happenings.pop() as Happening;
    const { length } = this.times;
    if (length === 0) return;
    this.put(0, timeUs, order, happening);
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      let first = at;
      if (left < length && this.isBefore(left, first)) first = left;
      if (right < length && this.isBefore(right, first)) first = right;
      if (first === at) return;
      this.swap(at, first);
      at = first;
    }
  }

  private put(at: number, timeUs: number, order: number, happening: Happening): void {
    this.times[at] = timeUs;
    this.order[at] = order;
    this.happenings[at] = happening;
  }

  private isBefore(a: number, b: number): boolean {
    const difference = (this.times[a] as number) - (this.times[b] as number);
    return difference < 0 || (difference === 0 && this.orderOf(a) < this.orderOf(b));
  }

  private orderOf(at: number): number {
    return this.order[at] as number;
  }

  private swap(a: number, b: number): void {
    const [timeUs, order, happening] = [this.times[a], this.order[a], this.happenings[a]];
    this.put(a, this.times[b] as number, this.orderOf(b), this.happenings[b] as Happening);
    this.put(b, timeUs as number, order as number, happening as Happening);
  }
}
