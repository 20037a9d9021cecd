/**
 * A peer whose world is a script: links, disk and election do what the test says, and everything
 * that the peer does stands in a transcript, a line each.
 */
import type { Logger } from '../../src/base/ports.ts';
import { type Epoch, hex64, type Zxid, zxidOf } from '../../src/base/zxid.ts';
import { PacketReader } from '../../src/jute/packet-reader.ts';
import { beginPacket, endPacket, learnerInfo, PacketType } from '../../src/jute/quorum.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import type { Election, ElectionListener } from '../../src/zab/election-ports.ts';
import type { EnsembleMember, PeerSettings } from '../../src/zab/ensemble-view.ts';
import { Peer } from '../../src/zab/peer.ts';
import type {
  DiskAsk,
  DiskOutcome,
  DiskOutput,
  LearnerRequest,
  LinkId,
  LinkOutput,
  PeerMeter,
  Replica,
  SnapshotStreamOutput,
} from '../../src/zab/peer-ports.ts';
import { majorityOf, type ServerId } from '../../src/zab/quorum-verifier.ts';
import { TxnHistory } from '../../src/zab/txn-history.ts';
import { makeTxn, nameOf, readTxn } from './world/txns.ts';

export type Counters = readonly [epoch: number, counter: number];

export interface Script {
  readonly self: number;
  readonly voters?: number;
  readonly observers?: number;
  /** What is on disk: a snapshot up to `base`, then these txns. */
  readonly base?: Counters;
  readonly log?: readonly Counters[];
  readonly acceptedEpoch?: number;
  readonly currentEpoch?: number;
  readonly settings?: Partial<PeerSettings>;
}

const settingsDefault: PeerSettings = {
  ...{
    tickTimeMs: 1000,
    initLimitTicks: 10,
    syncLimitTicks: 5,
    connectToLearnerMasterLimitTicks: 0,
  },
  ...{ leaderServes: true, listenOnAllIps: false, multiAddressEnabled: false },
  ...{ minNotificationIntervalMs: 200, maxNotificationIntervalMs: 60_000 },
  ...{ electionConnectTimeoutMs: 5000, electionBindTries: 3, leaderConnectRetryMs: 100 },
  ...{ electionHandshakeTimeoutMs: 10_000 },
  ...{ observerReconnectDelayMs: 0, observerElectionDelayMs: 0 },
  ...{ maxConcurrentSnapSyncs: 10, maxConcurrentDiffSyncs: 100, syncEnabled: true },
  ...{ commitLogCount: 500, packetBytesMax: 1 << 20, quorumSync: false },
};

const typeNames = new Map(Object.entries(PacketType).map(([name, type]) => [type as number, name]));

export class ScriptedPeer implements LinkOutput, DiskOutput, Replica {
  readonly peer: Peer;
  readonly history: TxnHistory;
  readonly lines: string[] = [];
  readonly counts: Record<string, number> = {};
  nowMs = 0;
  appliedHi = 0;
  appliedLo = 0;
  /** What a reload finds on disk. */
  onDisk: { base: Counters; log: readonly Counters[] };
  /** Done as soon as it is asked. */
  isDiskFast = true;
  /** What the disk says to the next truncate. */
  truncateOutcome: DiskOutcome = 'done';
  stream: SnapshotStreamOutput | null = null;
  dialed = 0 as LinkId;
  requests: LearnerRequest[] = [];
  private readonly meter: PeerMeter = {
    count: (what) => this.raise(what, 1),
    add: (what, value) => this.raise(what, value),
    onQuorumAck: (ms) => this.raise('quorum_ack_latency', ms),
    onAck: (server, ms) => this.raise(`ack_latency ${server}`, ms),
  };
  private listener: ElectionListener | null = null;
  private asked: { ask: DiskAsk; then: (outcome: DiskOutcome) => void }[] = [];
  private appended: Counters | null = null;
  private readonly readers = new Map<LinkId, PacketReader>();
  private readonly written = new Map<LinkId, number>();
  private readonly raw = new Map<LinkId, number>();
  private accepted = 0;

