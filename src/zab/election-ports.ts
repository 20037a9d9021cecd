/**
 * How the peer and its election speak to each other: types alone. The election (`ElectionPeer`)
 * is a hint, no proof: it owns the listener and the links of the election port, finds a leader,
 * and goes on to answer servers that look for one. The safety of what follows rests on discovery
 * and synchronization.
 */
import type { Logger } from '../base/ports.ts';
import type { Epoch, Zxid } from '../base/zxid.ts';
import type { EnsembleView, PeerSettings } from './ensemble-view.ts';
import type { LinkId, LinkOutput } from './peer-ports.ts';
import type { ServerId } from './quorum-verifier.ts';

/**
 * What a server says of its leader. Votes are ordered by peerEpoch, zxid, leader, all signed longs;
 * observers vote with the smallest long in each (Apache `Vote`).
 */
export interface Vote {
  readonly leader: bigint;
  /** Last txn of the leader. */
  readonly zxid: Zxid;
  /** The round (logical clock) in which it was voted for. */
  readonly electionEpoch: bigint;
  /** The leader's current epoch. */
  readonly peerEpoch: bigint;
}

/** What the own vote rests on. Both are durable. */
export interface Standing {
  readonly lastZxid: Zxid;
  readonly currentEpoch: Epoch;
}

export interface ElectionListener {
  /** The round is over. `leader` is this server itself or another participant. */
  onDecided(leader: ServerId, vote: Vote): void;
  /** While a role is held: a participant has said that it looks for a leader. */
  onLookingPeer(server: ServerId): void;
}

export interface ElectionParts {
  readonly view: EnsembleView;
  readonly settings: PeerSettings;
  readonly links: LinkOutput;
  readonly newLink: () => LinkId;
  readonly listener: ElectionListener;
  readonly logger: Logger;
}

/**
 * Calls that have no time of their own happen at the time of the last `open`, `look` or `tick`.
 * The listener is called from inside `look`, `tick` or `onBytes`, and may call back at once.
 */
export interface Election {
  /** Listens on the election port; tries again when that fails. */
  open(nowMs: number): void;
  /** Begins a round. `onDecided` follows, and from then on the decided vote is the answer. */
  look(nowMs: number, standing: Standing): void;
  /** The decided leader has established this epoch: it is the vote's peerEpoch from now on. */
  established(epoch: Epoch): void;
  /** The role is over. Nothing is decided until the next `look`. */
  leave(): void;
  /** Closes the listener and all links; nothing follows. */
  close(): void;
  /** The vote of the round, or the decided one. Null before the first `look`. */
  readonly currentVote: Vote | null;

  tick(nowMs: number): void;
  /** Infinity when it waits for nothing. */
  nextDeadlineMs(): number;
  /** Whether the link was accepted or dialed by the election. */
  owns(link: LinkId): boolean;
  onListenFailed(reason: string): void;
  onAccepted(link: LinkId): void;
  onDialed(link: LinkId): void;
  onBytes(link: LinkId, bytes: Uint8Array, start: number, end: number): void;
  /** So many bytes of what was written have left this process. */
  onSent(link: LinkId, bytes: number): void;
  onClosed(link: LinkId): void;
}
