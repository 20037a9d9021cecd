/**
 * A client of a simulated ensemble that behaves as the libraries do: it keeps its session alive,
 * leaves a server that does not answer, takes its session and its watches to another one, and
 * begins a new session when it has expired. Whatever it is told was written must be committed as
 * its own txn; everything else is held against the `ClientBook` of its connection.
 */
import { OpCode } from '../../../src/jute/proto.ts';
import { noSession, type SimClient, type SimReply } from '../sim-client.ts';
import type { SimFront } from '../sim-front.ts';
import { SimRandom } from '../sim-ports.ts';
import { askSomething } from './client-requests.ts';
import type { ClientPlan } from './ensemble-plan.ts';
import { check, hex } from './oracle/broken.ts';
import { ClientBook, type KeptWatches } from './oracle/client-book.ts';
import type { Oracle } from './oracle/oracle.ts';
import type { Timeline } from './timeline.ts';

/** A server as clients see it; null while nobody listens there. */
export interface Door {
  readonly front: SimFront | null;
  /** The process runs; it does not stand still. */
  readonly isRunning: boolean;
  wake(agent: 'front'): void;
}

export interface EnsembleClientOptions {
  readonly plan: ClientPlan;
  readonly index: number;
  readonly seed: number;
  readonly timeline: Timeline;
  readonly doors: readonly Door[];
  readonly oracle: Oracle;
}

const timeoutMs = 8000;
/** The longest pause of a client that has nothing to ask, or nobody to ask. */
const restMs = 100;
const writeTypes: ReadonlySet<number> = new Set([
  ...[OpCode.create, OpCode.setData, OpCode.delete, OpCode.setACL, OpCode.multi],
  ...[OpCode.createTTL, OpCode.createContainer],
]);
const noWatches: KeptWatches = { data: [], recursive: [] };

export class EnsembleClient {
  /** Requests that were answered. */
  answered = 0;
  acknowledgedWrites = 0;
  sessionsLost = 0;
  private readonly options: EnsembleClientOptions;
  private readonly random: SimRandom;
  private client: SimClient | null = null;
  private front: SimFront | null = null;
  private door: Door | null = null;
  private book: ClientBook;
  private seenReplies = 0;
  private seenEvents = 0;
  private asked = 0;
  private heardAtUs = 0;
  /** Asked for more than the plan says: until it is answered, the client is not content. */
  private extra = 0;
  /** What it takes from one connection to the next. */
  private session = noSession;
  private lastZxid = 0n;
  private nextXid = 1;
  private watches = noWatches;

  constructor(options: EnsembleClientOptions) {
    this.options = options;
    this.book = new ClientBook(options.oracle);
    this.random = new SimRandom((options.seed * 31 + options.index * 7919 + 5) >>> 0);
    this.think();
  }

  /** All it wanted is answered. */
  get isContent(): boolean {
    const { client } = this;
    const isIdle = client !== null && client.state === 'open' && client.unanswered === 0;
    return isIdle && this.asked >= this.options.plan.requests + this.extra;
  }

  get trouble(): string {
    const { client, asked } = this;
    return `client ${this.options.index}: ${client?.state}, ${client?.unanswered} unanswered, ${asked} asked`;
  }

  /** It wants to write once more, wherever it is connected. */
  wantMore(): void {
    this.extra = Math.max(0, this.asked - this.options.plan.requests) + 2;
  }

  private think(): void {
    const { timeline, plan } = this.options;
    const isBusy = this.client !== null && this.asked < plan.requests + this.extra;
    const thinkMs = isBusy ? plan.thinkMs : Math.max(plan.thinkMs, restMs);
    timeline.after(1 + this.random.below(1000 * thinkMs), () => {
      this.live();
      this.think();
    });
  }

  /** One look around. */
  private live(): void {
    const { client } = this;
    if (client === null || this.door?.front !== this.front) this.reconnect();
    else if (client.state === 'closed' || client.state === 'refused') this.reconnect();
    else if (this.isLost(client) || this.isRestless(client)) {
      this.front?.disconnect(client);
      this.door?.wake('front');
      this.reconnect();
    } else this.use(client);
  }

