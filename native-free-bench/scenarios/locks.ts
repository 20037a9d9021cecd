/** Clients that take turns on one lock. */

import { stepScenario } from '../harness/step-cases.ts';
import { LockClients } from '../load/locks.ts';

export const locks = stepScenario({
  name: 'locks',
  title: '16 clients that take turns on one lock, by the recipe of the documentation',
  clients: 16,
  called: 'lock and unlock',
  open: (servers, clients) => LockClients.open(servers, clients),
});