  constructor(script: Script) {
    const settings = { ...settingsDefault, ...script.settings };
    this.onDisk = { base: script.base ?? [0, 0], log: script.log ?? [] };
    this.history = new TxnHistory(settings.commitLogCount);
    this.load();
    const logger = silentLogger((message) => this.tell(`log ${message}`));
    this.peer = new Peer(
      {
        ...{ view: viewOf(script), settings, history: this.history, logger },
        output: { links: this, disk: this, replica: this },
        random: { next32: () => 0 },
        meter: this.meter,
      },
      (parts) => {
        this.listener = parts.listener;
        return this.election();
      },
    );
    const acceptedEpoch = (script.acceptedEpoch ?? 0) as Epoch;
    const currentEpoch = (script.currentEpoch ?? 0) as Epoch;
    this.cycle(() => this.peer.start(0, { acceptedEpoch, currentEpoch }));
    this.lines.length = 0;
  }

  /** What happened since the last call. */
  transcript(): string {
    return this.lines.splice(0).join('\n');
  }

  /** A duty cycle; then the disk answers, if it is fast. */
  cycle(happening: () => void = () => {}): void {
    this.peer.tick(this.nowMs);
    happening();
    this.peer.flush();
    if (this.isDiskFast) this.sync();
  }

  elapse(ms: number): void {
    this.nowMs += ms;
    this.cycle();
  }

  elect(leader: number): void {
    const id = leader as ServerId;
    const zxid = zxidOf(this.history.lastHi, this.history.lastLo);
    const vote = { leader: BigInt(leader), zxid, electionEpoch: 1n, peerEpoch: 0n };
    this.cycle(() => this.listener?.onDecided(id, vote));
  }

  /** The leader has accepted the connection of this learner. */
  connect(): LinkId {
    this.cycle(() => this.peer.onDialed(this.dialed));
    return this.dialed;
  }

  /** A learner has connected to this leader. */
  accept(): LinkId {
    const link = -++this.accepted as LinkId;
    this.cycle(() => this.peer.onAccepted('quorum', link));
    return link;
  }

  /** A packet arrives. */
  hear(link: LinkId, type: keyof typeof PacketType, zxid: Counters, data?: Uint8Array): void {
    const out = new JuteWriter();
    const mark = beginPacket(out, PacketType[type], ...zxid);
    if (data !== undefined) out.writeRaw(data);
    endPacket(out, mark, null);
    if (data === undefined) out.view.setInt32(mark + 12, -1);
    this.hearBytes(link, out.finish().slice());
  }

  hearBytes(link: LinkId, bytes: Uint8Array): void {
    this.cycle(() => this.peer.onBytes(link, bytes, 0, bytes.byteLength));
  }

  hearTxn(link: LinkId, type: 'proposal' | 'inform', zxid: Counters): void {
    this.hear(link, type, zxid, makeTxn(...zxid, 0).bytes);
  }

  /** A learner says who it is. */
  introduce(link: LinkId, server: number, acceptedEpoch: number, isObserver = false): void {
    const out = new JuteWriter();
    const info = { serverid: BigInt(server), protocolVersion: 0x10000, configVersion: 0n };
    learnerInfo.write(out, info);
    const type = isObserver ? 'observerInfo' : 'followerInfo';
    this.hear(link, type, [acceptedEpoch, 0], out.finish().slice());
  }

  acknowledgeEpoch(link: LinkId, currentEpoch: number, last: Counters): void {
    this.hear(link, 'ackEpoch', last, intBytes(currentEpoch));
  }

  propose(zxid: Counters): void {
    const { bytes } = makeTxn(...zxid, 0);
    this.cycle(() => this.peer.propose(bytes, 0, bytes.byteLength, ...zxid));
  }

