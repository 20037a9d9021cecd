/** Both ends of the way to the log: what is written by the one, by the other, and in turn. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createMetricsMemory, MetricsRecorder } from '../../src/admin/metrics-recorder.ts';
import type { Appends } from '../../src/agents/appends.ts';
import { LogAgent } from '../../src/agents/log.ts';
import { LogAsks } from '../../src/agents/log-asks.ts';
import { LogLoan } from '../../src/agents/log-loan.ts';
import { ToEnsemble } from '../../src/agents/messages.ts';
import { Outlet } from '../../src/agents/outlet.ts';
import { DiskError } from '../../src/base/ports.ts';
import type { Epoch, Zxid } from '../../src/base/zxid.ts';
import { createBell } from '../../src/ring/bell.ts';
import { createLoan, Loan } from '../../src/ring/loan.ts';
import { createRing } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { createLock, ThreadLock } from '../../src/ring/thread-lock.ts';
import { TxnLogWriter } from '../../src/storage/txn-log-writer.ts';
import { directory, freshDisk, recoverSim } from '../sim/crash-explorer.ts';
import type { SimDisk } from '../sim/sim-disk.ts';
import { SimClock, SimRandom } from '../sim/sim-ports.ts';
import { History } from '../storage/history.ts';
import { RecordingLogger } from '../storage/recording-logger.ts';
import { newAppends } from './appends.ts';

let disk: SimDisk;
let history: History;
let appends: Appends;
let log: LogAgent;
let synced: RingReceiver;
/** What happens, in words. */
let words: string[];
let isWorthIt: boolean;

function ring() {
  const bell = createBell();
  return createRing(1 << 16, bell, bell);
}

function open({ snapCount = 1000, preallocBytes = 8192 } = {}): void {
  disk = freshDisk(1);
  history = new History();
  words = [];
  isWorthIt = true;
  const [there, back, shared] = [ring(), ring(), createLoan()];
  synced = new RingReceiver(back);
  const loneWrites = {
    isWorthIt: () => isWorthIt,
    sendPackets: () => {
      words.push('packets');
    },
  };
  const loan = () => new LogLoan(new Loan(shared));
  appends = newAppends(
    { ring: new Outlet(new RingSender(there)), synced, loneWrites, loan: loan() },
    disk,
  );
  const logger = new RecordingLogger();
  const random = new SimRandom(1);
  const lock = new ThreadLock(createLock());
  log = new LogAgent({
    ...{ appends: new RingReceiver(there), synced: new Outlet(new RingSender(back)), random },
    ...{
      loan: loan(),
      clock: new SimClock(),
      logger,
      asks: new LogAsks({ disk, directory, lock, logger }),
    },
    openWriter: (lastZxid) => new TxnLogWriter({ ...{ disk, directory, lastZxid, preallocBytes } }),
    metrics: new MetricsRecorder(createMetricsMemory(), random),
    settings: { snapCount, snapSizeLimitBytes: 0, fileBytesMax: 0, fsyncWarningThresholdMs: 1000 },
  });
  log.start();
  appends.begin(0n as Zxid);
}

beforeEach(() => open());

function append(count: number): void {
  for (let i = 0; i < count; i++) {
    const { payload, zxidHi, zxidLo } = history.next();
    appends.append(payload, 0, payload.byteLength, zxidHi, zxidLo);
  }
}

function flush(maySync = true): void {
  if (appends.flush(maySync)) words.push(`here ${appends.lastLo}`);
}

/** The log does what there is for it, and rests. */
function rest(): void {
  for (let idle = 0; idle < 2; ) idle = log.dutyCycle() === 0 ? idle + 1 : 0;
}

function hear(): void {
  synced.drain((type, offset) => {
    if (type === ToEnsemble.synced) words.push(`there ${synced.view.getInt32(offset + 4)}`);
    if (type === ToEnsemble.snapshotDue) words.push('snapshotDue');
    return true;
  }, 1000);
}

