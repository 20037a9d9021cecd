/**
 * Runs a stream on two servers, step by step, each step awaited on both, and stops at the first
 * difference. At the end of a stream it compares what is left: watches, ephemerals, and the whole
 * tree; then it removes all of that, so that the next stream finds both servers alike.
 */
import type { Acl } from '../../../src/jute/data.ts';
import { getChildrenResponse, OpCode, replyHeader } from '../../../src/jute/proto.ts';
import { JuteReader } from '../../../src/jute/reader.ts';
import { askFourLetterWord } from '../../support/four-letter-word.ts';
import type { Seen } from './differential-normal.ts';
import { fence, type Outcome, type Side } from './differential-side.ts';
import type { ConnectStep, Request, Step } from './differential-steps.ts';
import * as steps from './differential-steps.ts';

/** Not one of a stream's own clients. */
const janitor = 99;
export const superAuth = 'super:test';
export const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=';

/** Replies after which the server may have closed the connection. */
const closingErrors = new Set([-6, -115, -124]);
const wordTries = 40;
const burstMax = 200;
const reserved = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'];
const configAcl: Acl[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];

export interface Difference {
  /** Index of the step; the length of the stream for what was compared after it. */
  readonly at: number;
  readonly step: string;
  /** Which field of which kind of step differs: what has to stay while a stream is shrunk. */
  readonly signature: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

class Differs extends Error {
  readonly difference: Omit<Difference, 'at'>;

  constructor(difference: Omit<Difference, 'at'>) {
    super(difference.signature);
    this.difference = difference;
  }
}

export class Runner {
  /** Frames compared so far. */
  compared = 0;
  /** Requests and connects sent so far. */
  sent = 0;
  private readonly reference: Side;
  private readonly ours: Side;
  /** Of closeSession txns: events of one are in no order. */
  private readonly closeZxids = new Set<string>();

  constructor(reference: Side, ours: Side) {
    this.reference = reference;
    this.ours = ours;
  }

  /** Null when both did the same. `isLeft`: what is there at the end, stays. After a difference the two servers are of no further use. */
  async run(stream: readonly Step[], isLeft = false): Promise<Difference | null> {
    let at = 0;
    try {
      for (; at < stream.length; at++) await this.step(stream[at]!);
      if (!isLeft) await this.finish(stream);
      return null;
    } catch (error) {
      if (!(error instanceof Differs)) throw error;
      return { at, ...error.difference };
    }
  }

  private async step(step: Step): Promise<Outcome> {
    if (step.kind !== 'connect') await this.ensureOpen(step.client);
    return this.both(step);
  }

  /** A client without a connection gets its session back, or a new one when that is gone. */
  private async ensureOpen(client: number): Promise<void> {
    if (this.isOpen(client)) return;
    const usual = { kind: 'connect', client, timeoutMs: 60_000, readOnly: false } as const;
    const reopen: ConnectStep = { ...usual, how: 'reopen' };
    await this.both(reopen);
    if (!this.isOpen(client)) await this.both({ ...usual, how: 'new' });
  }

  private isOpen(client: number): boolean {
    return this.reference.isOpen(client) && this.ours.isOpen(client);
  }

  private async both(step: Step): Promise<Outcome> {
    const { reference, ours } = this;
    this.sent += step.kind === 'burst' ? step.requests.length : 1;
    const [expected, actual] = await Promise.all([reference.run(step), ours.run(step)]);
    this.compare(step, expected, actual);
    if (endsConnection(step)) {
      await Promise.all([reference.closes(step.client), ours.closes(step.client)]);
    } else if (expected.seen.some((each) => closingErrors.has(each.err ?? 0))) {
      await this.fence(step);
    }
    this.compareState(step);
    return expected;
  }

  /** Finds out whether the connection is still there on both sides. */
  private async fence(behind: Step): Promise<void> {
    const { client } = behind;
    const { reference, ours } = this;
    if (!reference.isOpen(client) && !ours.isOpen(client)) return;
    const ping: Step = { kind: 'request', client, request: fence };
    const [expected, actual] = await Promise.all([reference.run(ping), ours.run(ping)]);
    const closed = [expected, actual].map((each) => each.seen.at(-1)?.what === 'closed');
    if (closed[0] === closed[1]) this.compare(ping, expected, actual);
    // The ping may have been faster than the end of its connection.
    else await (closed[0] ? ours : reference).closes(client);
  }

  private compareState(step: Step): void {
    const states = [this.reference, this.ours].map((side) => side.isOpen(step.client));
    if (states[0] === states[1]) return;
    this.fail(step, 'connection', { isOpen: states[0] }, { isOpen: states[1] });
  }

  private compare(step: Step, expected: Outcome, actual: Outcome): void {
    const lists = [this.ordered(step, expected), this.ordered(step, actual)];
    this.compared += lists[0]!.length;
    for (let i = 0; i < Math.max(lists[0]!.length, lists[1]!.length); i++) {
      const field = differingField(lists[0]![i], lists[1]![i]);
      if (field !== null) this.fail(step, field, lists[0]!.slice(i), lists[1]!.slice(i));
    }
  }

  private fail(step: Step, field: string, expected: unknown, actual: unknown): never {
    const kind = step.kind === 'request' ? steps.opName(step.request.type) : step.kind;
    const text = steps.describeStep(step);
    throw new Differs({ step: text, signature: `${kind}: ${field}`, expected, actual });
  }