  /** One whose payload is long. */
  proposeLong(zxid: Counters, bytes: number): void {
    const payload = new Uint8Array(bytes);
    payload.set(makeTxn(...zxid, 0).bytes);
    this.cycle(() => this.peer.propose(payload, 0, bytes, ...zxid));
  }

  /** Bytes that were written to a link since the last call. */
  takeWritten(link: LinkId): number {
    const bytes = this.written.get(link) ?? 0;
    this.written.set(link, 0);
    return bytes;
  }

  /** The next bytes that are written to a link are no packets. */
  readRaw(link: LinkId, bytes: number): void {
    this.raw.set(link, bytes);
  }

  /** The disk answers what it was asked, until nothing is left. */
  sync(): void {
    while (this.asked.length > 0 || this.appended !== null) {
      const { asked, appended } = this;
      this.asked = [];
      this.appended = null;
      if (appended !== null) this.cycleOf(() => this.peer.onSynced(...appended));
      for (const { ask, then } of asked) {
        const outcome = ask.kind === 'truncate' ? this.truncateOutcome : 'done';
        this.cycleOf(() => then(outcome));
      }
    }
  }

  private cycleOf(happening: () => void): void {
    happening();
    this.peer.flush();
  }

  listen(name: string, _host: string | null, port: number): void {
    this.tell(`listen ${name} ${port}`);
  }
  unlisten(name: string): void {
    this.tell(`unlisten ${name}`);
  }
  dial(link: LinkId, host: string): void {
    this.dialed = link;
    this.tell(`dial ${host}`);
  }
  write(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    const reader = this.readers.get(link) ?? new PacketReader(2 << 20);
    this.readers.set(link, reader);
    this.written.set(link, (this.written.get(link) ?? 0) + end - start);
    reader.feed(bytes.slice(start, end), 0, end - start);
    reader.skip(this.raw.get(link) ?? 0);
    this.raw.delete(link);
    while (reader.next()) this.tell(`${nameOfLink(link)} ${packetText(reader)}`);
  }
  close(link: LinkId): void {
    this.tell(`${nameOfLink(link)} closed`);
  }

  append(payload: Uint8Array, start: number, end: number, hi: number, lo: number): void {
    this.appended = [hi, lo];
    this.tell(`disk append ${nameOf(readTxn(payload, start, end))}`);
  }
  snapshotBytes(_bytes: Uint8Array, start: number, end: number): void {
    this.tell(`disk snapshot bytes ${end - start}`);
  }
  ask(ask: DiskAsk, then: (outcome: DiskOutcome) => void): void {
    this.asked.push({ ask, then });
    const value = 'zxid' in ask ? hex64(ask.zxid) : 'epoch' in ask ? ask.epoch : '';
    this.tell(`disk ${ask.kind} ${value}`.trimEnd());
  }

  onRole(role: string, epoch: Epoch, leader: number): void {
    this.tell(`replica is ${role}, epoch ${epoch}, leader ${leader}`);
  }
  lead(epoch: Epoch): void {
    this.tell(`replica leads in ${epoch}`);
  }
  follow(): void {
    this.tell('replica follows');
  }
  rest(): void {
    this.tell('replica rests');
  }
  reload(): Zxid {
    this.tell('replica reloads');
    this.load();
    return zxidOf(this.history.lastHi, this.history.lastLo);
  }
  deliver(payload: Uint8Array, start: number, end: number): void {
    this.tell(`replica applies ${nameOf(readTxn(payload, start, end))}`);
  }
  commit(hi: number, lo: number): void {
    this.tell(`replica commits (${hi},${lo})`);
  }
  onLearnerRequest(link: LinkId, request: LearnerRequest): void {
    const bytes = request.bytes.slice(request.start, request.end);
    this.requests.push({ ...request, bytes, start: 0, end: bytes.byteLength });
    this.tell(`replica hears request ${request.type} over ${nameOfLink(link)}`);
  }
  onRevalidate(link: LinkId, hi: number, lo: number, timeoutMs: number): boolean {
    this.tell(`replica revalidates ${hi}:${lo} ${timeoutMs} for ${nameOfLink(link)}`);
    return true;
  }
  onTouch(hi: number, lo: number, timeoutMs: number): void {
    this.tell(`replica touches ${hi}:${lo} ${timeoutMs}`);
  }
  onRevalidated(hi: number, lo: number, valid: boolean): void {
    this.tell(`replica hears that ${hi}:${lo} is ${valid ? 'valid' : 'not valid'}`);
  }
  onSync(): void {
    this.tell('replica synced');
  }
  takeTouched(visit: (hi: number, lo: number, timeoutMs: number) => void): void {
    visit(1, 2, 3000);
  }
  streamSnapshot(out: SnapshotStreamOutput): void {
    this.stream = out;
    this.tell('replica streams a snapshot');
  }

