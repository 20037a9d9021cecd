/**
 * Three servers and everything that can happen to them and to the network between them, while
 * clients work. The network is made of proxies, so that it can be bad in one direction only.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { apacheVersion } from '../../native-free-bench/apache/jars.ts';
import type { MemberKind } from '../support/ensemble-member.ts';
import { EnsembleProcesses } from '../support/ensemble-processes.ts';
import { LogArchive } from '../support/log-archive.ts';
import { PeerRelays } from '../support/peer-relays.ts';
import { targetName } from '../support/target-server.ts';
import { badLines, partitions } from './nemeses-of-networks.ts';
import { longNemeses, nemesesOfServers } from './nemeses-of-servers.ts';
import { expectPromisesKept, promisingSettings } from './promises.ts';

const kind: MemberKind = targetName === 'apache' ? `apache ${apacheVersion}` : 'ringkeeper';
const seed = Date.now() % 1_000_000;
const relays = new PeerRelays();

describe(`three servers of ${targetName}, seed ${seed}`, () => {
  const archive = new LogArchive();
  let ensemble: EnsembleProcesses;

  beforeAll(async () => {
    const voters = [kind, kind, kind];
    ensemble = await EnsembleProcesses.start({
      voters,
      settings: promisingSettings,
      network: relays,
    });
  });

  afterAll(() => ensemble?.close());

  const nemeses = {
    ...nemesesOfServers,
    ...partitions(relays),
    ...badLines(relays),
    ...longNemeses,
  };
  it.each(Object.entries(nemeses))('keep their promises with %s', async (_name, nemesis) => {
    await expectPromisesKept(ensemble, archive, seed, nemesis);
  });
});
