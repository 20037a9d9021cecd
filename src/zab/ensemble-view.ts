/**
 * The ensemble as one server sees it: who belongs to it, where they listen, who votes, and the text
 * that describes it to others. Made from the configuration once; types alone.
 */
import type { Zxid } from '../base/zxid.ts';
import type { QuorumVerifier, ServerId } from './quorum-verifier.ts';

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

export interface EnsembleMember {
  readonly id: ServerId;
  readonly role: 'participant' | 'observer';
  /** At least one each; several with `multiAddress.enabled`. */
  readonly quorum: readonly PeerAddress[];
  readonly election: readonly PeerAddress[];
}

export interface EnsembleView {
  readonly self: ServerId;
  readonly members: ReadonlyMap<ServerId, EnsembleMember>;
  /** Majority, or groups and weights, of the participants. */
  readonly verifier: QuorumVerifier;
  /** Zxid of the reconfiguration that made it; 0 for one from files. */
  readonly version: Zxid;
  /** As in notifications and NEWLEADER: server lines, groups, weights, version; UTF-8. */
  readonly text: Uint8Array;
}

/** Settings of the peer. Times are ms, limits are counts unless the name says otherwise. */
export interface PeerSettings {
  readonly tickTimeMs: number;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  /** 0: as initLimit. */
  readonly connectToLearnerMasterLimitTicks: number;
  readonly leaderServes: boolean;
  readonly listenOnAllIps: boolean;
  readonly minNotificationIntervalMs: number;
  readonly maxNotificationIntervalMs: number;
  readonly electionConnectTimeoutMs: number;
  /** How often a taken election port is tried, a second apart; 0: for ever. */
  readonly electionBindTries: number;
  /** For a server that has dialed to say who it is; 0 means for ever. */
  readonly electionHandshakeTimeoutMs: number;
  readonly leaderConnectRetryMs: number;
  readonly observerReconnectDelayMs: number;
  readonly observerElectionDelayMs: number;
  readonly multiAddressEnabled: boolean;
  readonly maxConcurrentSnapSyncs: number;
  readonly maxConcurrentDiffSyncs: number;
  /** Observers write a log, too. */
  readonly syncEnabled: boolean;
  /** Txns kept in memory for DIFF, at least. */
  readonly commitLogCount: number;
  /** Longest packet body: jute.maxbuffer and its extra size. */
  readonly packetBytesMax: number;
  /** The leader confirms its leadership before it answers a sync. */
  readonly quorumSync: boolean;
}