  private load(): void {
    const { base, log } = this.onDisk;
    this.history.reset(...base);
    for (const zxid of log) {
      const { bytes } = makeTxn(...zxid, 0);
      this.history.append(bytes, 0, bytes.byteLength, ...zxid);
      this.history.markDelivered(...zxid);
    }
  }

  private raise(what: string, by: number): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  private tell(line: string): void {
    this.lines.push(line);
  }

  private election(): Election {
    return {
      currentVote: null,
      open: () => {},
      look: (_now, { lastZxid, currentEpoch }) => {
        this.tell(`looks with epoch ${currentEpoch}, ${hex64(lastZxid)}`);
      },
      established: (epoch) => this.tell(`established ${epoch}`),
      leave: () => {},
      close: () => {},
      tick: () => {},
      nextDeadlineMs: () => Number.POSITIVE_INFINITY,
      owns: () => false,
      onListenFailed: () => {},
      onAccepted: () => {},
      onDialed: () => {},
      onBytes: () => {},
      onSent: () => {},
      onClosed: () => {},
    };
  }
}

function nameOfLink(link: LinkId): string {
  return link < 0 ? `learner ${-link}` : 'leader';
}

function packetText(packet: PacketReader): string {
  const { type, zxidHi, zxidLo, bytes, dataStart, dataEnd, hasData } = packet;
  const name = (typeNames.get(type) ?? String(type)).toUpperCase();
  const zxid = `(${zxidHi},${zxidLo})`;
  if (!hasData) return `<- ${name} ${zxid}`;
  const isTxn = type === PacketType.proposal || type === PacketType.inform;
  if (isTxn) return `<- ${name} ${nameOf(readTxn(bytes, dataStart, dataEnd))}`;
  const isText = type === PacketType.newLeader;
  const data = Buffer.from(bytes.subarray(dataStart, dataEnd));
  return `<- ${name} ${zxid} ${data.toString(isText ? 'latin1' : 'hex')}`;
}

export function intBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
}

function viewOf(script: Script) {
  const members = new Map<ServerId, EnsembleMember>();
  const voters = script.voters ?? 3;
  for (let id = 1; id <= voters + (script.observers ?? 0); id++) {
    members.set(id as ServerId, {
      id: id as ServerId,
      role: id <= voters ? 'participant' : 'observer',
      quorum: [{ host: `host${id}`, port: 2888 }],
      election: [{ host: `host${id}`, port: 3888 }],
    });
  }
  const participants = [...members.keys()].slice(0, voters);
  return {
    self: script.self as ServerId,
    ...{ members, verifier: majorityOf(participants), version: 0n as Zxid },
    text: new TextEncoder().encode('version=0'),
  };
}

/** Only what an operator sees matters here. */
function silentLogger(onInfo: (message: string) => void): Logger {
  const write = (_fields: object, message: string) => onInfo(message);
  const ignore = () => {};
  const logger = { trace: ignore, debug: ignore, info: write, warn: write, error: write };
  return { ...logger, fatal: write, child: () => silentLogger(onInfo) };
}
