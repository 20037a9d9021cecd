/**
 * Runs a plan. Every rule of the world is checked on the way: states against the model, streams
 * against the order of things, each start against what was seen before, and that a server whose
 * disk has failed says nothing more and never asks that disk again. At the end everything is
 * healed, everybody gets an answer, and the power fails once more.
 */
import { createHash } from 'node:crypto';
import { CreateFlag, OpCode } from '../../src/jute/proto.ts';
import { aclOf, openAcl } from '../processor/harness.ts';
import { clientsMax, type Plan, type PlanOp, type PlanStep } from './plan.ts';
import type { SimClient } from './sim-client.ts';
import { type CrashPolicy, isDiskFailure, SimCrash } from './sim-disk.ts';
import { SimRandom } from './sim-ports.ts';
import { agentNames } from './sim-server.ts';
import { SimWorld } from './sim-world.ts';

export interface PlanResult {
  /** Over all that anybody was told, the last state and the disk. */
  readonly hash: string;
  readonly lives: number;
  readonly txns: number;
  readonly snapshots: number;
  /** Servers that ended because their disk failed. */
  readonly diskDeaths: number;
  /** Writes to the log by the thread that decided on the txns. */
  readonly loneWrites: number;
}

interface Restart {
  readonly policy: CrashPolicy | 'kill';
  readonly seed: number;
}

const settings = { session: 8000, ttlMs: 2500n };

export class PlanRun {
  private readonly plan: Plan;
  private readonly world: SimWorld;
  private readonly random: SimRandom;
  private readonly clients: SimClient[] = [];
  private readonly stream: string[] = [];
  /** What follows when the machine stops or the disk fails. */
  private next: Restart = { policy: 'kill', seed: 0 };
  private snapshots = 0;
  private diskDeaths = 0;
  private values = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.random = new SimRandom(plan.seed + 1);
    this.world = new SimWorld(plan);
    this.world.runsMeanwhile = () => this.random.below(8) < plan.concurrency;
  }

  /** Throws what is wrong. */
  run(): PlanResult {
    const { world, plan } = this;
    this.guarded(() => world.start());
    for (let i = 0; i < clientsMax; i++) this.clients[i] = world.connect({ timeoutMs: 8000 });
    for (const step of plan.steps) this.guarded(() => this.take(step));
    this.finish();
    const { text, zxid } = world.server.picture();
    const all = [...this.stream, ...world.server.front.stream, text, world.disk.image()];
    return {
      hash: createHash('sha256').update(all.join('\n')).digest('hex'),
      ...{ lives: world.life, txns: Number(zxid) },
      ...{ snapshots: this.snapshots, diskDeaths: this.diskDeaths },
      loneWrites: world.loneWrites,
    };
  }

  /** An end of the process, planned or not, is followed by the next life. */
  private guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.outlive(error);
    }
  }

  private outlive(error: unknown): void {
    const { world } = this;
    if (error instanceof SimCrash) this.restart(this.next);
    else if (!isDiskFailure(error)) throw error;
    else if (world.server.failure !== null || world.server.recovered === null) this.dieOfDisk();
    // Otherwise it was a job, whose files nobody needs.
  }

  /** The other threads go on for a moment; nothing may come of it. */
  private dieOfDisk(): void {
    const { world } = this;
    const { server, disk } = world;
    this.diskDeaths++;
    if (server.failure !== null) {
      const before = { visible: world.visible, effects: disk.effects };
      for (let i = 0; i < 3; i++) {
        for (const agent of agentNames) {
          try {
            server.cycle(agent);
          } catch (error) {
            if (error !== server.failure && !isDiskFailure(error)) throw error;
          }
        }
      }
      if (disk.effects !== before.effects) throw new Error('a disk that has failed is used again');
    }
    this.restart(this.next);
  }

  private restart({ policy, seed }: Restart): void {
    const { world } = this;
    this.stream.push(...world.server.front.stream, `-- ${policy}`);
    this.next = { policy: 'kill', seed: 0 };
    world.background = null;
    const disk = policy === 'kill' ? world.disk.killed() : world.disk.crash(policy, seed);
    this.guarded(() => world.restartOn(disk));
    for (const [i, { session, lastZxid, state }] of this.clients.entries()) {
      const again = state === 'open' || state === 'closed' ? { session } : {};
      this.clients[i] = world.connect({ timeoutMs: 8000, lastZxidSeen: lastZxid, ...again });
    }
  }

  private take(step: PlanStep): void {
    const { world } = this;
    switch (step.kind) {
      case 'ask':
        for (const op of step.ops) this.ask(step.client, op);
        return;
      case 'askInTurn':
        for (const op of step.ops) {
          this.ask(step.client, op);
          world.settle();
        }
        return;
      case 'cycle':
        world.server.cycle(step.agent);
        return;
      case 'settle':
        this.settle();
        return;
      case 'pass':
        world.clock.pass(step.ms);
        return;
      case 'disconnect':
        this.disconnect(step.client);
        return;
      case 'snapshot':
        this.snapshot([...step.meanwhile]);
        return;
      case 'purge':
        world.purge();
        return;
      case 'space':
        world.disk.spaceBytes = step.bytes;
        return;
      default:
        this.takeEnd(step);
    }
  }

  private takeEnd(step: PlanStep): void {
    const { world } = this;
    const { disk } = world;
    switch (step.kind) {
      case 'kill':
        this.restart({ policy: 'kill', seed: 0 });
        return;
      case 'stop':
        this.settle();
        world.server.stop();
        this.restart({ policy: 'kill', seed: 0 });
        return;
      case 'crash':
        this.restart(step);
        return;
      case 'crashAt':
        disk.crashAt = { effect: disk.effects + step.after, moment: step.moment };
        this.next = step;
        return;
      case 'failAt':
        disk.failures.set(disk.effects + step.after, step.code);
        this.next = { policy: step.next, seed: step.seed };
        return;
    }
  }

  private settle(): void {
    const { world } = this;
    world.settle();
    if (world.server.front.snapshotsDue === 0) return;
    world.server.front.snapshotsDue = 0;
    this.snapshot([]);
    world.purge();
  }

  private snapshot(meanwhile: PlanStep[]): void {
    const { world } = this;
    world.background = () => {
      const step = this.random.chance(1, 2) ? meanwhile.shift() : undefined;
      if (step?.kind === 'settle') world.settle();
      else if (step !== undefined) this.take(step);
    };
    world.beginSnapshot();
    while (!world.continueSnapshot());
    world.background = null;
    this.snapshots++;
  }

  private disconnect(index: number): void {
    const { world } = this;
    const client = this.clients[index] as SimClient;
    world.server.front.disconnect(client);
    const { session, lastZxid } = client;
    this.clients[index] = world.connect({ timeoutMs: 8000, session, lastZxidSeen: lastZxid });
  }

  private ask(index: number, op: PlanOp): void {
    const before = this.clients[index] as SimClient;
    if (before.state === 'refused' || before.state === 'closed') {
      this.clients[index] = this.world.connect({ timeoutMs: settings.session });
    }
    sendOp(this.clients[index] as SimClient, op, ++this.values);
  }

  /** Faults end, and whatever was asked is answered; then the power fails. */
  private finish(): void {
    const { world } = this;
    for (let tries = 0; tries < 4; tries++) {
      world.disk.failures.clear();
      world.disk.crashAt = null;
      world.disk.spaceBytes = Number.POSITIVE_INFINITY;
      this.guarded(() => this.settle());
    }
    for (const { cnxnId, state, unanswered } of this.clients) {
      if (state === 'open' && unanswered === 0) continue;
      if (state === 'refused' || state === 'closed') continue;
      throw new Error(`connection ${cnxnId} is ${state} and waits for ${unanswered} answers`);
    }
    const last = world.connect();
    last.create('/last');
    world.settle();
    if (last.lastReply.err !== 0) throw new Error(`the last create answers ${last.lastReply.err}`);
    world.crash('lose-all', this.plan.seed);
  }
}

