/** What is appended is durable before it is reported, and an ask is answered in its place in line. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createMetricsMemory, MetricsRecorder } from '../../src/admin/metrics-recorder.ts';
import { LogAgent } from '../../src/agents/log.ts';
import { LogAsks } from '../../src/agents/log-asks.ts';
import { LogLoan } from '../../src/agents/log-loan.ts';
import { diskAsks, ToEnsemble, ToLog } from '../../src/agents/messages.ts';
import { Outlet } from '../../src/agents/outlet.ts';
import { ringBytesDefault } from '../../src/base/limits.ts';
import { type Epoch, highHalf, lowHalf, type Zxid } from '../../src/base/zxid.ts';
import { createBell } from '../../src/ring/bell.ts';
import { createLoan, Loan } from '../../src/ring/loan.ts';
import { createRing } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { createLock, ThreadLock } from '../../src/ring/thread-lock.ts';
import { TxnLogWriter } from '../../src/storage/txn-log-writer.ts';
import type { DiskAsk } from '../../src/zab/peer-ports.ts';
import { directory, freshDisk, recoverSim } from '../sim/crash-explorer.ts';
import type { SimDisk } from '../sim/sim-disk.ts';
import { SimClock, SimRandom } from '../sim/sim-ports.ts';
import { History } from '../storage/history.ts';
import { RecordingLogger } from '../storage/recording-logger.ts';

function ring() {
  const bell = createBell();
  const memory = createRing(ringBytesDefault, bell, bell);
  return { sender: new Outlet(new RingSender(memory)), receiver: new RingReceiver(memory) };
}

let disk: SimDisk;
let history: History;
let appends: ReturnType<typeof ring>;
let synced: ReturnType<typeof ring>;
let agent: LogAgent;

function open(isMember: boolean, snapCount = 1000): void {
  disk = freshDisk(1);
  history = new History();
  appends = ring();
  synced = ring();
  const logger = new RecordingLogger();
  const lock = new ThreadLock(createLock());
  const random = new SimRandom(1);
  agent = new LogAgent({
    ...{ appends: appends.receiver, synced: synced.sender, clock: new SimClock(), random, logger },
    loan: new LogLoan(new Loan(createLoan())),
    openWriter: (lastZxid) =>
      new TxnLogWriter({ ...{ disk, directory, lastZxid }, preallocBytes: 8192 }),
    asks: isMember ? new LogAsks({ disk, directory, lock, logger }) : null,
    metrics: new MetricsRecorder(createMetricsMemory(), random),
    settings: { snapCount, snapSizeLimitBytes: 0, fileBytesMax: 0, fsyncWarningThresholdMs: 1000 },
  });
  agent.start();
  tell(ToLog.begin, 0n);
}

beforeEach(() => open(true));

function tell(type: number, zxid: bigint, tail: Uint8Array = new Uint8Array(0)): void {
  const { sender } = appends;
  const at = sender.open(type, 8 + tail.byteLength);
  sender.view.setBigInt64(at, zxid);
  sender.bytes.set(tail, at + 8);
  sender.flush();
}

function append(count: number): void {
  for (let i = 0; i < count; i++) {
    const { payload } = history.next();
    tell(ToLog.append, history.lastZxid, payload);
  }
}

function ask(ask: DiskAsk): void {
  const { sender } = appends;
  const at = sender.open(ToLog.ask, 12);
  sender.view.setInt32(at, diskAsks.indexOf(ask.kind));
  const value = 'zxid' in ask ? ask.zxid : BigInt('epoch' in ask ? ask.epoch : 0);
  sender.view.setInt32(at + 4, highHalf(value));
  sender.view.setInt32(at + 8, lowHalf(value));
  sender.flush();
}

/** What the log says, in words. */
function said(): string[] {
  const words: string[] = [];
  const { receiver } = synced;
  receiver.drain((type, offset) => {
    if (type === ToEnsemble.synced) words.push(`synced ${receiver.view.getBigInt64(offset)}`);
    if (type === ToEnsemble.snapshotDue) words.push('snapshotDue');
    if (type === ToEnsemble.asked) words.push(receiver.view.getInt32(offset) ? 'done' : 'refused');
    return true;
  }, 1000);
  return words;
}

