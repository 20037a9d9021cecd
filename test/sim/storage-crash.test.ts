/**
 * The storage layer alone, with the power cut at every effect under every policy. Each script says
 * what it promises to the world as it goes; the explorer holds recovery to it.
 */
import { describe, expect, it } from 'vitest';
import { LogAsks } from '../../src/agents/log-asks.ts';
import type { Epoch, Zxid } from '../../src/base/zxid.ts';
import { createLock, ThreadLock } from '../../src/ring/thread-lock.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import { purge } from '../../src/storage/purge.ts';
import { SnapshotStream } from '../../src/storage/snapshot-stream.ts';
import type { TxnLogWriter } from '../../src/storage/txn-log-writer.ts';
import { History, writeState } from '../storage/history.ts';
import { RecordingLogger } from '../storage/recording-logger.ts';
import {
  directory,
  type Explored,
  explore,
  freshDisk,
  recoverSim,
  World,
} from './crash-explorer.ts';
import { SimCrash, SimDisk } from './sim-disk.ts';

const lock = new ThreadLock(createLock());
const total: Explored = { states: 0, distinct: 0 };

function run(world: World, script: (world: World) => void): void {
  const { states, distinct } = explore(world, script);
  expect(distinct).toBeGreaterThan(10);
  total.states += states;
  total.distinct += distinct;
}

describe('a power cut at any effect keeps what was acknowledged', () => {
  it('while batches are appended to a preallocated log', () => {
    run(new World(freshDisk(1)), (world) => {
      const writer = world.writer();
      for (let batch = 1; batch <= 12; batch++) {
        world.commit(writer, 1 + (batch % 4), batch % 3 === 0 ? 700 : 30);
        if (batch % 5 === 0) writer.prepareAhead();
      }
      writer.close();
    });
  });

  it('while batches are appended to a log that grows', () => {
    run(new World(freshDisk(2)), (world) => {
      const writer = world.writer({ preallocBytes: 0 });
      for (let batch = 1; batch <= 10; batch++) world.commit(writer, batch % 4, 40 * batch);
      writer.close();
    });
  });

  it('while one batch is longer than several pages', () => {
    run(new World(freshDisk(3)), (world) => {
      const writer = world.writer({ preallocBytes: 65536 });
      world.commit(writer, 2);
      writer.prepareAhead();
      world.commit(writer, 14, 1500);
      world.commit(writer, 1, 9000);
      world.commit(writer, 14, 300);
      writer.close();
    });
  });

  it('while the log is rolled', () => {
    run(new World(freshDisk(4)), (world) => {
      const writer = world.writer();
      for (let file = 1; file <= 5; file++) {
        world.commit(writer, 2);
        world.commit(writer, 3, 200);
        writer.roll();
      }
    });
  });

  for (const encoding of ['plain', 'gz', 'snappy'] as const) {
    it(`while a ${encoding} snapshot is published`, () => {
      run(new World(freshDisk(5)), (world) => {
        const writer = world.writer();
        world.commit(writer, 13);
        world.snapshot(encoding);
        world.commit(writer, 5);
        writer.roll();
        world.commit(writer, 2);
        world.snapshot(encoding);
        world.commit(writer, 2);
      });
    });
  }

  it('while old files are purged', () => {
    run(new World(freshDisk(6)), (world) => {
      const writer = world.writer();
      for (let round = 1; round <= 6; round++) {
        world.commit(writer, 4);
        writer.roll();
        world.snapshot();
        world.commit(writer, 2);
        const { disk } = world;
        purge({ disk, directory, lock, compression: nodeCompression, retainCount: 3 });
      }
    });
  });

  it('while epochs change', () => {
    run(new World(freshDisk(7), new History(), 'quorum'), (world) => {
      let writer = world.writer();
      for (let epoch = 1; epoch <= 4; epoch++) {
        world.acceptEpoch(epoch);
        world.prepareEpoch(epoch);
        world.enterEpoch(epoch);
        world.history.beginEpoch(epoch);
        world.commit(writer, 3);
        world.commit(writer, 1);
        writer.close();
        writer = world.writer();
      }
    });
  });

  it('while a learner takes over the txns of an epoch that it slept through', () => {
    run(new World(freshDisk(8), new History(), 'quorum'), (world) => {
      const writer = world.writer();
      world.acceptEpoch(1);
      world.enterEpoch(1);
      world.history.beginEpoch(1);
      world.commit(writer, 4);
      world.acceptEpoch(5);
      world.prepareEpoch(5);
      world.history.beginEpoch(3);
      world.commit(writer, 6);
      world.enterEpoch(5);
      world.history.beginEpoch(5);
      world.commit(writer, 2);
    });
  });
});