  private ordered(step: Step, { seen }: Outcome): Seen[] {
    const closes = requestsOf(step).some((request) => request.type === OpCode.closeSession);
    if (closes) for (const { err, zxid } of seen) if (err === 0) this.closeZxids.add(zxid);
    const list = [...seen];
    for (let from = 0; from < list.length; ) {
      let to = from + 1;
      const { zxid } = list[from]!;
      const isRun = isEventSeen(list[from]!) && this.closeZxids.has(zxid);
      if (isRun) while (to < list.length && isEventSeen(list[to]!) && list[to]!.zxid === zxid) to++;
      const run = list.slice(from, to).sort((a, b) => (a.what < b.what ? -1 : 1));
      list.splice(from, run.length, ...run);
      from = to;
    }
    return list;
  }

  private async finish(stream: readonly Step[]): Promise<void> {
    const clients = [...new Set(stream.map((step) => step.client))];
    for (const client of clients) {
      if (this.isOpen(client)) await this.both({ kind: 'request', client, request: fence });
    }
    await this.compareWords(['wchp', 'wchs', 'dump']);
    for (const client of clients) {
      if (!this.reference.hasSession(client)) continue;
      await this.ensureOpen(client);
      await this.both(steps.ask(client, steps.bare(OpCode.closeSession)));
    }
    await this.openJanitor();
    await this.clean(await this.walk());
  }

  private async openJanitor(): Promise<void> {
    if (this.isOpen(janitor)) return;
    const usual = { kind: 'connect', client: janitor, how: 'new', readOnly: false } as const;
    await this.both({ ...usual, timeoutMs: 600_000 });
    await this.both(steps.ask(janitor, steps.auth('digest', superAuth)));
  }

  /** The servers learn at different times of connections that are gone: they may have some. */
  private async compareWords(words: readonly string[]): Promise<void> {
    for (const word of words) {
      let texts: string[] = [];
      for (let tries = 0; tries < wordTries; tries++) {
        texts = await Promise.all([this.reference, this.ours].map((side) => ask(side, word)));
        if (texts[0] === texts[1]) break;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      const step: Step = { kind: 'bytes', client: janitor, text: word, bytes: new Uint8Array(0) };
      if (texts[0] !== texts[1]) this.fail(step, word, texts[0], texts[1]);
    }
  }

  /** Compares every node of both trees and returns all paths, parents first. */
  private async walk(): Promise<string[]> {
    const paths = ['/'];
    for (let from = 0; from < paths.length; ) {
      const level = paths.slice(from, from + burstMax);
      from += level.length;
      await this.burst(level.map((path) => steps.read(OpCode.getData, path)));
      await this.burst(level.map((path) => steps.ofPath(OpCode.getACL, path)));
      const { replies } = await this.burst(
        level.map((path) => steps.read(OpCode.getChildren, path)),
      );
      for (const [i, path] of level.entries()) {
        const parent = path === '/' ? '' : path;
        for (const name of namesOf(replies[i]!)) paths.push(`${parent}/${name}`);
      }
    }
    return paths;
  }

  private async clean(paths: readonly string[]): Promise<void> {
    const removes = [...paths].reverse().filter((path) => !reserved.includes(path));
    for (let from = 0; from < removes.length; from += burstMax) {
      await this.burst(removes.slice(from, from + burstMax).map((path) => steps.remove(path)));
    }
    await this.burst(
      reserved.map((path) =>
        steps.setAcl(path, path === '/zookeeper/config' ? configAcl : steps.openAcl),
      ),
    );
  }

  private burst(requests: readonly Request[]): Promise<Outcome> {
    if (requests.length === 0) return Promise.resolve({ seen: [], replies: [] });
    return this.both({ kind: 'burst', client: janitor, requests });
  }
}

function isEventSeen(seen: Seen): boolean {
  return seen.what.startsWith('event');
}

function requestsOf(step: Step): readonly Request[] {
  if (step.kind === 'request') return [step.request];
  return step.kind === 'burst' ? step.requests : [];
}

function endsConnection(step: Step): boolean {
  return requestsOf(step).some((request) => request.type === OpCode.closeSession);
}

function differingField(expected: Seen | undefined, actual: Seen | undefined): string | null {
  if (expected === undefined || actual === undefined) return 'number of frames';
  for (const field of ['what', 'err', 'zxid', 'length', 'body'] as const) {
    if (JSON.stringify(expected[field]) !== JSON.stringify(actual[field])) return field;
  }
  return null;
}

function namesOf(reply: Uint8Array): string[] {
  const reader = new JuteReader(reply);
  if (replyHeader.read(reader).err !== 0) return [];
  return (getChildrenResponse.read(reader).children ?? []).map((name) => name ?? '').sort();
}

async function ask(side: Side, word: string): Promise<string> {
  const answer = side.normal.text(await askFourLetterWord(side.port, word));
  // Apache's server also counts connections which watch nothing any more.
  if (word === 'wchs') return answer.replace(/^\d+ connections/, '');
  if (word !== 'dump') return answer.split('\n').sort().join('\n');
  // What is not about time and ports: sessions with their ephemerals. Apache's server also lists
  // those which have none any more.
  const owners = answer.matchAll(/^(session \d+):\n((?:\t.*\n)+)/gm);
  return [...owners]
    .map(([, name, nodes]) => `${name} ${nodes!.split('\n').sort()}`)
    .sort()
    .join();
}
