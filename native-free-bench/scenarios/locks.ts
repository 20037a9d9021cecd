/** Clients that take turns on one lock. */
import { LockClients } from '../load/locks.ts';
import { stepScenario } from './step-cases.ts';

export const locks = stepScenario({
  name: 'locks',
  title: '16 clients that take turns on one lock, by the recipe of the documentation',
  clients: 16,
  called: 'lock and unlock',
  open: (servers, clients) => LockClients.open(servers, clients),
});
