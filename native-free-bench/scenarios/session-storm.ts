/** Clients that connect, open a session, and end it at once, again and again. */
import { OpCode } from '../../src/jute/proto.ts';
import { RawClient } from '../../test/support/raw-client.ts';
import { stepScenario } from '../harness/step-cases.ts';
import type { Address } from '../load/workload.ts';

export const sessionStorm = stepScenario({
  name: 'session-storm',
  title: 'sessions opened and closed by 64 clients at a time, each on a connection of its own',
  clients: 64,
  called: 'session open+close',
  open: async (servers) => ({
    step: (client) => openAndClose(servers[client % servers.length]!),
    close: async () => {},
  }),
});

async function openAndClose(server: Address): Promise<void> {
  const client = await RawClient.connect(server);
  if (client.session.timeoutMs <= 0) throw new Error('the server refused the session');
  const last = await client.request(OpCode.closeSession);
  if (last.err !== 0) throw new Error(`error code ${last.err} to closeSession`);
  await client.abandon();
}
