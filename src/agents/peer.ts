/**
 * The ensemble of a server that is one of several: joins the ZAB peer to its rings. What the peer
 * wants of the disk goes to the log, what it wants of connections to the links; what comes back is
 * a call of it. It shares the keeper's thread, and its ports are called directly from there.
 *
 * All that a duty cycle brings is taken in first, and answered with one write a connection.
 */
import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import type { Agent } from '../base/agent.ts';
import { assert } from '../base/assert.ts';
import { linkPieceBytes } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import type { ForwardedRequest } from '../processor/keeper-ports.ts';
import type { RingReceiver } from '../ring/ring-receiver.ts';
import type {
  DiskAsk,
  DiskOutcome,
  DiskOutput,
  LinkId,
  LinkOutput,
  ListenerName,
  PeerCounts,
  PeerInput,
  PeerOutput,
} from '../zab/peer-ports.ts';
import type { Appends } from './appends.ts';
import type { Ensemble, EnsembleReplica, FoundOnDisk } from './ensemble-port.ts';
import { FromLinks, listenerNames, listenerOf, ToEnsemble, ToLinks } from './messages.ts';
import type { Outlet } from './outlet.ts';

export interface PeerAgentParts {
  readonly appends: Appends;
  readonly packetsOut: Outlet;
  readonly packetsIn: RingReceiver;
  readonly clock: Clock;
  readonly metrics: MetricsRecorder;
  /** Makes the peer around its ports; called once, when the state on disk is loaded. */
  readonly newPeer: (output: PeerOutput) => PeerInput;
}

const recordsPerTurn = 1024;
const decoder = new TextDecoder();

type Then = (outcome: DiskOutcome) => void;

export class PeerAgent implements Agent, Ensemble, LinkOutput, DiskOutput {
  readonly name = 'ensemble';
  private readonly parts: PeerAgentParts;
  private peer: PeerInput | null = null;
  private replica: EnsembleReplica | null = null;
  /** What waits for the disk, the oldest first: the log answers in the order of the asks. */
  private readonly asked: Then[] = [];

  constructor(parts: PeerAgentParts) {
    this.parts = parts;
  }

  begin({ lastZxid, epochs }: FoundOnDisk, replica: EnsembleReplica): void {
    const { appends, clock, newPeer } = this.parts;
    assert(epochs !== null, 'a member of an ensemble has epochs');
    appends.begin(lastZxid);
    this.replica = replica;
    this.peer = newPeer({ links: this, disk: this, replica });
    const { accepted: acceptedEpoch, current: currentEpoch } = epochs;
    this.peer.start(clock.monotonicMs(), { acceptedEpoch, currentEpoch });
  }

  start(): void {}

  stop(): void {
    this.parts.appends.stop();
  }

  nextDeadlineMs(): number {
    return this.peer?.nextDeadlineMs() ?? Number.POSITIVE_INFINITY;
  }

  dutyCycle(nowMs: number): number {
    const { peer } = this;
    if (peer === null) return 0;
    const { appends, packetsIn, metrics } = this.parts;
    metrics.maybeReset();
    peer.tick(nowMs);
    const mayTake = !this.replica?.isStalled;
    const taken = mayTake ? appends.synced.drain(this.onLogRecord, recordsPerTurn) : 0;
    const heard = mayTake ? packetsIn.drain(this.onLinkRecord, recordsPerTurn) : 0;
    // Proposals are on their way to the others while the own disk works.
    this.flushPackets(peer);
    const isHere = appends.flush(!this.replica?.isStalled);
    if (isHere) {
      peer.onSynced(appends.lastHi, appends.lastLo);
      this.flushPackets(peer);
    }
    const work = taken + heard + (isHere ? 1 : 0);
    if (work > 0) this.replica?.flushReplies();
    return work;
  }

  private flushPackets(peer: PeerInput): void {
    peer.flush();
    this.parts.packetsOut.flush();
  }

  counts(): PeerCounts {
    return this.mustPeer().counts();
  }

  get ready(): boolean {
    return !this.parts.appends.stalled && (this.peer?.ready ?? false);
  }

  propose(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    this.mustPeer().propose(payload, start, end, zxidHi, zxidLo);
  }

  forward(request: ForwardedRequest): void {
    this.mustPeer().forward(request);
  }

  sync(request: ForwardedRequest): void {
    const { sessionIdHi, sessionIdLo, cxid } = request;
    this.mustPeer().sync(sessionIdHi, sessionIdLo, cxid, request);
  }