  /** As a client that has heard nothing for two thirds of its timeout; pings are answered. */
  private isLost(client: SimClient): boolean {
    const { timeline } = this.options;
    const isIdle = client.unanswered === 0 && client.state === 'open';
    const isPinged = isIdle && this.door?.isRunning === true;
    if (isPinged || client.replies.length > this.seenReplies) this.heardAtUs = timeline.nowUs;
    this.takeReplies(client);
    return timeline.nowUs - this.heardAtUs > (timeoutMs * 1000 * 2) / 3;
  }

  /** Without a reason that the server knows: its own network, or somebody moves it. */
  private isRestless({ state }: SimClient): boolean {
    const { requests, restlessness = 0 } = this.options.plan;
    const mayLeave = restlessness > 0 && state === 'open' && this.asked < requests;
    return mayLeave && this.random.chance(1, restlessness);
  }

  private reconnect(): void {
    if (this.client !== null) this.leave(this.client);
    const door = this.random.pick(this.options.doors);
    this.door = door;
    this.front = door.front;
    this.client = null;
    if (door.front === null || !door.isRunning) return;
    const { session, lastZxid: lastZxidSeen } = this;
    this.client = door.front.connect({ timeoutMs, session, lastZxidSeen });
    this.client.nextXid = this.nextXid;
    this.book = new ClientBook(this.options.oracle);
    this.seenReplies = this.seenEvents = 0;
    this.options.oracle.onLeave(session.id, this.nextXid);
    this.heardAtUs = this.options.timeline.nowUs;
    door.wake('front');
  }

  /** Whatever is left of a connection goes on with the next one, unless the session is over. */
  private leave(client: SimClient): void {
    this.takeReplies(client);
    this.lastZxid = client.lastZxid;
    if (client.state === 'refused') {
      this.sessionsLost++;
      this.session = noSession;
      this.nextXid = 1;
      this.watches = noWatches;
      return;
    }
    this.session = client.session;
    this.nextXid = client.nextXid;
    this.book.onEvents(client.events.slice(this.seenEvents));
    const { data, recursive } = this.book.keep();
    if (data.length + recursive.length > 0) this.watches = { data, recursive };
  }

  private use(client: SimClient): void {
    const { plan, index, oracle } = this.options;
    const { front, door, random, book } = this;
    if (client.state !== 'open' || front === null) return;
    front.keepAlive(client);
    this.watchAsBefore(client);
    const count = 1 + random.below(plan.depth);
    for (let i = 0; i < count && client.unanswered < plan.depth; i++) {
      if (this.asked >= plan.requests + this.extra) break;
      this.asked++;
      const data = `${index}-${this.asked}`;
      askSomething({ client, book, random, index, data, committed: oracle.lastCommitted });
    }
    door?.wake('front');
  }

  private watchAsBefore(client: SimClient): void {
    const { watches } = this;
    if (watches === noWatches) return;
    this.watches = noWatches;
    const since = client.lastZxid;
    client.setWatches(since, watches.data, watches.recursive);
    this.book.onAsk(client.lastXid, { kind: 'watches of before', since, kept: watches });
  }

  private takeReplies(client: SimClient): void {
    while (this.seenReplies < client.replies.length) {
      const reply = client.replies[this.seenReplies++] as SimReply;
      const events = client.events.slice(this.seenEvents, reply.eventsBefore);
      this.seenEvents = reply.eventsBefore;
      this.book.onReply(reply, events);
      this.onReply(client, reply);
    }
  }

  private onReply(client: SimClient, reply: SimReply): void {
    this.answered++;
    if (reply.err !== 0 || !writeTypes.has(reply.type)) return;
    this.acknowledgedWrites++;
    const { oracle } = this.options;
    const isThere = oracle.hasCommitted(client.session.id, reply.xid, reply.zxid);
    check(isThere, 'D4', () => {
      return `a write is acknowledged with ${hex(reply.zxid)}, which is not committed or another one`;
    });
  }
}