describe('a power cut at any effect of a change of history', () => {
  it('leaves the old end or the truncated one, and never what was cut off afterwards', () => {
    run(new World(freshDisk(9)), (world) => {
      const before = world.writer();
      world.commit(before, 5);
      const kept = new History();
      for (let i = 0; i < 5; i++) kept.next();
      before.roll();
      world.snapshot();
      for (let file = 0; file < 3; file++) {
        world.commit(before, 4);
        before.roll();
        if (file > 0) world.snapshot();
      }
      world.commit(before, 2);
      const forked = new History('b', 5n, kept.state);
      world.acked = 5n;
      world.allowed = [world.history.fingerprints];
      expect(before.truncate(5n as never).kind).toBe('truncated');
      world.history = forked;
      world.allowed = [forked.fingerprints];
      for (let batch = 0; batch < 4; batch++) world.commit(before, 3);
    });
  });

  it('cuts inside a file and keeps the txns before', () => {
    run(new World(freshDisk(10)), (world) => {
      const writer = world.writer();
      world.commit(writer, 9);
      writer.prepareAhead();
      world.commit(writer, 9);
      const kept = new History();
      for (let i = 0; i < 7; i++) kept.next();
      world.acked = 7n;
      writer.truncate(7n as never);
      const forked = new History('b', 7n, kept.state);
      world.history = forked;
      world.allowed = [forked.fingerprints];
      for (let batch = 0; batch < 5; batch++) world.commit(writer, 2, 300);
    });
  });

  for (const { name, sentTxns, laterTxns } of [
    { name: 'of a later epoch', sentTxns: 9, laterTxns: 3 },
    { name: 'that ends before the own one', sentTxns: 9, laterTxns: 0 },
  ]) {
    it(`leaves the old history or one ${name} that a leader sent as a whole`, () => {
      run(new World(freshDisk(11)), (world) => {
        const writer = world.writer();
        for (let file = 0; file < 3; file++) {
          world.commit(writer, 6);
          writer.roll();
          if (file > 0) world.snapshot();
        }
        world.commit(writer, 4);
        const sent = new History();
        for (let i = 0; i < sentTxns; i++) sent.next();
        if (laterTxns > 0) sent.beginEpoch(2);
        for (let i = 0; i < laterTxns; i++) sent.next();
        // Until the change is complete either of the two may be found.
        world.acked = BigInt(sentTxns);
        world.allowed = [world.history.fingerprints, sent.fingerprints];
        world.history = sent;
        writer.roll();
        world.snapshot();
        writer.replaceHistory(sent.lastZxid);
        world.acked = sent.lastZxid;
        world.allowed = [sent.fingerprints];
        sent.beginEpoch(3);
        for (let batch = 0; batch < 3; batch++) world.commit(writer, 3);
      });
    });
  }
});

describe('a power cut at any effect of what a leader orders', () => {
  const asksOn = ({ disk }: World) =>
    new LogAsks({ disk, directory, lock, logger: new RecordingLogger() });

  it.each([
    { name: 'of a later epoch', hasEntered: false },
    { name: 'of its own epoch', hasEntered: true },
  ])('leaves the old history or the one $name that was sent, no mixture', ({ hasEntered }) => {
    run(new World(freshDisk(20), new History(), 'quorum'), (world) => {
      const writer = world.writer();
      const asks = asksOn(world);
      world.enterEpoch(1);
      world.history.beginEpoch(1);
      for (let file = 0; file < 3; file++) {
        world.commit(writer, 4);
        writer.roll();
        if (file > 0) world.snapshot();
      }
      // The last txns were never committed: the leader's history has others in their place.
      world.commit(writer, 5);
      if (hasEntered) enter(asks, writer, world, 3);
      const sent = new History('b');
      sent.beginEpoch(1);
      for (let i = 0; i < 9; i++) sent.next();
      sent.beginEpoch(3);
      for (let i = 0; i < 4; i++) sent.next();
      world.acked = 0n;
      world.allowed = [world.history.fingerprints, sent.fingerprints];
      takeSnapshot(asks, writer, sent);
      world.history = sent;
      world.acked = sent.lastZxid;
      world.allowed = [sent.fingerprints];
      asks.beforeAppend(3);
      world.commit(writer, 2);
      enter(asks, writer, world, 3);
      world.commit(writer, 3);
    });
  });

  it('leaves the log as it was or cut, and the promise that was made before', () => {
    run(new World(freshDisk(23), new History(), 'quorum'), (world) => {
      const writer = world.writer();
      const asks = asksOn(world);
      enter(asks, writer, world, 1);
      world.history.beginEpoch(1);
      world.commit(writer, 5);
      writer.roll();
      world.commit(writer, 6);
      const kept = new History();
      kept.beginEpoch(1);
      for (let i = 0; i < 7; i++) kept.next();
      asks.carryOut({ kind: 'acceptedEpoch', epoch: 2 as Epoch }, writer);
      world.acceptedEpoch = 2;
      // The leader has never heard of the last ones, so nobody was told that they are there.
      world.acked = kept.lastZxid;
      expect(asks.carryOut({ kind: 'truncate', zxid: kept.lastZxid }, writer)).toBe('done');
      const forked = new History('b', kept.lastZxid, kept.state);
      world.history = forked;
      world.allowed = [forked.fingerprints];
      enter(asks, writer, world, 2);
      forked.beginEpoch(2);
      for (let batch = 0; batch < 3; batch++) world.commit(writer, 2);
    });
  });

  it('leaves the old history while a snapshot comes in, and when it is abandoned', () => {
    run(new World(freshDisk(21), new History(), 'quorum'), (world) => {
      const writer = world.writer();
      const asks = asksOn(world);
      world.commit(writer, 6);
      const zxid = 0x500000007n as Zxid;
      asks.carryOut({ kind: 'beginSnapshot', zxid }, writer);
      for (const bytes of pieces(new History('b'))) asks.snapshotBytes(bytes, 0, bytes.byteLength);
      asks.carryOut({ kind: 'abandonSnapshot' }, writer);
      world.commit(writer, 2);
    });
  });

  it('finds an epoch that its log has entered, although the file was not written yet', () => {
    run(new World(freshDisk(22), new History(), 'quorum'), (world) => {
      const writer = world.writer();
      const asks = asksOn(world);
      for (const epoch of [2, 7]) {
        asks.carryOut({ kind: 'acceptedEpoch', epoch: epoch as Epoch }, writer);
        world.acceptedEpoch = epoch;
        world.history.beginEpoch(epoch);
        asks.beforeAppend(epoch);
        world.commit(writer, 3);
        enter(asks, writer, world, epoch);
        world.commit(writer, 2);
      }
    });
  });

  function enter(asks: LogAsks, writer: TxnLogWriter, world: World, epoch: number): void {
    asks.carryOut({ kind: 'acceptedEpoch', epoch: epoch as Epoch }, writer);
    asks.carryOut({ kind: 'currentEpoch', epoch: epoch as Epoch }, writer);
    world.currentEpoch = epoch;
  }

  function takeSnapshot(asks: LogAsks, writer: TxnLogWriter, sent: History): void {
    asks.carryOut({ kind: 'beginSnapshot', zxid: sent.lastZxid }, writer);
    for (const bytes of pieces(sent)) asks.snapshotBytes(bytes, 0, bytes.byteLength);
    asks.carryOut({ kind: 'install' }, writer);
  }

  /** A state as a leader sends it, cut into pieces. */
  function pieces({ state }: History): Uint8Array[] {
    const all: Uint8Array[] = [];
    const stream = new SnapshotStream((piece) => all.push(piece.slice()));
    writeState(stream, state);
    stream.endNodes();
    const whole = Buffer.concat(all);
    const length = Math.ceil(whole.length / 3);
    return [0, 1, 2].map((i) => Uint8Array.from(whole.subarray(i * length, (i + 1) * length)));
  }
});

