/**
 * Three servers on a network of the kernel's own, where packets are lost and links go down: what
 * proxies cannot do, for to them every byte arrives in the end.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { EnsembleProcesses, ringkeepers } from '../support/ensemble-processes.ts';
import { LogArchive } from '../support/log-archive.ts';
import { NetworkNamespaces } from '../support/network-namespaces.ts';
import { partitions } from './nemeses-of-networks.ts';
import { expectPromisesKept, promisingSettings } from './promises.ts';

const seed = Date.now() % 1_000_000;
const { isAvailable } = NetworkNamespaces;
/** What is said beside those that are skipped. */
const reason = isAvailable ? '' : ' (skipped: no unshare, nsenter and ip, or no right to use them)';

describe.skipIf(!isAvailable)(`three servers in namespaces, seed ${seed}${reason}`, () => {
  const network = new NetworkNamespaces();
  const archive = new LogArchive();
  let ensemble: EnsembleProcesses;

  beforeAll(async () => {
    const voters = ringkeepers(3);
    ensemble = await EnsembleProcesses.start({ voters, settings: promisingSettings, network });
  });

  afterAll(() => ensemble?.close());

  const nemeses = partitions(network);
  it.each([
    'a leader that nobody hears',
    'a leader that hears nobody',
    'a leader that is cut off',
    'a follower that is cut off',
  ])('keep their promises with %s', async (name) => {
    await expectPromisesKept(ensemble, archive, seed, nemeses[name]!);
  });
});
