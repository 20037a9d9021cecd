/** What the configuration means for the ensemble: how this server sees it, and the peer's settings. */

import type { Zxid } from '../base/zxid.ts';
import { formatMembership, type Membership, type ServerLine } from '../config/server-lines.ts';
import type { Settings } from '../config/settings.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import type { EnsembleMember, EnsembleView, PeerSettings } from '../zab/ensemble-view.ts';
import {
  hierarchyOf,
  majorityOf,
  type QuorumVerifier,
  type ServerId,
} from '../zab/quorum-verifier.ts';
import { payloadBytesMax } from './storage-options.ts';

export function ensembleViewOf(membership: Membership, self: number): EnsembleView {
  const members = [...membership.servers.values()].map(memberOf);
  return {
    self: self as ServerId,
    members: new Map(members.map((member) => [member.id, member])),
    verifier: verifierOf(membership, members),
    version: membership.version as Zxid,
    text: encodeUtf8(formatMembership(membership)),
  };
}

function memberOf({ id, role, addresses }: ServerLine): EnsembleMember {
  return {
    id: id as ServerId,
    role,
    quorum: addresses.map(({ host, quorumPort }) => ({ host, port: quorumPort })),
    election: addresses.map(({ host, electionPort }) => ({ host, port: electionPort })),
  };
}

function verifierOf(
  { groups, weights }: Membership,
  members: readonly EnsembleMember[],
): QuorumVerifier {
  const voters = members.filter(({ role }) => role === 'participant').map(({ id }) => id);
  return groups.size > 0 ? hierarchyOf({ voters, groups, weights }) : majorityOf(voters);
}

export function peerSettingsOf(settings: Settings): PeerSettings {
  return {
    tickTimeMs: settings.tickTime,
    initLimitTicks: settings.initLimit,
    syncLimitTicks: settings.syncLimit,
    connectToLearnerMasterLimitTicks: settings.connectToLearnerMasterLimit,
    leaderServes: settings.leaderServes,
    listenOnAllIps: settings.quorumListenOnAllIPs,
    minNotificationIntervalMs: settings['fastleader.minNotificationInterval'],
    maxNotificationIntervalMs: settings['fastleader.maxNotificationInterval'],
    electionConnectTimeoutMs: settings.cnxTimeout,
    electionBindTries: settings.electionPortBindRetry,
    electionHandshakeTimeoutMs: settings.quorumCnxnTimeoutMs,
    leaderConnectRetryMs: settings.leaderConnectDelayDuringRetryMs,
    observerReconnectDelayMs: Number(settings['observer.reconnectDelayMs']),
    observerElectionDelayMs: Number(settings['observer.election.DelayMs']),
    multiAddressEnabled: settings['multiAddress.enabled'],
    maxConcurrentSnapSyncs: settings['leader.maxConcurrentSnapSyncs'],
    maxConcurrentDiffSyncs: settings['leader.maxConcurrentDiffSyncs'],
    syncEnabled: settings.syncEnabled,
    commitLogCount: settings.commitLogCount,
    packetBytesMax: payloadBytesMax(settings),
    quorumSync: settings['ringkeeper.quorumSync'],
  };
}