/** What a power cut now would leave: the last zxid. */
function durable(): bigint {
  return recoverSim(disk.crash('lose-all', 1), 'quorum').lastZxid;
}

function epochs() {
  return recoverSim(disk.crash('lose-all', 1), 'quorum').epochs;
}

function run(): string[] {
  const words: string[] = [];
  for (let idle = 0; idle < 3; ) {
    idle = agent.dutyCycle() === 0 ? idle + 1 : 0;
    words.push(...said());
  }
  return words;
}

describe('txns', () => {
  it('that came together are one batch, and durable when it is reported', () => {
    append(5);
    agent.dutyCycle();
    expect(said()).toEqual(['synced 5']);
    expect(durable()).toBe(5n);
  });

  it('behind a roll go into the next file, and a snapshot is due', () => {
    append(2);
    appends.sender.open(ToLog.roll, 0);
    append(2);
    expect(run()).toEqual(['synced 2', 'snapshotDue', 'synced 4']);
    const logs = disk.list(directory.logs).filter((name) => name.startsWith('log.'));
    expect(logs.sort()).toEqual(['log.1', 'log.3']);
  });

  it('make a snapshot due when there were enough of them', () => {
    open(true, 4);
    append(9);
    expect(run()).toEqual(['synced 9', 'snapshotDue']);
  });

  it('of a later epoch leave a mark first, so that a start does not take them for strange', () => {
    history.beginEpoch(3);
    append(1);
    run();
    expect(epochs()).toMatchObject({ current: 3 });
  });
});

describe('asks', () => {
  it('are answered behind the txns before them, and in front of those behind', () => {
    append(2);
    ask({ kind: 'flush' });
    append(2);
    ask({ kind: 'acceptedEpoch', epoch: 5 as Epoch });
    ask({ kind: 'currentEpoch', epoch: 4 as Epoch });
    expect(run()).toEqual(['synced 2', 'done', 'synced 4', 'done', 'done']);
    expect(epochs()).toEqual({ accepted: 5, current: 4 });
  });

  it('for an epoch are answered when it is durable', () => {
    let answered = '';
    disk.onMoment = () => {
      answered += said().join();
    };
    ask({ kind: 'acceptedEpoch', epoch: 5 as Epoch });
    agent.dutyCycle();
    disk.onMoment = null;
    expect(answered).toBe('');
    expect(said()).toEqual(['done']);
    expect(epochs()).toMatchObject({ accepted: 5 });
  });

  it('to cut the log take effect behind what was appended, and appends go on from there', () => {
    append(9);
    ask({ kind: 'truncate', zxid: 4n as Zxid });
    expect(run()).toEqual(['synced 9', 'done']);
    expect(durable()).toBe(4n);
    history = new History();
    for (let i = 0; i < 4; i++) history.next();
    append(2);
    expect(run()).toEqual(['synced 6']);
    expect(durable()).toBe(6n);
  });

  it('to cut the log where no snapshot reaches are refused, and change nothing', () => {
    append(4);
    run();
    const [old] = disk.list(directory.snapshots).filter((name) => name.startsWith('snapshot.'));
    disk.rename(`${directory.snapshots}/${old}`, `${directory.snapshots}/elsewhere`);
    ask({ kind: 'truncate', zxid: 2n as Zxid });
    expect(run()).toEqual(['refused']);
    disk.rename(`${directory.snapshots}/elsewhere`, `${directory.snapshots}/${old}`);
    disk.syncDirectory(directory.snapshots);
    expect(durable()).toBe(4n);
  });

  it('come from members of an ensemble only', () => {
    open(false);
    ask({ kind: 'acceptedEpoch', epoch: 5 as Epoch });
    expect(() => agent.dutyCycle()).toThrow('asks the log for nothing but appends');
    expect(disk.list(directory.snapshots)).not.toContain('acceptedEpoch');
  });
});