  revalidate(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void {
    this.mustPeer().revalidate(sessionIdHi, sessionIdLo, timeoutMs);
  }

  roll(): void {
    this.parts.appends.roll();
  }

  private mustPeer(): PeerInput {
    assert(this.peer !== null, 'the keeper asks for nothing before the start');
    return this.peer;
  }

  append(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    this.parts.appends.append(payload, start, end, zxidHi, zxidLo);
  }

  snapshotBytes(bytes: Uint8Array, start: number, end: number): void {
    this.parts.appends.snapshotBytes(bytes, start, end);
  }

  ask(ask: DiskAsk, then: Then): void {
    this.asked.push(then);
    this.parts.appends.ask(ask);
  }

  listen(name: ListenerName, host: string | null, port: number): void {
    const { packetsOut } = this.parts;
    const text = host === null ? null : encodeUtf8(host);
    const at = packetsOut.open(ToLinks.listen, 12 + (text?.byteLength ?? 0));
    packetsOut.view.setInt32(at, listenerNames.indexOf(name));
    packetsOut.view.setInt32(at + 4, port);
    writeText(packetsOut, at + 8, text);
  }

  unlisten(name: ListenerName): void {
    const { packetsOut } = this.parts;
    const at = packetsOut.open(ToLinks.unlisten, 4);
    packetsOut.view.setInt32(at, listenerNames.indexOf(name));
  }

  dial(link: LinkId, host: string, port: number, timeoutMs: number): void {
    const { packetsOut } = this.parts;
    const text = encodeUtf8(host);
    const at = packetsOut.open(ToLinks.dial, 16 + text.byteLength);
    packetsOut.view.setInt32(at, link);
    packetsOut.view.setInt32(at + 4, port);
    packetsOut.view.setInt32(at + 8, timeoutMs);
    writeText(packetsOut, at + 12, text);
  }

  write(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    const { packetsOut } = this.parts;
    for (let from = start; from < end; from += linkPieceBytes) {
      const to = Math.min(from + linkPieceBytes, end);
      const at = packetsOut.open(ToLinks.write, 4 + to - from);
      packetsOut.view.setInt32(at, link);
      packetsOut.bytes.set(bytes.subarray(from, to), at + 4);
    }
  }

  close(link: LinkId): void {
    const { packetsOut } = this.parts;
    const at = packetsOut.open(ToLinks.close, 4);
    packetsOut.view.setInt32(at, link);
  }

  private readonly onLogRecord = (type: number, offset: number): boolean => {
    const { view } = this.parts.appends.synced;
    switch (type as (typeof ToEnsemble)[keyof typeof ToEnsemble]) {
      case ToEnsemble.synced:
        this.mustPeer().onSynced(view.getInt32(offset), view.getInt32(offset + 4));
        return true;
      case ToEnsemble.snapshotDue:
        this.replica?.onSnapshotDue();
        return true;
      case ToEnsemble.asked: {
        const then = this.asked.shift();
        assert(then !== undefined, 'the log answers what it was asked');
        then(view.getInt32(offset) === 1 ? 'done' : 'refused');
        return true;
      }
    }
  };

  private readonly onLinkRecord = (type: number, offset: number, length: number): boolean => {
    const peer = this.mustPeer();
    const { view, bytes } = this.parts.packetsIn;
    const first = view.getInt32(offset);
    const link = first as LinkId;
    switch (type as (typeof FromLinks)[keyof typeof FromLinks]) {
      case FromLinks.bytes:
        peer.onBytes(link, bytes, offset + 4, offset + length);
        return true;
      case FromLinks.sent:
        peer.onSent(link, view.getInt32(offset + 4));
        return true;
      case FromLinks.accepted:
        peer.onAccepted(listenerOf(first), view.getInt32(offset + 4) as LinkId);
        return true;
      case FromLinks.dialed:
        peer.onDialed(link);
        return true;
      case FromLinks.closed:
        peer.onClosed(link);
        return true;
      case FromLinks.listening:
        peer.onListening(listenerOf(first), view.getInt32(offset + 4));
        return true;
      case FromLinks.listenFailed: {
        // A copy: the ring's memory is shared, and texts are not decoded from there.
        const reason = decoder.decode(bytes.slice(offset + 8, offset + length));
        peer.onListenFailed(listenerOf(first), reason);
        return true;
      }
    }
  };
}

/** A jute buffer; null has the length -1. */
function writeText(outlet: Outlet, at: number, text: Uint8Array | null): void {
  outlet.view.setInt32(at, text?.byteLength ?? -1);
  if (text !== null) outlet.bytes.set(text, at + 4);
}
