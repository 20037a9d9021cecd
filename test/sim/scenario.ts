/** What a scenario is, and how it says what it expects to be answered. */
import { CreateFlag } from '../../src/jute/proto.ts';
import { aclOf } from '../processor/harness.ts';
import type { SimClient } from './sim-client.ts';
import type { RingSizes } from './sim-memory.ts';
import type { SettingValues } from './sim-ports.ts';
import type { SimWorld } from './sim-world.ts';

export interface Scenario {
  readonly name: string;
  readonly settings?: SettingValues;
  readonly rings?: RingSizes;
  readonly run: (world: SimWorld) => void;
}

const { ephemeral } = CreateFlag;

/** Error codes of all replies since the last call. */
function errors(client: SimClient): number[] {
  return client.replies.splice(0).map((reply) => reply.err);
}

export function expectErrors(client: SimClient, ...expected: number[]): void {
  const found = errors(client);
  if (found.join() !== expected.join()) {
    throw new Error(`answered was ${found.join()}, expected ${expected.join()}`);
  }
}

export function expectAllOk(client: SimClient): void {
  const found = errors(client);
  if (found.length === 0 || found.some((err) => err !== 0)) {
    throw new Error(`answered was ${found.join() || 'nothing'}`);
  }
}

export function expectFile(world: SimWorld, pattern: RegExp, atLeast = 1): void {
  const names = world.disk.list('/data/version-2').filter((name) => pattern.test(name));
  if (names.length < atLeast) throw new Error(`${names.length} files are like ${pattern}`);
}

/** Changes of every kind, one a call, on nodes that the walk may stand on. */
function mixedChanges(world: SimWorld, client: SimClient, count: number): () => void {
  let done = 0;
  const others: SimClient[] = [];
  const changes = [
    (n: number) => client.create(`/f/new${n}`, { data: `n${n}` }),
    (n: number) => client.setData(`/f/a${n % 4}`, `changed ${n}`),
    (n: number) => client.create(`/f/e${n}`, { flags: ephemeral }),
    (n: number) => client.delete(`/f/b${n % 8}`),
    (n: number) => client.setAcl(`/f/a${n % 4}`, [aclOf(31, 'ip', `10.0.0.${n}`)]),
    (n: number) => {
      client.multi([
        { kind: 'setData', path: '/f/a0', data: `both ${n}` },
        { kind: 'create', path: `/f/a1/under${n}`, data: '' },
      ]);
    },
    (n: number) => client.create(`/f/b${n % 8}`, { data: 'again' }),
    () => others.push(world.connect()),
    () => others.shift()?.closeSession(),
  ];
  return () => {
    if (done >= count) return;
    changes[done % changes.length]?.(done);
    done++;
    world.settle();
  };
}

/** A snapshot of a dozen nodes, with a change at each step of the walk. */
export function fuzzySnapshot(world: SimWorld, changes: number): void {
  const client = world.client();
  client.create('/f');
  for (let i = 0; i < 4; i++) client.create(`/f/a${i}`, { data: `a${i}` });
  for (let i = 0; i < 8; i++) client.create(`/f/b${i}`, { data: `b${i}` });
  world.settle();
  expectAllOk(client);
  const before = world.server.lastZxid;
  const { written, zxid } = world.snapshot(mixedChanges(world, client, changes));
  if (!written || zxid !== before) throw new Error('the snapshot has the zxid of its beginning');
  if (world.server.lastZxid < before + BigInt(changes) / 2n) throw new Error('it is not fuzzy');
  client.setData('/f/a2', 'behind it');
  world.settle();
}