function sendOp(client: SimClient, op: PlanOp, value: number): void {
  switch (op.op) {
    case 'create':
      client.create(op.path, { flags: op.flags, data: dataOf(value, op.bytes) });
      return;
    case 'container':
      client.create(op.path, { type: OpCode.createContainer, flags: CreateFlag.container });
      return;
    case 'ttl':
      client.create(op.path, { flags: CreateFlag.persistentWithTtl, ttl: settings.ttlMs });
      return;
    case 'setData':
      client.setData(op.path, dataOf(value, op.bytes));
      return;
    case 'setAcl': {
      const more = op.perms === 31 ? [] : [aclOf(op.perms, 'ip', `10.0.0.${value % 200}`)];
      client.setAcl(op.path, [...openAcl, ...more]);
      return;
    }
    case 'multi': {
      const [first = '/a', second = '/b'] = op.paths;
      client.multi([
        { kind: 'create', path: `${first}/m${value}`, data: dataOf(value, 9) },
        { kind: 'setData', path: second, data: dataOf(value, 5) },
        ...(op.fails ? [{ kind: 'check', path: first, version: 77 } as const] : []),
      ]);
      return;
    }
    case 'delete':
      client.delete(op.path);
      return;
    case 'getData':
      client.getData(op.path, true);
      return;
    case 'watch':
      client.addWatch(op.path, 1);
      return;
    case 'sync':
      client.sync();
      return;
    case 'closeSession':
      client.closeSession();
  }
}

function dataOf(value: number, bytes: number): string {
  return `v${value}${'.'.repeat(bytes)}`;
}
