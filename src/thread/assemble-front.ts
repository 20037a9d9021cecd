/** Builds the front of the main thread. */
import { FrontAgent } from '../agents/front.ts';
import { FrontReads } from '../agents/front-reads.ts';
import { FrontRequests } from '../agents/front-requests.ts';
import { FrontSession } from '../agents/front-session.ts';
import { FrontWords } from '../agents/front-words.ts';
import { Outlet } from '../agents/outlet.ts';
import { SharedStatus } from '../agents/shared-status.ts';
import { enforcedSchemes } from '../auth/enforce-auth.ts';
import { Identities } from '../auth/identity.ts';
import { normaliseAddress } from '../auth/ip-address.ts';
import type { Settings } from '../config/settings.ts';
import { RingReceiver } from '../ring/ring-receiver.ts';
import { RingSender } from '../ring/ring-sender.ts';
import { SessionTable } from '../state/session-table.ts';
import { TreeView } from '../tree/tree-view.ts';
import { type Ports, schemeTable } from './assemble.ts';
import type { SharedServer } from './shared.ts';

export interface AssembleFrontOptions {
  readonly shared: SharedServer;
  readonly settings: Settings;
  readonly serverId: number;
  readonly ports: Ports;
  readonly wake: () => void;
  readonly onSnapshotDue: () => void;
}

export function assembleFront(options: AssembleFrontOptions): FrontAgent {
  const { shared, settings, ports } = options;
  const tree = new TreeView(shared.tree);
  const sessions = new SessionTable(shared.sessions);
  const status = new SharedStatus(shared.status);
  const schemes = schemeTable(settings, ports);
  const requests = new FrontRequests(new Outlet(new RingSender(shared.requests)));
  const session = new FrontSession({
    ...{ tree, requests, sessions, schemes },
    reads: new FrontReads(tree, schemes, status),
    enforced: enforcedSchemes(
      {
        enabled: settings['enforce.auth.enabled'],
        schemes: settings['enforce.auth.schemes'],
        sessionRequireClientSaslAuth: settings.sessionRequireClientSASLAuth,
      },
      schemes,
    ),
    inFlightMax: settings.globalOutstandingLimit,
    logger: ports.logger,
  });
  return new FrontAgent({
    ...{ requests, tree, sessions, session, status },
    replies: new RingReceiver(shared.replies),
    words: new FrontWords({ ...options, tree, requests, status }),
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
    onSnapshotDue: options.onSnapshotDue,
  });
}