/** Appends and lets everybody do what they can; returns what happened. */
function step(count: number): string[] {
  words = [];
  append(count);
  flush();
  rest();
  hear();
  return words;
}

/** What a power cut now would leave: the last zxid. */
function durable(): bigint {
  return recoverSim(disk.crash('lose-all', 1), 'quorum').lastZxid;
}

function logFiles(): string[] {
  return disk.list(directory.logs).filter((name) => name.startsWith('log.'));
}

describe('a txn', () => {
  it('is written here when the log rests, and durable then', () => {
    expect(step(1)).toEqual(['there 1']);
    append(2);
    flush();
    expect(words).toEqual(['there 1', 'packets', 'here 3']);
    expect(durable()).toBe(3n);
    rest();
    hear();
    expect(words).toHaveLength(3);
  });

  it('is reported when it is durable, and never before', () => {
    step(1);
    let before = 0n;
    disk.onMoment = () => {
      before = durable();
      expect(words).toEqual(['packets']);
    };
    words = [];
    append(1);
    flush();
    expect(before).toBe(1n);
    expect(durable()).toBe(2n);
  });

  it('goes on where the other one has ended, in the same file', () => {
    for (let turn = 0; turn < 5; turn++) {
      isWorthIt = turn % 2 === 0;
      step(2);
    }
    expect(durable()).toBe(10n);
    expect(logFiles()).toEqual(['log.1']);
  });

  it('is written there while the log has not said all, or nobody may wait', () => {
    step(1);
    append(1);
    flush(false);
    rest();
    append(1);
    flush();
    rest();
    hear();
    expect(words).toEqual(['there 1', 'there 2', 'there 3']);
  });

  it('is written there while the log has something to do', () => {
    step(1);
    words = [];
    append(1);
    flush(false);
    append(1);
    flush();
    expect(words).toEqual([]);
    rest();
    hear();
    expect(words).toEqual(['there 3']);
  });

  it('behind an ask is written there', () => {
    step(1);
    appends.ask({ kind: 'acceptedEpoch', epoch: 1 as Epoch });
    expect(step(1)).toEqual(['there 2']);
    expect(step(1)).toEqual(['packets', 'here 3']);
  });

  it('is written there when it is the first of its epoch', () => {
    step(1);
    history.beginEpoch(3);
    expect(step(1)).toEqual(['there 1']);
    expect(recoverSim(disk.crash('lose-all', 1), 'quorum').epochs).toMatchObject({ current: 3 });
    expect(step(1)).toEqual(['packets', 'here 2']);
  });

  it('is written there when the zeros run out, which then are more', () => {
    const places = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const place = step(1).at(-1)!.split(' ')[0]!;
      places.set(place, (places.get(place) ?? 0) + 1);
    }
    expect(durable()).toBe(200n);
    expect(places.get('there')).toBeGreaterThan(1);
    expect(places.get('here')).toBeGreaterThan(50);
  });

  it('is written there without zeros ahead', () => {
    open({ preallocBytes: 0 });
    step(1);
    expect(step(1)).toEqual(['there 2']);
  });

  it('counts for the next snapshot wherever it was written', () => {
    open({ snapCount: 10 });
    const due: number[] = [];
    for (let i = 1; i <= 40; i++) if (step(1).includes('snapshotDue')) due.push(i);
    expect(due.length).toBeGreaterThan(3);
    expect(durable()).toBe(40n);
    expect(logFiles().sort()).toEqual(
      ['log.1', ...due.map((i) => `log.${(i + 1).toString(16)}`)].sort(),
    );
  });
});

describe('a disk that fails under a txn that is written here', () => {
  it.each(['write', 'sync'])('at its %s is never asked again', (name) => {
    step(1);
    disk.failures.set(disk.effects + (name === 'write' ? 0 : 1), 'EIO');
    append(1);
    expect(() => flush()).toThrow(DiskError);
    const { effects } = disk;
    append(1);
    expect(() => flush()).toThrow(DiskError);
    expect(disk.effects).toBe(effects);
  });
});
