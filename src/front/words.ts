/**
 * The first bytes of a connection: a four-letter word, the hello of a protocol that has no
 * business here, or the length of a handshake. Words are answered when everything they need to
 * know has come together; then the connection is closed.
 */
import { detectHello, httpHelloText, tlsHelloMessage, tlsRefusal } from '../admin/detect-hello.ts';
import {
  refusalText,
  traceMaskOf,
  type Whitelist,
  type Word,
  wordAnswer,
  wordOf,
} from '../admin/four-letter-words.ts';
import type { ServerFacts } from '../admin/server-facts.ts';
import { digestsOf, sessionsOf, watchesOf } from '../agents/keeper-reports.ts';
import type { FrontAsk, KeeperGauges } from '../agents/messages.ts';
import type { Logger } from '../base/ports.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import type { ClientConnection } from '../net/client-connection.ts';
import { Serving, type SharedStatus } from '../state/shared-status.ts';
import type { FrontFacts, PlainFacts } from './facts.ts';
import type { FrontAgent } from './front.ts';
import { encodeReport, type FrontReport } from './front-report.ts';
import type { OtherFronts } from './other-fronts.ts';
import type { FrontRequests } from './requests.ts';

export interface FrontWordsParts {
  readonly whitelist: Whitelist;
  readonly facts: FrontFacts;
  readonly requests: FrontRequests;
  readonly others: OtherFronts;
  readonly status: SharedStatus;
  readonly logger: Logger;
  /** The port that is bound. */
  readonly clientPort: () => number;
  /** Bytes above which the first four cannot be a length. */
  readonly frameBytesMax: number;
}

type Reports = Pick<ServerFacts, 'directories' | 'sessions' | 'watches' | 'digests'>;

const noReports: Reports = { directories: null, sessions: null, watches: null, digests: null };

/** Which question to the keeper gives which report. */
const queryOf = { gauges: 'gauges', sessions: 'dump', watches: 'wchc', digests: 'hash' } as const;

export class FrontWords {
  private readonly parts: FrontWordsParts;
  /** What is to be done with the keeper's answer to a query. */
  private readonly pending = new Map<number, (value: unknown) => void>();
  private nextQueryId = 1;

  constructor(parts: FrontWordsParts) {
    this.parts = parts;
  }

