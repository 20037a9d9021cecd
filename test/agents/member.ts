/**
 * The keeper of an ensemble's member, with its front and its disk, whose peer is the test: what the
 * keeper asks of it is kept, and the test calls the `Replica`. Proposals are logged at once.
 */
import type { Ensemble, EnsembleReplica, FoundOnDisk } from '../../src/agents/ensemble-port.ts';
import { KeeperAgent } from '../../src/agents/keeper.ts';
import { KeeperReplies } from '../../src/agents/keeper-replies.ts';
import { KeeperSnapshots } from '../../src/agents/keeper-snapshots.ts';
import { Outlet } from '../../src/agents/outlet.ts';
import { KeeperRecovery } from '../../src/agents/recovery.ts';
import { dataDirectoryOf } from '../../src/agents/storage-options.ts';
import type { Epoch } from '../../src/base/zxid.ts';
import type { Membership } from '../../src/config/server-lines.ts';
import type { ForwardedRequest } from '../../src/processor/keeper-ports.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { SessionTable } from '../../src/state/session-table.ts';
import { SharedStatus } from '../../src/state/shared-status.ts';
import { openDataDirectory } from '../../src/storage/data-directory.ts';
import { TxnLogWriter } from '../../src/storage/txn-log-writer.ts';
import { schemeTable } from '../../src/thread/assemble.ts';
import type { SharedServer } from '../../src/thread/shared.ts';
import { TreeView } from '../../src/tree/tree-view.ts';
import type { PeerCounts, SnapshotStreamOutput } from '../../src/zab/peer-ports.ts';
import { TxnHistory } from '../../src/zab/txn-history.ts';
import { silentMonitor } from '../processor/harness.ts';
import type { SimClient } from '../sim/sim-client.ts';
import { SimDisk } from '../sim/sim-disk.ts';
import { SimFront } from '../sim/sim-front.ts';
import { createSimShared, createSimTree, roomyRings } from '../sim/sim-memory.ts';
import { type SettingValues, SimClock, simPorts, simSettings } from '../sim/sim-ports.ts';
import { pictureOfTree, type StatePicture } from '../sim/tree-picture.ts';

const membership: Membership = {
  servers: new Map(),
  groups: new Map(),
  weights: new Map(),
  version: 0n,
};

export interface LoggedTxn {
  readonly payload: Uint8Array;
  readonly hi: number;
  readonly lo: number;
}

export class Member implements Ensemble {
  readonly shared: SharedServer;
  readonly status: SharedStatus;
  readonly view: TreeView;
  readonly front: SimFront;
  readonly keeper: KeeperAgent;
  readonly history = new TxnHistory(1000);
  readonly proposals: LoggedTxn[] = [];
  readonly forwarded: ForwardedRequest[] = [];
  readonly syncs: ForwardedRequest[] = [];
  readonly revalidated: bigint[] = [];
  readonly clock = new SimClock();
  readonly log: TxnLogWriter;
  ready = true;
  found!: FoundOnDisk;

  readonly disk: SimDisk;

  /** What is on `disk` is its state. */
  constructor(disk = new SimDisk(), values: SettingValues = {}) {
    this.disk = disk;
    const settings = simSettings(values);
    const ports = simPorts(disk, this.clock, 1);
    const tree = createSimTree(7);
    openDataDirectory(disk, dataDirectoryOf(settings), true);
    this.shared = createSimShared(this.clock.monotonicMs(), roomyRings, tree);
    const { shared, history } = this;
    const own = shared.fronts[0]!;
    this.status = new SharedStatus(shared.status);
    this.view = new TreeView(shared.tree);
    this.front = new SimFront(shared);
    const schemes = schemeTable(settings, ports);
    this.keeper = new KeeperAgent({
      requests: [new RingReceiver(own.requests)],
      replies: new KeeperReplies([new Outlet(new RingSender(own.replies))]),
      ensemble: this,
      clock: this.clock,
      status: this.status,
      recovery: new KeeperRecovery({
        shared,
        settings,
        serverId: 1,
        ports,
        schemes,
        history,
        membership,
        monitor: silentMonitor,
        takeSnapshot: () => {},
      }),
      snapshots: new KeeperSnapshots(shared.tree, new SessionTable(shared.sessions)),
      leaderServes: settings.leaderServes,
      onRecovered: () => {},
    });
    this.keeper.start();
    const directory = dataDirectoryOf(settings);
    this.log = new TxnLogWriter({
      disk,
      directory,
      lastZxid: this.found.lastZxid,
      preallocBytes: 0,
    });
  }

  begin(found: FoundOnDisk, replica: EnsembleReplica): void {
    this.found = found;
    replica.onRole('looking', 0 as Epoch, -1);
  }

  propose(payload: Uint8Array, start: number, end: number, hi: number, lo: number): void {
    this.proposals.push({ payload: payload.slice(start, end), hi, lo });
    this.log.append(payload, start, end, hi, lo);
    this.log.flush();
  }

  forward(request: ForwardedRequest): void {
    this.forwarded.push({ ...request, bytes: request.bytes.slice() });
  }

  sync(request: ForwardedRequest): void {
    this.syncs.push({ ...request, bytes: request.bytes.slice() });
  }

  revalidate(hi: number, lo: number): void {
    this.revalidated.push((BigInt(hi) << 32n) | BigInt(lo >>> 0));
  }

  counts(): PeerCounts {
    return { quorumSize: 3, leader: null };
  }

  roll(): void {}

  lead(epoch: number): void {
    this.keeper.onRole('leading', epoch as Epoch, 1);
    this.keeper.lead(epoch as Epoch);
    this.settle();
  }

  follow(epoch: number, leader: number): void {
    this.keeper.onRole('following', epoch as Epoch, leader);
    this.keeper.follow();
    this.settle();
  }

  rest(): void {
    this.keeper.rest();
    this.keeper.onRole('looking', 0 as Epoch, -1);
  }

  /** Cycles of front and keeper until both have nothing to do. */
  settle(): void {
    for (let idle = 0; idle < 2; ) {
      const nowMs = this.clock.monotonicMs();
      idle = this.front.cycle(nowMs) + this.keeper.dutyCycle(nowMs) === 0 ? idle + 1 : 0;
    }
  }

  /** Commits all proposals, on a leader. */
  commit(): void {
    this.settle();
    const last = this.proposals.at(-1);
    if (last !== undefined) this.keeper.commit(last.hi, last.lo);
    this.settle();
  }

  connect(options: { timeoutMs?: number } = {}): SimClient {
    const client = this.front.connect(options);
    this.commit();
    return client;
  }

  picture(): StatePicture {
    return pictureOfTree(this.view, this.shared.sessions);
  }
}

/** Gathers a snapshot stream; what it answers to `next` is the test's to say. */
export class Received implements SnapshotStreamOutput {
  readonly pieces: Uint8Array[] = [];
  isDone = false;
  says: 'go' | 'wait' | 'stop' = 'go';

  write(bytes: Uint8Array, start: number, end: number): void {
    this.pieces.push(bytes.slice(start, end));
  }

  done(): void {
    this.isDone = true;
  }

  next(): 'go' | 'wait' | 'stop' {
    return this.says;
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.pieces));
  }
}
