/**
 * The workloads that an ensemble must come through: a register that is compared and set, numbers
 * that are drawn from a sequence, money that moves by multi, a lock, and nodes of sessions. Their
 * books need no clock but that of one process: what began after another thing ended came later.
 */
import { CreateFlag, OpCode, setDataRequest } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { EnsembleClient, type EnsembleClientOptions } from '../support/ensemble-client.ts';
import type { SeenTree } from '../support/ensemble-state.ts';
import { encodeRecord, type RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { LoopingWorkload, textAt, type Workload } from './workload.ts';

const nodeExists = -110;
const noNode = -101;
const badVersion = -103;

/** One client and one server of its own to begin with. */
abstract class ClientWorkload extends LoopingWorkload {
  protected readonly client: EnsembleClient;
  protected readonly root: string;
  protected readonly wrong: string[] = [];

  constructor(options: EnsembleClientOptions, root: string) {
    super();
    this.client = new EnsembleClient(options);
    this.root = root;
  }

  protected async prepare(): Promise<void> {
    await this.insist(this.root, '');
  }

  protected close(): Promise<void> {
    return this.client.close();
  }

  /** Creates a node that may be there already. */
  protected async insist(path: string, text: string): Promise<void> {
    while (!this.isEnding) {
      const data = encodeUtf8(text);
      const answer = await this.client.attempt((client) => requests.create(client, path, { data }));
      if (answer?.reply.err === 0 || answer?.reply.err === nodeExists) return;
    }
  }

  /** Counts an answer; notes it when it is none of those that may come. */
  protected count(what: string, err: number, allowed: readonly number[]): void {
    this.acknowledged++;
    if (err !== 0 && !allowed.includes(err)) this.wrong.push(`${what}: error ${err}`);
  }
}

/** What all clients of one register were told: the text by the version that it was set as. */
class RegisterBook {
  readonly written = new Map<number, string>();
  readonly wrong: string[] = [];

  /** Version `version` holds `text`: somebody has set or seen it. */
  note(version: number, text: string): void {
    const known = this.written.get(version);
    if (known === undefined) this.written.set(version, text);
    else if (known !== text) this.wrong.push(`version ${version} is ${known} and ${text}`);
  }
}

/** Reads, and sets if nobody else has; a version means one text for ever, and never goes back. */
class Register extends ClientWorkload {
  readonly name = 'register';
  private readonly book: RegisterBook;
  private readonly number: number;
  private serial = 0;
  private versionMax = 0;

  constructor(options: EnsembleClientOptions, root: string, number: number, book: RegisterBook) {
    super(options, root);
    this.number = number;
    this.book = book;
  }

  protected async step(): Promise<void> {
    const seen = await this.client.attempt((client) => requests.getData(client, this.root));
    if (seen === null || seen.stat === null) return;
    const { version } = seen.stat;
    this.book.note(version, Buffer.from(seen.data ?? []).toString());
    if (version < this.versionMax) this.wrong.push(`${version} after ${this.versionMax}`);
    this.versionMax = version;
    const text = `client ${this.number}, write ${this.serial++}`;
    const reply = await this.client.attempt((client) =>
      requests.setData(client, this.root, encodeUtf8(text), version),
    );
    if (reply === null) return;
    this.count('set', reply.err, [badVersion]);
    if (reply.err === 0) this.book.note(version + 1, text);
  }

  judge(tree: SeenTree): string[] {
    const last = tree[this.root]?.stat.version ?? -1;
    this.book.note(last, textAt(tree, this.root));
    const lost = [...this.book.written.keys()].filter((version) => version > last);
    return [...this.wrong, ...this.book.wrong, ...lost.map((version) => `${version} is lost`)];
  }
}

/** The highest number that anybody has drawn, for all clients of one sequence. */
class SequenceBook {
  readonly drawn = new Set<string>();
  numberMax = -1;
}

/** Draws numbers: each goes to one client, and what is drawn later is higher. */
class Sequence extends ClientWorkload {
  readonly name = 'sequence';
  private readonly book: SequenceBook;

  constructor(options: EnsembleClientOptions, root: string, book: SequenceBook) {
    super(options, root);
    this.book = book;
  }

  protected async step(): Promise<void> {
    const before = this.book.numberMax;
    const flags = CreateFlag.persistentSequential;
    const answer = await this.client.attempt((client) =>
      requests.create(client, `${this.root}/n-`, { flags }),
    );
    if (answer === null) return;
    this.count('draw', answer.reply.err, []);
    const path = answer.path ?? '';
    const number = Number(path.slice(-10));
    if (this.book.drawn.has(path)) this.wrong.push(`${path} was drawn twice`);
    if (number <= before) this.wrong.push(`${path} was drawn after ${before}`);
    this.book.drawn.add(path);
    this.book.numberMax = Math.max(this.book.numberMax, number);
  }

  judge(tree: SeenTree): string[] {
    const lost = [...this.book.drawn].filter((path) => tree[path] === undefined);
    return [...this.wrong, ...lost.map((path) => `${path} is lost`)];
  }
}

const accounts = 5;
const moneyEach = 100;

/** Moves money between accounts: whatever happens, there is as much as before. */
class Bank extends ClientWorkload {
  readonly name = 'bank';
  private serial = 0;

  protected override async prepare(): Promise<void> {
    await super.prepare();
    for (let i = 0; i < accounts; i++) await this.insist(this.pathOf(i), String(moneyEach));
  }

  protected async step(): Promise<void> {
    const from = this.serial % accounts;
    const to = (from + 1 + (this.serial % (accounts - 1))) % accounts;
    this.serial++;
    const one = await this.client.attempt((client) => requests.getData(client, this.pathOf(from)));
    const two = await this.client.attempt((client) => requests.getData(client, this.pathOf(to)));
    if (!one?.stat || !two?.stat) return;
    const amount = 1 + (this.serial % 7);
    const reply = await this.client.attempt((client: RawClient) =>
      requests.multi(client, [
        setTo(this.pathOf(from), moneyIn(one.data) - amount, one.stat!.version),
        setTo(this.pathOf(to), moneyIn(two.data) + amount, two.stat!.version),
      ]),
    );
    // A multi that fails says so in its body.
    if (reply !== null) this.count('move', reply.err, [badVersion]);
  }

  judge(tree: SeenTree): string[] {
    const texts = Array.from({ length: accounts }, (_, i) => textAt(tree, this.pathOf(i)));
    const sum = texts.reduce((total, text) => total + Number(text), 0);
    const expected = accounts * moneyEach;
    return sum === expected ? this.wrong : [...this.wrong, `${texts.join(' + ')} = ${sum}`];
  }

  private pathOf(account: number): string {
    return `${this.root}/account-${account}`;
  }
}

function moneyIn(data: Uint8Array | null): number {
  return Number(Buffer.from(data ?? []).toString());
}

function setTo(path: string, money: number, version: number): { type: number; body: Uint8Array } {
  const request = { path, data: encodeUtf8(String(money)), version };
  return { type: OpCode.setData, body: encodeRecord(setDataRequest, request) };
}

/** From the zxid with which the lock was taken to that with which it was given back. */
interface Hold {
  readonly from: bigint;
  readonly to: bigint;
}

/** Takes and gives back an ephemeral node: nobody takes it while another one has it. */
class Lock extends ClientWorkload {
  readonly name = 'lock';
  private readonly holds: Hold[];

  constructor(options: EnsembleClientOptions, root: string, holds: Hold[]) {
    super(options, root);
    this.holds = holds;
  }

  protected async step(): Promise<void> {
    const path = `${this.root}/lock`;
    const taken = await this.client.attempt((client) =>
      requests.create(client, path, { flags: CreateFlag.ephemeral }),
    );
    // Without an answer it may be ours, or may have been: a new session makes sure that it is not.
    if (taken === null) return this.client.close();
    this.count('lock', taken.reply.err, [nodeExists]);
    if (taken.reply.err !== 0) return;
    const given = await this.client.attempt((client) => requests.remove(client, path));
    if (given === null) return this.client.close();
    this.count('unlock', given.err, [noNode]);
    if (given.err === 0) this.holds.push({ from: taken.reply.zxid, to: given.zxid });
  }

  judge(tree: SeenTree): string[] {
    const wrong = [...this.wrong];
    if (tree[`${this.root}/lock`] !== undefined) wrong.push('the lock is held by nobody');
    const holds = this.holds.toSorted((a, b) => (a.from < b.from ? -1 : 1));
    for (let i = 1; i < holds.length; i++) {
      const [a, b] = [holds[i - 1]!, holds[i]!];
      if (b.from < a.to) wrong.push(`two held the lock: ${a.from}-${a.to} and ${b.from}-${b.to}`);
    }
    return wrong;
  }
}

/** Opens sessions, leaves nodes in them and closes them: no node outlives its session. */
class Ephemerals extends ClientWorkload {
  readonly name = 'ephemerals';
  private serial = 0;

  protected async step(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      const path = `${this.root}/${this.serial++}`;
      const flags = CreateFlag.ephemeral;
      const answer = await this.client.attempt((client) =>
        requests.create(client, path, { flags }),
      );
      if (answer !== null) this.count('create', answer.reply.err, []);
    }
    await this.client.close();
  }

  judge(tree: SeenTree): string[] {
    const left = Object.keys(tree).filter((path) => path.startsWith(`${this.root}/`));
    return [...this.wrong, ...left.map((path) => `${path} has outlived its session`)];
  }
}

/** Workloads of all kinds; of those with common books, one for each server. */
export function allWorkloads(ports: readonly number[]): Workload[] {
  const options = ports.map((_, i) => ({
    ports: [...ports.slice(i), ...ports.slice(0, i)],
    // Short, so that what a client could not close is gone soon.
    sessionTimeoutMs: 6000,
  }));
  const registers = new RegisterBook();
  const numbers = new SequenceBook();
  const holds: Hold[] = [];
  return [
    ...options.map((each, i) => new Register(each, '/register', i, registers)),
    ...options.map((each) => new Sequence(each, '/sequence', numbers)),
    ...options.map((each) => new Lock(each, '/locks', holds)),
    new Bank(options[0]!, '/bank'),
    new Bank(options[1]!, '/bank'),
    new Ephemerals(options[2]!, '/ephemerals'),
  ];
}
