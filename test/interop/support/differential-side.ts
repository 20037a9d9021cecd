/**
 * One of the two servers of a differential test, with the clients of the stream on it: carries a
 * step out, and tells what came back in a form that can be compared. It knows nothing of the other
 * server, and judges nothing.
 */

import { highHalf, lowHalf } from '../../../src/base/zxid.ts';
import { connectResponse, OpCode, Xid } from '../../../src/jute/proto.ts';
import { JuteReader } from '../../../src/jute/reader.ts';
import { isPasswordOf } from '../../../src/processor/session-password.ts';
import { encodeConnectRequest, encodeRequest } from '../../support/raw-client.ts';
import { framed, RawSocket } from '../../support/raw-socket.ts';
import { isEvent, Normalizer, type Seen } from './differential-normal.ts';
import { bodyOf, type ConnectStep, type Request, type Step } from './differential-steps.ts';

/** Longer than any server takes: who is silent for so long does not answer at all. */
const silenceMs = 15_000;

export interface Outcome {
  readonly seen: readonly Seen[];
  /** The replies as they came. */
  readonly replies: readonly Uint8Array[];
}

interface Client {
  link: Link | null;
  session: { readonly id: bigint; readonly passwd: Uint8Array } | null;
  nextXid: number;
}

/** A connection, and what it received and nobody looked at yet. */
class Link {
  readonly socket: RawSocket;
  private readonly frames: Uint8Array[] = [];
  private replies = 0;
  private wake: () => void = () => {};

  constructor(socket: RawSocket) {
    this.socket = socket;
    socket.onFrame = (frame) => {
      this.frames.push(frame);
      if (!isEvent(frame)) this.replies++;
      this.wake();
    };
  }

  /** Everything up to the reply with that number, or up to the end if it comes before. */
  async take(replies: number): Promise<Taken> {
    const end = await this.until(() => this.replies >= replies);
    if (end !== '') {
      this.replies = 0;
      return { frames: this.frames.splice(0), end };
    }
    let count = 0;
    let left = replies;
    while (left > 0) if (!isEvent(this.frames[count++]!)) left--;
    this.replies -= replies;
    return { frames: this.frames.splice(0, count), end };
  }

  /** So many frames, which are events if nothing was asked for. */
  async takeEvents(count: number): Promise<Taken> {
    const end = await this.until(() => this.frames.length >= count);
    return { frames: this.frames.splice(0, count), end };
  }

  private async until(isDone: () => boolean): Promise<Taken['end']> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.wake();
    }, silenceMs);
    while (!isDone() && !isLate && !this.socket.isClosed) {
      const news = new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      await Promise.race([news, this.socket.closed]);
    }
    clearTimeout(timer);
    if (isDone()) return '';
    return isLate ? 'silent' : 'closed';
  }
}

interface Taken {
  readonly frames: Uint8Array[];
  readonly end: 'closed' | 'silent' | '';
}

export class Side {
  readonly name: string;
  readonly port: number;
  readonly normal: Normalizer;
  private readonly clients = new Map<number, Client>();
  private sessionsOpened = 0;

  constructor(name: string, port: number, takesZxidForUndecodable: boolean) {
    this.name = name;
    this.port = port;
    this.normal = new Normalizer(takesZxidForUndecodable);
  }

  isOpen(client: number): boolean {
    const { link } = this.client(client);
    return link !== null && !link.socket.isClosed;
  }

  hasSession(client: number): boolean {
    return this.client(client).session !== null;
  }

