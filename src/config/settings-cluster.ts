/**
 * Settings of ensembles: quorum, election, synchronization, reconfiguration. Rows only. The server
 * lines themselves (`server.N`, `group.N`, `weight.N`) are no settings: see `server-lines.ts`.
 */
import {
  bare,
  flag,
  integer,
  key,
  long,
  noUnlessYes,
  oneOf,
  path,
  property,
  secret,
  text,
} from './setting.ts';

const noEffect = 'accepted, no effect';
const works = 'works';
const quiet = true;

export const clusterSettings = {
  initLimit: key(integer, 0, {
    means: 'Time that a follower may take to connect and to load the state of the leader.',
    unit: 'ticks',
    status: works,
    shownDefault: 'required in an ensemble',
  }),
  syncLimit: key(integer, 0, {
    means: 'Time that a follower may be behind the leader.',
    unit: 'ticks',
    status: works,
    shownDefault: 'required in an ensemble',
  }),
  connectToLearnerMasterLimit: key(integer, 0, {
    means: 'Time that a follower may take to connect to the leader; 0 means initLimit.',
    unit: 'ticks',
    quiet,
  }),
  electionAlg: key(integer, 3, {
    means: 'Election algorithm; only 3 (fast leader election) exists.',
    status: works,
  }),
  peerType: key(oneOf('participant', 'observer'), 'participant', {
    means: 'Whether this member votes; the server lines decide where they say otherwise.',
    status: works,
  }),
  standaloneEnabled: key(flag, true, {
    means: 'One voter runs as a standalone server; with false, as an ensemble of one.',
    status: works,
  }),
  reconfigEnabled: key(flag, false, {
    means: 'The members of an ensemble can be changed by clients.',
    quiet,
  }),
  dynamicConfigFile: key(path, '', {
    means: 'File with the server lines, which then do not stand in zoo.cfg.',
    status: works,
    shownDefault: 'none',
  }),
  quorumListenOnAllIPs: key(flag, false, {
    means: 'The quorum and election ports listen on all addresses.',
    status: works,
  }),
  leaderServes: property(noUnlessYes, true, {
    means: 'With no, a leader takes no clients.',
    status: works,
  }),
  localSessionsEnabled: key(flag, false, {
    means: 'Sessions that only their server knows, until they create an ephemeral node.',
    status: works,
  }),
  localSessionsUpgradingEnabled: key(flag, false, {
    means: 'A local session becomes a global one when it creates an ephemeral node.',
    status: works,
  }),
  syncEnabled: key(flag, true, {
    means: 'Observers keep logs and snapshots.',
    aliases: ['observer.syncEnabled'],
    status: works,
  }),
  'observer.reconnectDelayMs': property(long, 0, {
    means: 'Pause of an observer before it connects again.',
    unit: 'ms',
    quiet,
  }),
  'observer.election.DelayMs': property(long, 200, {
    means: 'Pause of an observer before it takes part in finding the leader.',
    unit: 'ms',
    status: works,
  }),
  'observerMaster.sizeLimit': property(integer, 33_554_432, {
    means: 'Packets that a follower keeps for its observers.',
    unit: 'bytes',
    quiet,
  }),
  cnxTimeout: property(integer, 5000, {
    means: 'Time that a connection between servers for elections may take.',
    unit: 'ms',
    status: works,
  }),
  quorumCnxnTimeoutMs: property(integer, -1, {
    means: 'Time to say who dials for an election; 0 means for ever, -1 means syncLimit ticks.',
    unit: 'ms',
    status: works,
  }),
  electionPortBindRetry: property(integer, 3, {
    means: 'Tries to listen on the election port; 0 means for ever.',
    unit: 'count',
    status: works,
  }),
  tcpKeepAlive: property(flag, false, {
    means: 'TCP keep-alive on election connections.',
    quiet,
  }),
  'fastleader.minNotificationInterval': property(integer, 200, {
    means: 'First pause between two rounds of votes.',
    unit: 'ms',
    status: works,
  }),
  'fastleader.maxNotificationInterval': property(integer, 60_000, {
    means: 'Longest pause between two rounds of votes.',
    unit: 'ms',
    status: works,
  }),
  'leader.maxTimeToWaitForEpoch': property(integer, -1, {
    means: 'A leader gives up when the epochs of a quorum take longer; -1: initLimit decides.',
    unit: 'ms',
    quiet,
  }),
  'leader.maxConcurrentSnapSyncs': property(integer, 10, {
    means: 'Followers that are sent a snapshot at the same time.',
    unit: 'count',
    aliases: ['maxConcurrentSnapSyncs'],
    status: works,
  }),
  'leader.maxConcurrentDiffSyncs': property(integer, 100, {
    means: 'Followers that are sent missing transactions at the same time.',
    unit: 'count',
    aliases: ['maxConcurrentDiffSyncs'],
    status: works,
  }),
  'leader.ackLoggingFrequency': property(integer, 1000, {
    means: 'One in so many acknowledgements is measured.',
    unit: 'acks',
    quiet,
  }),
  leaderConnectDelayDuringRetryMs: property(integer, 100, {
    means: 'Pause before a follower tries again to connect to the leader.',
    unit: 'ms',
    status: works,
  }),
  'learner.asyncSending': property(flag, false, {
    means: 'A follower of the Java server sends from a thread of its own.',
    status: noEffect,
    quiet,
  }),
  'learner.closeSocketAsync': property(flag, false, {
    means: 'A follower of the Java server closes sockets from a thread of its own.',
    status: noEffect,
    quiet,
  }),
  'leader.closeSocketAsync': property(flag, false, {
    means: 'A leader of the Java server closes sockets from a thread of its own.',
    status: noEffect,
    quiet,
  }),
  forceSnapshotSync: property(flag, false, {
    means: 'A leader always sends snapshots; for tests.',
    quiet,
  }),
  forward_learner_requests_to_commit_processor_disabled: property(flag, false, {
    means: 'A memory saving of the Java server.',
    status: noEffect,
    quiet,
  }),
  'follower.skipLearnerRequestToNextProcessor': property(flag, false, {
    means: 'A memory saving of the Java server.',
    status: noEffect,
    quiet,
  }),
  'multiAddress.enabled': key(flag, false, {
    means: 'A server line may name several addresses.',
    status: works,
  }),
  'multiAddress.reachabilityCheckEnabled': key(flag, true, {
    means: 'Of several addresses, one that answers is chosen.',
    quiet,
  }),
  'multiAddress.reachabilityCheckTimeoutMs': key(integer, 1000, {
    means: 'Time that an address has to answer.',
    unit: 'ms',
    quiet,
  }),
  oraclePath: key(path, '', {
    means: 'File whose first character 1 lets one of two servers go on alone.',
    quiet,
    shownDefault: 'none',
  }),
  'readonlymode.enabled': bare(flag, false, {
    means: 'A member without a quorum serves readers; also allows the word isro.',
    quiet,
  }),
  'messageTracker.Enabled': property(flag, false, {
    means: 'The last messages between servers are logged when a connection ends.',
    quiet,
  }),
  'messageTracker.BufferSize': property(integer, 10, {
    means: 'Messages that are kept for it.',
    unit: 'count',
    quiet,
  }),
  'quorum.cnxn.threads.size': key(integer, 20, {
    means: 'Threads that log in other servers in the Java server.',
    status: noEffect,
    quiet,
  }),
  'quorum.auth.enableSasl': key(flag, false, {
    means: 'Servers log in to each other with SASL.',
    quiet,
  }),
  'quorum.auth.learnerRequireSasl': key(flag, false, {
    means: 'A server that connects to another demands SASL; needs quorum.auth.enableSasl.',
    quiet,
  }),
  'quorum.auth.serverRequireSasl': key(flag, false, {
    means: 'A server refuses others without SASL; needs quorum.auth.learnerRequireSasl.',
    quiet,
  }),
  'quorum.auth.learner.saslLoginContext': key(text, 'QuorumLearner', {
    means: 'Section of the login file for the connecting side.',
    quiet,
  }),
  'quorum.auth.server.saslLoginContext': key(text, 'QuorumServer', {
    means: 'Section of the login file for the accepting side.',
    quiet,
  }),
  'quorum.auth.kerberos.servicePrincipal': key(secret, 'zkquorum/localhost', {
    means: 'Kerberos name of the servers.',
    status: noEffect,
    quiet,
  }),
  'testingonly.initialZxid': property(long, 0, {
    means: 'First counter of an epoch, for tests of its overflow.',
    quiet,
  }),
};