describe('a power cut during recovery', () => {
  it('harms nothing, whatever the cut before it has left', () => {
    const before = new World(freshDisk(12));
    const torn: SimDisk[] = [];
    const script = (world: World) => {
      const writer = world.writer();
      world.commit(writer, 4);
      world.snapshot();
      writer.roll();
      world.commit(writer, 8, 400);
    };
    before.disk.onMoment = ({ effect, name }) => {
      if (name !== 'write' && name !== 'sync') return;
      for (let seed = 0; seed < 3; seed++) {
        torn.push(before.disk.crash('posix-worst', effect * 17 + seed));
        torn.push(before.disk.crash('torn-512', effect * 17 + seed));
      }
    };
    script(before);
    for (const disk of torn) {
      const found = recoverSim(disk.killed(), 'standalone').lastZxid;
      const world = new World(disk, before.history);
      world.acked = found;
      const { states, distinct } = explore(world, () => {
        recoverSim(disk, 'standalone');
      });
      total.states += states;
      total.distinct += distinct;
    }
    expect(torn.length).toBeGreaterThan(40);
  });

  it('harms nothing at the very first start', () => {
    const disk = new SimDisk(13);
    disk.makeDirectory('/data');
    disk.syncDirectory('/');
    run(new World(disk), () => {
      recoverSim(disk, 'standalone');
    });
  });

  it('leaves a log that can be gone on with, again and again', () => {
    let disk = freshDisk(14);
    let history = new History();
    const lengths = new Set<bigint>();
    for (let life = 0; life < 12; life++) {
      const world = new World(disk, history);
      world.acked = history.lastZxid;
      const writer = world.writer();
      run(world, () => world.commit(writer, 3, 600));
      history.append(writer, 6, 600);
      const at = life % 2 === 0 ? 'before' : 'middle';
      disk.onMoment = ({ effect, name, moment }) => {
        if (name === 'sync' && moment === at) disk.crashAt = { effect, moment };
      };
      expect(() => writer.flush()).toThrow(SimCrash);
      disk = disk.crash('posix-worst', life);
      const { lastZxid, state } = recoverSim(disk, 'standalone');
      expect(lastZxid).toBeGreaterThanOrEqual(world.acked);
      expect(state.fingerprint()).toBe(history.fingerprints.get(lastZxid));
      lengths.add(lastZxid - world.acked);
      history = new History('a', lastZxid, state);
    }
    expect(lengths.size).toBeGreaterThan(2);
  });
});

describe('all this', () => {
  it('was more than ten thousand crash states', () => {
    expect(total.states).toBeGreaterThan(10_000);
  });
});
