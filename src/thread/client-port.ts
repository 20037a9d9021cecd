/** How a front listens on the client port. */
import type { Socket } from 'node:net';
import type { Logger } from '../base/ports.ts';
import type { Settings } from '../config/settings.ts';
import type { ClientConnection } from '../net/client-connection.ts';
import type { ListenerOptions } from '../net/client-listener.ts';

export function listenerOptions(
  settings: Settings,
  logger: Logger,
  accept: (socket: Socket) => ClientConnection | null,
): ListenerOptions {
  const backlog = settings.clientPortListenBacklog;
  return {
    host: settings.clientPortAddress ?? undefined,
    port: settings.clientPort ?? 0,
    backlog: backlog > 0 ? backlog : undefined,
    keepAlive: settings.clientTcpKeepAlive,
    accept,
    onError: (error) => logger.error({ error: error.message }, 'Accept failed'),
  };
}