  onFirstBytes(
    front: FrontAgent,
    connection: ClientConnection,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): 'frame' | 'taken' | 'more' {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, 4);
    const code = view.getInt32(0);
    const word = wordOf(code);
    if (word === undefined) return this.onNoWord(connection, code);
    const isEnabled = this.parts.whitelist.isEnabled(word);
    if (isEnabled && end - start < 4 + word.argumentBytes) return 'more';
    countWord(front, connection);
    if (!isEnabled) {
      finishWord(front, connection, refusalText(word));
      return 'taken';
    }
    if (word.effect === 'setTraceMask') this.parts.status.traceMask = traceMaskOf(bytes, start + 4);
    this.answer(front, connection, word);
    return 'taken';
  }

  onAnswer(queryId: number, value: unknown): void {
    const resolve = this.pending.get(queryId);
    this.pending.delete(queryId);
    resolve?.(value);
  }

  private onNoWord(connection: ClientConnection, code: number): 'frame' | 'taken' {
    if (code >= 0 && code <= this.parts.frameBytesMax) return 'frame';
    const place = { clientPort: this.parts.clientPort(), adminPort: null };
    const hello = detectHello(code);
    if (hello === 'unknown') return 'frame';
    if (hello === 'tls') {
      this.parts.logger.warn({ client: connection.remoteAddress }, tlsHelloMessage(place));
      finishBytes(connection, tlsRefusal);
      return 'taken';
    }
    this.parts.logger.warn(
      { client: connection.remoteAddress },
      `An HTTP client connected to the client port ${place.clientPort}`,
    );
    finish(connection, httpHelloText(place));
    return 'taken';
  }

  /** Another front wants to know about this one. */
  onAsked(front: FrontAgent, asker: number, queryId: number, what: FrontAsk): void {
    const report = this.parts.facts.report(front, what);
    this.parts.requests.frontAnswer(asker, queryId, encodeReport(report));
  }

  private answer(front: FrontAgent, connection: ClientConnection, word: Word): void {
    const { facts, status } = this.parts;
    if (status.serving !== Serving.serving) {
      const plain = facts.gather(front, [facts.report(front, 'stats')]);
      finishWord(front, connection, wordAnswer(word, { ...plain, ...noReports }));
      return;
    }
    if (word.effect === 'resetServer') facts.resetMetrics();
    this.askFronts(front, askOf(word), (reports) => {
      this.askKeeper(front, word, (known) => {
        const plain = facts.gather(front, reports, known.gauges);
        const more = known.more(plain);
        finishWord(front, connection, wordAnswer(word, { ...plain, ...noReports, ...more }));
      });
    });
  }

  /** Of all fronts, this one first. */
  private askFronts(
    front: FrontAgent,
    what: FrontAsk | null,
    done: (reports: readonly FrontReport[]) => void,
  ): void {
    const { facts, others } = this.parts;
    const own = facts.report(front, what ?? 'stats');
    if (what === null) done([own]);
    else {
      others.ask(
        what,
        (onAnswer) => this.expect(onAnswer),
        (reports) => done([own, ...reports]),
      );
      front.wake();
    }
  }

  private askKeeper(front: FrontAgent, word: Word, done: (known: KeeperAnswer) => void): void {
    const need = word.name === 'mntr' ? 'gauges' : word.needs[0];
    if (need === undefined) done({ gauges: null, more: () => ({}) });
    else if (need === 'directories') {
      const directories = this.parts.facts.directories();
      done({ gauges: null, more: () => ({ directories }) });
    } else {
      const queryId = this.expect((value) => done(answerOf(need, value)));
      this.parts.requests.query(queryId, queryOf[need]);
      front.wake();
    }
  }

  private expect(onAnswer: (value: unknown) => void): number {
    const queryId = this.nextQueryId++;
    this.pending.set(queryId, onAnswer);
    return queryId;
  }
}

/** A word and its answer are packets like others (Apache `NIOServerCnxn.checkFourLetterWord`). */
function countWord(front: FrontAgent, { cnxnId }: ClientConnection): void {
  const client = front.clients.get(cnxnId);
  if (client !== undefined) client.received++;
  front.stats.packetsReceived++;
}

function finishWord(front: FrontAgent, connection: ClientConnection, text: string): void {
  if (text !== '') front.stats.packetsSent++;
  finish(connection, text);
}

/** What the keeper knows for a word. */
interface KeeperAnswer {
  readonly gauges: KeeperGauges | null;
  readonly more: (plain: PlainFacts) => Partial<Reports>;
}

function answerOf(need: keyof typeof queryOf, value: unknown): KeeperAnswer {
  const gauges = null;
  if (need === 'gauges') return { gauges: value as KeeperGauges, more: () => ({}) };
  if (need === 'digests') return { gauges, more: () => ({ digests: digestsOf(value) }) };
  if (need === 'watches') return { gauges, more: () => ({ watches: watchesOf(value) }) };
  return { gauges, more: (plain) => ({ sessions: sessionsOf(value, plain) }) };
}

/** What all fronts are asked for a word; null: it is not about them. */
function askOf(word: Word): FrontAsk | null {
  if (word.effect === 'resetServer') return 'resetStats';
  if (word.effect === 'resetConnections') return 'resetConnections';
  if (wordsOfConnections.has(word.name)) return 'connections';
  return wordsOfFronts.has(word.name) ? 'stats' : null;
}

const wordsOfConnections: ReadonlySet<string> = new Set(['cons', 'stat', 'dump']);
const wordsOfFronts: ReadonlySet<string> = new Set(['srvr', 'mntr']);

function finish(connection: ClientConnection, text: string): void {
  finishBytes(connection, encodeUtf8(text));
}

function finishBytes(connection: ClientConnection, bytes: Uint8Array): void {
  connection.append(bytes, 0, bytes.byteLength);
  connection.end();
}
