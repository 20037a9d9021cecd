/** Links that write down what is asked of them, one line each, for tests that play the other side. */
import { ElectionPeer } from '../../src/election/election-peer.ts';
import { encodeFrame } from '../../src/election/election-wire.ts';
import { decodeNotification, encodeNotification } from '../../src/election/notification.ts';
import type { Vote } from '../../src/zab/election-ports.ts';
import type { PeerSettings } from '../../src/zab/ensemble-view.ts';
import type { LinkId, LinkOutput, RoleName } from '../../src/zab/peer-ports.ts';
import { type Electorate, electionSettings, silentLogger, viewOf } from './election-world.ts';

const config = new TextEncoder().encode('version=0');

export class ScriptedElection implements LinkOutput {
  readonly peer: ElectionPeer;
  nowMs = 0;
  private lines: string[] = [];
  private links = 0;
  private accepted = 0;
  private readonly dialed = new Set<LinkId>();

  constructor(self: number, electorate: Electorate, settings: Partial<PeerSettings> = {}) {
    this.peer = new ElectionPeer({
      ...{ view: viewOf(self, electorate), settings: { ...electionSettings, ...settings } },
      ...{ links: this, newLink: () => ++this.links as LinkId, logger: silentLogger },
      listener: {
        onDecided: (leader, vote) => this.lines.push(`decided ${leader} ${text(vote)}`),
        onLookingPeer: (server) => this.lines.push(`${server} looks`),
      },
    });
  }

  /** What was asked since the last call. */
  take(): string[] {
    const lines = this.lines;
    this.lines = [];
    return lines;
  }

  tick(ms: number): void {
    this.nowMs += ms;
    this.peer.tick(this.nowMs);
  }

  /** Server `sid` dials, and says so as Apache's does. */
  accept(sid: number, ...after: Uint8Array[]): LinkId {
    const link = --this.accepted as LinkId;
    const head = Buffer.alloc(20);
    head.writeBigInt64BE(-65536n, 0);
    head.writeBigInt64BE(BigInt(sid), 8);
    const address = Buffer.from(`host${sid}:3888`);
    head.writeInt32BE(address.length, 16);
    this.peer.onAccepted(link);
    this.bytes(link, Buffer.concat([head, address, ...after]));
    return link;
  }

  bytes(link: LinkId, bytes: Uint8Array): void {
    this.peer.onBytes(link, bytes, 0, bytes.byteLength);
  }

  listen(_name: string, host: string | null, port: number): void {
    this.lines.push(`listen ${host}:${port}`);
  }

  unlisten(): void {
    this.lines.push('unlisten');
  }

  dial(link: LinkId, host: string, port: number, timeoutMs: number): void {
    this.dialed.add(link);
    this.lines.push(`dial ${link} ${host}:${port} ${timeoutMs} ms`);
  }

  /** The first thing on a link that was dialed is the initiation, the rest are notifications. */
  write(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    const part = bytes.slice(start, end);
    if (this.dialed.delete(link)) {
      const sid = new DataView(part.buffer).getBigInt64(8);
      this.lines.push(`${link} < I am ${sid}, ${Buffer.from(part.subarray(20))}`);
      return;
    }
    const { state, vote } = decodeNotification(part.subarray(4));
    this.lines.push(`${link} < ${state} ${text(vote)}`);
  }

  close(link: LinkId): void {
    this.lines.push(`close ${link}`);
  }
}

export function said(state: RoleName, vote: Partial<Record<keyof Vote, bigint>>): Uint8Array {
  const whole = { leader: 0n, zxid: 0n, electionEpoch: 1n, peerEpoch: 0n, ...vote } as Vote;
  return encodeFrame(encodeNotification(state, whole, config));
}

function text({ leader, zxid, electionEpoch, peerEpoch }: Vote): string {
  return `for ${leader}, zxid ${zxid}, round ${electionEpoch}, epoch ${peerEpoch}`;
}
