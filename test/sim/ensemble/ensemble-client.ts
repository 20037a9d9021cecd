/**
 * A client of a simulated ensemble that behaves as the libraries do: it keeps its session alive,
 * leaves a server that does not answer, takes its session to another one, and begins a new one
 * when it has expired. Whatever it is told was written must be committed as its own txn.
 */
import { CreateFlag, OpCode } from '../../../src/jute/proto.ts';
import { openAcl } from '../../processor/harness.ts';
import { noSession, type SimClient, type SimReply } from '../sim-client.ts';
import type { SimFront } from '../sim-front.ts';
import { SimRandom } from '../sim-ports.ts';
import type { ClientPlan } from './ensemble-plan.ts';
import { check, hex, type Oracle } from './oracle.ts';
import type { Timeline } from './timeline.ts';

/** A server as clients see it; null while nobody listens there. */
export interface Door {
  readonly front: SimFront | null;
  /** The process runs; it does not stand still. */
  readonly isRunning: boolean;
  wake(): void;
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
const paths = ['/a', '/b', '/a/x', '/a/y', '/b/x', '/seq'];
const writeTypes: ReadonlySet<number> = new Set([
  ...[OpCode.create, OpCode.setData, OpCode.delete, OpCode.setACL, OpCode.multi],
  ...[OpCode.createTTL, OpCode.createContainer],
]);

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
  private seenReplies = 0;
  private asked = 0;
  private heardAtUs = 0;
  /** Asked for more than the plan says: until it is answered, the client is not content. */
  private extra = 0;

  constructor(options: EnsembleClientOptions) {
    this.options = options;
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
    timeline.after(1 + this.random.below(1000 * plan.thinkMs), () => {
      this.live();
      this.think();
    });
  }

  /** One look around. */
  private live(): void {
    const { client } = this;
    if (client === null || this.door?.front !== this.front) this.reconnect();
    else if (client.state === 'closed' || client.state === 'refused') this.reconnect();
    else if (this.isLost(client)) {
      this.front?.disconnect(client);
      this.door?.wake();
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

  private reconnect(): void {
    const { doors, timeline } = this.options;
    const old = this.client;
    if (old !== null) this.takeReplies(old);
    const isExpired = old?.state === 'refused';
    if (isExpired) this.sessionsLost++;
    const session = isExpired || old === null ? noSession : old.session;
    const door = this.random.pick(doors);
    this.door = door;
    this.front = door.front;
    this.client = null;
    if (door.front === null || !door.isRunning) return;
    const lastZxidSeen = old?.lastZxid ?? 0n;
    this.client = door.front.connect({ timeoutMs, session, lastZxidSeen });
    this.seenReplies = 0;
    this.heardAtUs = timeline.nowUs;
    door.wake();
  }

  private use(client: SimClient): void {
    const { plan } = this.options;
    const { front, door, random } = this;
    if (client.state !== 'open' || front === null) return;
    front.keepAlive(client);
    const count = 1 + random.below(plan.depth);
    for (let i = 0; i < count && client.unanswered < plan.depth; i++) {
      if (this.asked >= plan.requests + this.extra) break;
      this.asked++;
      this.ask(client);
    }
    door?.wake();
  }

  private ask(client: SimClient): void {
    const { random } = this;
    const { index } = this.options;
    const path = random.pick(paths);
    const data = `${index}-${this.asked}`;
    switch (random.below(14)) {
      case 0:
      case 1:
        client.create(path, { data });
        return;
      case 2:
      case 3:
      case 4:
        client.setData(path, data);
        return;
      case 5:
        client.create(`${path}/e-`, { data, flags: CreateFlag.ephemeralSequential });
        return;
      case 6:
        client.create(`/own${index}-`, { data, flags: CreateFlag.persistentSequential });
        return;
      case 7:
        client.delete(path);
        return;
      case 8:
        client.multi([
          { kind: 'setData', path, data },
          { kind: 'create', path: `/m${data}`, data },
        ]);
        return;
      case 9:
        client.getData(path, random.chance(1, 2));
        return;
      case 10:
        client.addWatch(path, 1);
        return;
      case 11:
        client.sync();
        return;
      case 12:
        client.setAcl(path, [...openAcl]);
        return;
      default:
        if (random.chance(1, 8)) client.closeSession();
        else client.getData(path);
    }
  }

  private takeReplies(client: SimClient): void {
    while (this.seenReplies < client.replies.length) {
      this.onReply(client, client.replies[this.seenReplies] as SimReply);
      this.seenReplies++;
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