  /** Settles when the server has closed the client's connection, or seems never to do so. */
  async closes(client: number): Promise<void> {
    const { link } = this.client(client);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, silenceMs);
    });
    await Promise.race([link?.socket.closed, patience]);
    clearTimeout(timer);
  }

  run(step: Step): Promise<Outcome> {
    const client = this.client(step.client);
    if (step.kind === 'connect') return this.connect(client, step);
    if (step.kind === 'request') return this.ask(client, [step.request]);
    if (step.kind === 'burst') return this.ask(client, step.requests);
    if (step.kind === 'take-over') return this.takeOver(client, step.client);
    if (step.kind === 'abandon') return this.abandon(client);
    if (step.kind === 'intrude') return this.intrude(client, step.client);
    if (step.kind === 'events') return this.waitForEvents(client, step.count);
    client.link?.socket.write(step.bytes);
    return this.collect(client, [{ type: 0, body: new Uint8Array(0) }]);
  }

  async end(): Promise<void> {
    for (const { link } of this.clients.values()) await link?.socket.destroy();
  }

  private client(index: number): Client {
    let client = this.clients.get(index);
    if (client === undefined) {
      client = { link: null, session: null, nextXid: 1 };
      this.clients.set(index, client);
    }
    return client;
  }

  private ask(client: Client, requests: readonly Request[]): Promise<Outcome> {
    const sent = requests.map((request) => {
      const body = bodyOf(request, (back) => this.normal.zxidBack(back));
      const xid = request.xid ?? client.nextXid++;
      client.link?.socket.write(framed(encodeRequest(xid, request.type, body)));
      return { type: request.type, body };
    });
    return this.collect(client, sent);
  }

  private async collect(
    client: Client,
    sent: readonly { type: number; body: Uint8Array }[],
  ): Promise<Outcome> {
    const { link } = client;
    if (link === null) return { seen: [{ what: 'no connection', zxid: '' }], replies: [] };
    const { frames, end } = await link.take(sent.length);
    const replies: Uint8Array[] = [];
    const seen = frames.map((frame) => {
      if (isEvent(frame)) return this.normal.event(frame);
      const { type, body } = sent[replies.length]!;
      replies.push(frame);
      return this.normal.reply(frame, type, body);
    });
    if (end !== '') seen.push({ what: end, zxid: '' });
    return { seen, replies };
  }

  private async abandon(client: Client): Promise<Outcome> {
    await client.link?.socket.destroy();
    client.link = null;
    return { seen: [], replies: [] };
  }

  private async waitForEvents(client: Client, count: number): Promise<Outcome> {
    const taken = await client.link?.takeEvents(count);
    const seen = (taken?.frames ?? []).map((frame) => this.normal.event(frame));
    if (taken?.end !== '') seen.push({ what: taken?.end ?? 'no connection', zxid: '' });
    return { seen, replies: [] };
  }

  private async intrude(client: Client, index: number): Promise<Outcome> {
    const { link } = client;
    client.link = null;
    const step = { kind: 'connect', client: index, how: 'wrong', timeoutMs: 60_000 } as const;
    const outcome = await this.connect(client, { ...step, readOnly: false });
    client.link = link;
    return outcome;
  }

  private async connect(client: Client, step: ConnectStep): Promise<Outcome> {
    await this.abandon(client);
    const socket = await RawSocket.open(this.port);
    const { timeoutMs, readOnly } = step;
    const session = sessionFor(client, step.how);
    const ahead = step.zxidAhead;
    const lastZxidSeen = ahead === undefined ? 0n : this.normal.lastZxid + ahead;
    socket.writeFrame(encodeConnectRequest({ timeoutMs, readOnly, lastZxidSeen, ...session }));
    const frame = await socket.nextFrame().catch(() => null);
    if (frame === null) return { seen: [{ what: 'closed', zxid: '' }], replies: [] };
    const reader = new JuteReader(frame);
    const { protocolVersion, timeOut, sessionId, passwd } = connectResponse.read(reader);
    const rest = Buffer.from(frame.subarray(reader.offset)).toString('hex');
    const hex = Buffer.from(passwd ?? []).toString('hex');
    const isRight = isPasswordOf(highHalf(sessionId), lowHalf(sessionId), passwd!);
    if (timeOut > 0) this.welcome(client, sessionId, passwd, socket);
    else await socket.closed;
    const body = {
      ...{ protocolVersion, timeOut, readOnly: rest },
      session: this.normal.session(sessionId),
      passwd: isRight ? 'of its id' : hex,
    };
    return { seen: [{ what: 'connected', zxid: '', length: frame.byteLength, body }], replies: [] };
  }

  private welcome(client: Client, id: bigint, passwd: Uint8Array | null, socket: RawSocket): void {
    if (client.session?.id !== id) {
      this.normal.nameSession(id, `session ${++this.sessionsOpened}`);
    }
    client.session = { id, passwd: passwd ?? new Uint8Array(0) };
    client.link = new Link(socket);
  }

  /** The old connection must be closed without anything being said on it. */
  private async takeOver(client: Client, index: number): Promise<Outcome> {
    const old = client.link;
    client.link = null;
    const step = { kind: 'connect', client: index, how: 'reopen', timeoutMs: 60_000 } as const;
    const { seen } = await this.connect(client, { ...step, readOnly: false });
    if (old === null) return { seen, replies: [] };
    const { frames, end } = await old.take(1);
    const rest = frames.map((frame) => {
      if (isEvent(frame)) return this.normal.event(frame);
      return this.normal.reply(frame, 0, new Uint8Array(0));
    });
    return { seen: [...seen, ...rest, { what: `old ${end}`, zxid: '' }], replies: [] };
  }
}

const wrongPasswd = new Uint8Array(16).fill(7);

function sessionFor(client: Client, how: ConnectStep['how']) {
  const { session } = client;
  if (how === 'unknown') return { session: { id: 0x1234_5678n, passwd: wrongPasswd } };
  if (how === 'new' || session === null) return {};
  const { id, passwd } = session;
  if (how === 'wrong') return { session: { id, passwd: wrongPasswd } };
  if (how === 'short') return { session: { id, passwd: passwd.subarray(0, 3) } };
  if (how === 'null') return { session: { id, passwd: null } };
  return { session: { id, passwd } };
}

/** What ends a connection only now and then shows itself by whether this is answered. */
export const fence: Request = {
  text: 'ping',
  type: OpCode.ping,
  body: new Uint8Array(0),
  xid: Xid.ping,
};
