/** Builds a front: the same way on the main thread and on one of its own. */
import { environmentEntries, versionText } from '../admin/environment.ts';
import { whitelistOf } from '../admin/four-letter-words.ts';
import { MetricsRecorder } from '../admin/metrics-recorder.ts';
import { Outlet } from '../agents/outlet.ts';
import { enforcedSchemes } from '../auth/enforce-auth.ts';
import { Identities } from '../auth/identity.ts';
import { normaliseAddress } from '../auth/ip-address.ts';
import type { Membership } from '../config/server-lines.ts';
import type { Settings } from '../config/settings.ts';
import { CnxnCounts } from '../front/cnxn-counts.ts';
import { ConnectionThrottle, type ConnectionThrottleMemory } from '../front/connection-throttle.ts';
import { FrontFacts } from '../front/facts.ts';
import { FrontAgent } from '../front/front.ts';
import { FrontCounts } from '../front/front-counts.ts';
import { FrontHandshakes } from '../front/handshakes.ts';
import { OtherFronts } from '../front/other-fronts.ts';
import { FrontReads } from '../front/reads.ts';
import { RequestThrottle, type RequestThrottleSettings } from '../front/request-throttle.ts';
import { FrontRequests } from '../front/requests.ts';
import { FrontSession } from '../front/session.ts';
import { FrontWords } from '../front/words.ts';
import { RingReceiver } from '../ring/ring-receiver.ts';
import { RingSender } from '../ring/ring-sender.ts';
import { SessionTable } from '../state/session-table.ts';
import { SharedStatus } from '../state/shared-status.ts';
import { TreeView } from '../tree/tree-view.ts';
import { type Ports, schemeTable } from './assemble.ts';
import { nodeDescriptors, nodeHost } from './node-host.ts';
import { builtMs, ownVersion } from './own-version.ts';
import type { SharedServer } from './shared.ts';

export interface AssembleFrontOptions {
  /** Index of the front. */
  readonly index: number;
  readonly shared: SharedServer;
  readonly settings: Settings;
  readonly serverId: number;
  readonly membership: Membership | null;
  readonly ports: Ports;
  /** The client port that is bound. */
  readonly clientPort: () => number;
  readonly wake: () => void;
  readonly onFailure: (error: unknown) => void;
  readonly onSnapshotDue: () => void;
}

function assembleWords(
  options: AssembleFrontOptions,
  requests: FrontRequests,
  tree: TreeView,
  status: SharedStatus,
): FrontWords {
  const { shared, settings, ports, serverId, membership, index } = options;
  const { fronts } = shared;
  const version = versionText(ownVersion, builtMs());
  return new FrontWords({
    ...{ requests, status },
    others: new OtherFronts(requests, index, fronts.length),
    whitelist: whitelistOf(settings['4lw.commands.whitelist'], settings['readonlymode.enabled']),
    facts: new FrontFacts({
      ...{ settings, serverId, membership, tree, status, version },
      metrics: [...fronts.map(({ metrics }) => metrics), ...Object.values(shared.metrics)],
      disk: ports.disk,
      clock: ports.clock,
      environment: () => environmentEntries(version, nodeHost()),
      descriptors: nodeDescriptors,
      clientPort: options.clientPort,
    }),
    logger: ports.logger,
    clientPort: options.clientPort,
    frameBytesMax: settings['jute.maxbuffer'],
  });
}

export function assembleFront(options: AssembleFrontOptions): FrontAgent {
  const { shared, settings, ports, index } = options;
  const own = shared.fronts[index]!;
  const others = shared.fronts.filter((front) => front !== own);
  const tree = new TreeView(shared.tree);
  const sessions = new SessionTable(shared.sessions);
  const status = new SharedStatus(shared.status);
  const schemes = schemeTable(settings, ports);
  const requests = new FrontRequests(new Outlet(new RingSender(own.requests)));
  const metrics = new MetricsRecorder(own.metrics, ports.random);
  const counts = new FrontCounts(
    own.counts,
    others.map((front) => front.counts),
  );
  const session = new FrontSession({
    ...{ tree, requests, sessions, schemes, counts },
    reads: new FrontReads(tree, schemes, status),
    enforced: enforcedSchemes(
      {
        enabled: settings['enforce.auth.enabled'],
        schemes: settings['enforce.auth.schemes'].join(',') || null,
        sessionRequireClientSaslAuth: settings.sessionRequireClientSASLAuth,
      },
      schemes,
    ),
    inFlightMax: settings.globalOutstandingLimit,
    throttle: new RequestThrottle(requestThrottleSettings(settings), counts, metrics),
    metrics,
    logger: ports.logger,
  });
  return new FrontAgent({
    ...{ index, requests, tree, sessions, session, metrics, counts },
    cnxns: new CnxnCounts(
      own.cnxns,
      others.map(({ cnxns }) => cnxns),
    ),
    handshakes: new FrontHandshakes({
      ...{ requests, tree, status, metrics, clock: ports.clock, logger: ports.logger },
      throttle: connectionThrottle(shared.connectionThrottle, settings, ports),
    }),
    replies: new RingReceiver(own.replies),
    words: assembleWords(options, requests, tree, status),
    clock: ports.clock,
    logger: ports.logger,
    limits: {
      frameBytesMax: settings['jute.maxbuffer'],
      perAddressMax: settings.maxClientCnxns,
      totalMax: settings.maxCnxns,
    },
    sessionlessMs: settings['nio.sessionlessCnxnTimeout'],
    identify: (socket) =>
      Identities.of([{ scheme: 'ip', id: normaliseAddress(socket.remoteAddress ?? '') }]),
    wake: options.wake,
    onFailure: options.onFailure,
    onSnapshotDue: options.onSnapshotDue,
  });
}

function requestThrottleSettings(settings: Settings): RequestThrottleSettings {
  return {
    requestsMax: settings.request_throttle_max_requests,
    opWaitMs: settings.throttled_op_wait_time,
    dropsStale: settings.request_throttle_drop_stale && settings.request_stale_latency_check,
    largeThreshold: settings.largeRequestThreshold,
    largeBytesMax: settings.largeRequestMaxBytes,
  };
}

/** Weights that make no sense are those of Apache's defaults, and no session costs less than one. */
function connectionThrottle(
  memory: ConnectionThrottleMemory,
  settings: Settings,
  { random, clock }: Ports,
): ConnectionThrottle {
  const positive = (weight: number, fallback: number) => (weight > 0 ? weight : fallback);
  const least = positive(settings.connection_throttle_local_session_weight, 1);
  const open = positive(settings.connection_throttle_global_session_weight, 3);
  const renew = positive(settings.connection_throttle_renew_session_weight, 2);
  const weights = { open: Math.max(open, least), renew: Math.max(renew, least) };
  return new ConnectionThrottle(
    memory,
    {
      tokens: settings.connection_throttle_tokens,
      fillTimeMs: settings.connection_throttle_fill_time,
      fillCount: settings.connection_throttle_fill_count,
      freezeTimeMs: settings.connection_throttle_freeze_time,
      dropIncrease: settings.connection_throttle_drop_increase,
      dropDecrease: settings.connection_throttle_drop_decrease,
      decreaseRatio: settings.connection_throttle_decrease_ratio,
      weights: settings.connection_throttle_weight_enabled ? weights : null,
    },
    random,
    clock.monotonicMs(),
  );
}
