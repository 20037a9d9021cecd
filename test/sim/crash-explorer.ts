/**
 * Runs a script on a simulated disk and, at every moment at which the machine could stop, looks
 * at what each crash policy would leave: recovery must find all that was acknowledged, nothing
 * half done, and must find the same again when the machine stops once more right after it.
 */
import type { Epoch } from '../../src/base/zxid.ts';
import type { SnapshotEncoding } from '../../src/storage/data-directory.ts';
import { dataDirectory, openDataDirectory } from '../../src/storage/data-directory.ts';
import { EpochFiles } from '../../src/storage/epoch-files.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import { type RecoveryResult, recover } from '../../src/storage/recovery.ts';
import { SnapshotWriter } from '../../src/storage/snapshot-writer.ts';
import { TxnLogWriter, type TxnLogWriterOptions } from '../../src/storage/txn-log-writer.ts';
import { History, writeState } from '../storage/history.ts';
import { NaiveState } from '../storage/naive-state.ts';
import { RecordingLogger } from '../storage/recording-logger.ts';
import { type CrashPolicy, crashPolicies, type EffectMoment, SimDisk } from './sim-disk.ts';

export const directory = dataDirectory('/data');

export type Recovery = RecoveryResult<NaiveState>;

export function recoverSim(disk: SimDisk, role: 'standalone' | 'quorum'): Recovery {
  openDataDirectory(disk, directory, true);
  return recover({
    ...{ disk, directory, role },
    compression: nodeCompression,
    logger: new RecordingLogger(),
    newState: () => new NaiveState(),
  });
}

/** What a script does, and what was promised to the world so far. */
export class World {
  readonly disk: SimDisk;
  readonly role: 'standalone' | 'quorum';
  /** Txns up to here were acknowledged: they must be found. */
  acked = 0n;
  /** Pictures that may be found, by zxid; several while a truncation or SNAP is under way. */
  allowed: Map<bigint, string>[] = [];
  /** Epochs that were promised. */
  acceptedEpoch = 0;
  currentEpoch = 0;
  history: History;

  constructor(disk: SimDisk, history = new History(), role: World['role'] = 'standalone') {
    this.disk = disk;
    this.role = role;
    this.history = history;
    this.allowed = [history.fingerprints];
  }

  writer(options: Partial<TxnLogWriterOptions> = {}): TxnLogWriter {
    const lastZxid = this.history.lastZxid;
    return new TxnLogWriter({
      ...{ disk: this.disk, directory, lastZxid },
      ...{ preallocBytes: 8192, aheadBytes: 8192 },
      ...options,
    });
  }

  /** Appends and flushes one batch; everything in it is acknowledged when that returns. */
  commit(writer: TxnLogWriter, txns: number, dataBytes?: number): void {
    this.history.append(writer, txns, dataBytes);
    writer.flush();
    this.acked = this.history.lastZxid;
  }

  snapshot(encoding: SnapshotEncoding = 'plain'): void {
    const { disk, history } = this;
    const zxid = history.lastZxid;
    const compression = nodeCompression;
    const place = { disk, directory: directory.snapshots, zxid, encoding, compression };
    const writer = new SnapshotWriter(place);
    writeState(writer, history.state);
    const digest = { zxid, version: 2, digest: BigInt.asIntN(64, history.state.digest()) };
    writer.publish({ digest, lastProcessedZxid: zxid });
  }

  acceptEpoch(epoch: number): void {
    new EpochFiles(this.disk, directory).writeAcceptedEpoch(epoch as Epoch);
    this.acceptedEpoch = epoch;
  }

  prepareEpoch(epoch: number): void {
    new EpochFiles(this.disk, directory).prepareCurrentEpoch(epoch as Epoch);
  }

  enterEpoch(epoch: number): void {
    new EpochFiles(this.disk, directory).writeCurrentEpoch(epoch as Epoch);
    this.currentEpoch = epoch;
  }
}

export interface Explored {
  /** Crash states looked at, and how many of them differed from all others. */
  states: number;
  distinct: number;
}

const seedsPerPolicy: Record<CrashPolicy, number> = {
  'lose-all': 1,
  'keep-all': 1,
  'random-subset': 3,
  'torn-512': 3,
  'torn-4096': 2,
  'metadata-ordered': 3,
  'posix-worst': 12,
};

/** A new disk with an empty database on it, as the first start leaves it. */
export function freshDisk(seed: number): SimDisk {
  const disk = new SimDisk(seed);
  disk.makeDirectory('/data');
  disk.syncDirectory('/');
  recoverSim(disk, 'standalone');
  return disk;
}

/** Runs `script` and checks every crash state on the way. */
export function explore(world: World, script: (world: World) => void): Explored {
  const explored = { states: 0, distinct: 0 };
  const seen = new Set<string>();
  const look = (moment: EffectMoment | null) => {
    lookAtCrashes(world, moment, explored, seen);
  };
  world.disk.onMoment = look;
  script(world);
  world.disk.onMoment = null;
  look(null);
  return explored;
}

function lookAtCrashes(
  world: World,
  moment: EffectMoment | null,
  explored: Explored,
  seen: Set<string>,
): void {
  const promise = `${world.acked} ${world.acceptedEpoch} ${world.currentEpoch}`;
  for (const policy of crashPolicies) {
    for (let i = 0; i < seedsPerPolicy[policy]; i++) {
      const seed = (moment?.effect ?? world.disk.effects) * 31 + i;
      const place = () =>
        moment === null
          ? `${policy} seed ${seed} at the end`
          : `${policy} seed ${seed} at ${JSON.stringify(moment)}`;
      explored.states++;
      const after = world.disk.crash(policy, seed);
      const image = `${promise}\n${after.image()}`;
      if (seen.has(image)) continue;
      seen.add(image);
      explored.distinct++;
      checkRecovery(world, after, place);
    }
  }
  // The process alone dies, the machine right after the next process has recovered.
  explored.states++;
  checkRecovery(world, world.disk.killed(), () => `killed at ${JSON.stringify(moment)}`);
}

function checkRecovery(world: World, after: SimDisk, place: () => string): void {
  const first = attempt(place, () => recoverSim(after, world.role));
  checkPromises(world, first, place);
  const again = after.crash('lose-all', 1);
  const second = attempt(place, () => recoverSim(again, world.role));
  if (second.lastZxid !== first.lastZxid) {
    throw new Error(`${place()}: recovered ${first.lastZxid}, then only ${second.lastZxid}`);
  }
  if (second.state.fingerprint() !== first.state.fingerprint()) {
    throw new Error(`${place()}: a second recovery gives another state`);
  }
}

function checkPromises(world: World, found: Recovery, place: () => string): void {
  const { lastZxid, state, epochs } = found;
  const zxid = `0x${lastZxid.toString(16)}`;
  if (lastZxid < world.acked) {
    throw new Error(`${place()}: acknowledged 0x${world.acked.toString(16)}, found ${zxid}`);
  }
  const picture = state.fingerprint();
  if (!world.allowed.some((pictures) => pictures.get(lastZxid) === picture)) {
    throw new Error(`${place()}: ${zxid} is found with a state that never was`);
  }
  if (epochs === null) return;
  if (epochs.accepted < world.acceptedEpoch || epochs.current < world.currentEpoch) {
    throw new Error(`${place()}: epochs went back to ${JSON.stringify(epochs)}`);
  }
}

function attempt(place: () => string, run: () => Recovery): Recovery {
  try {
    return run();
  } catch (error) {
    throw new Error(`${place()}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
