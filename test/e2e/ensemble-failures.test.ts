/**
 * Servers of an ensemble are killed in the middle of everybody's writing, one or all of them, and
 * lose their disks; every write that any of them acknowledged is there afterwards, on each of them,
 * and none by half. Sessions outlive their servers.
 */
import { once } from 'node:events';
import zookeeper from 'node-zookeeper-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CreateFlag } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { EnsembleProcesses, ringkeepers } from '../support/ensemble-processes.ts';
import { eventually } from '../support/eventually.ts';
import { SeededRandom } from '../support/random.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { SteadyWriter } from './steady-writer.ts';

const depth = 16;
const root = '/kill';

/** Who waits for the disk, and on which thread the answers are made, differs between them. */
describe.each(['paired', 'threads'])('three servers, placed as %s', (placement) => {
  const random = new SeededRandom(Date.now());
  let ensemble: EnsembleProcesses;
  let writers: SteadyWriter[];

  beforeAll(async () => {
    // Small enough that logs roll and snapshots are written while the kills come.
    const settings = { snapCount: '1000', 'ringkeeper.placement': placement };
    ensemble = await EnsembleProcesses.start({ voters: ringkeepers(3), settings });
    writers = ensemble.ids.map((id) => new SteadyWriter(`${root}/w${id}`, random));
    const client = await connect(1);
    await requests.create(client, root);
    for (const writer of writers) await writer.prepare(client);
    await client.close();
  });

  afterAll(() => ensemble?.close());

  function connect(id: number): Promise<RawClient> {
    return RawClient.connect({ port: ensemble.portOf(id) });
  }

  /** Through these members; `atAcks` is called when so many answers came in all. */
  async function writeWhile(
    acks: number,
    atAcks: () => Promise<void>,
    ids: readonly number[] = ensemble.runningIds,
  ): Promise<void> {
    const clients = await Promise.all(ids.map((id) => connect(id)));
    await Promise.all(clients.map((client) => requests.sync(client)));
    let left = acks;
    let done = Promise.resolve();
    const onAck = (): void => {
      left--;
      if (left !== 0) return;
      done = atAcks().then(async () => {
        await Promise.all(clients.map((client) => client.abandon()));
      });
    };
    await Promise.all(
      ids.map((id, i) => (writers[id - 1] as SteadyWriter).writeOn(clients[i]!, depth, onAck)),
    );
    await done;
  }

  /** Whichever running member is asked. */
  async function compareWithBooks(when: string): Promise<void> {
    const clients = await Promise.all(ensemble.runningIds.map((id) => connect(id)));
    for (const client of clients) await requests.sync(client);
    for (const writer of writers) {
      expect(writer.wrongReplies, when).toEqual([]);
      const seen = await Promise.all(clients.map((client) => writer.look(client)));
      expect(writer.history.judge(seen[0]!), when).toEqual({ isConsistent: true, reason: '' });
      for (const other of seen) expect(other, when).toEqual(seen[0]);
      writer.history.settle(seen[0]!);
    }
    for (const client of clients) await client.close();
  }

  async function killAndCompare(what: 'leader' | 'follower', round: number): Promise<void> {
    const when = `${what}, round ${round}, seed ${random.seed}`;
    const victim = await ensemble.anyOf(what);
    await writeWhile(500 + random.below(1500), () => ensemble.kill(victim));
    await ensemble.leader();
    await ensemble.allServe();
    await compareWithBooks(`without the ${when}`);
    await writeWhile(200, async () => {});
    await ensemble.start(victim);
    await compareWithBooks(`with the ${when} back`);
  }

  it('have every acknowledged write when the leader is killed, again and again', async () => {
    for (let round = 0; round < 3; round++) await killAndCompare('leader', round);
  });

  it('have every acknowledged write when a follower is killed, again and again', async () => {
    for (let round = 0; round < 2; round++) await killAndCompare('follower', round);
  });

  it('have every acknowledged write when the power fails for all at once', async () => {
    for (let round = 0; round < 2; round++) {
      await writeWhile(500 + random.below(1500), () => ensemble.kill(...ensemble.ids));
      await ensemble.startAll();
      await compareWithBooks(`power, round ${round}, seed ${random.seed}`);
    }
  });

  it('acknowledge nothing that only the leader has', async () => {
    const leader = await ensemble.leader();
    const followers = ensemble.ids.filter((id) => id !== leader);
    await writeWhile(500, async () => {
      ensemble.pause(...followers);
      await eventually('the end of the leader', async () =>
        (await ensemble.modeOf(leader)) === null ? true : null,
      );
      await ensemble.kill(leader);
      ensemble.resume(...followers);
    });
    await ensemble.leader();
    await compareWithBooks('without the leader that stood alone');
    await ensemble.start(leader);
    await compareWithBooks('with the leader that stood alone');
  });

  it('are joined by a leader that stood still while the others went on', async () => {
    const leader = await ensemble.leader();
    const others = ensemble.ids.filter((id) => id !== leader);
    ensemble.pause(leader);
    await ensemble.leader(others);
    await writeWhile(300, async () => {}, others);
    ensemble.resume(leader);
    await ensemble.anyOf('follower', [leader]);
    await compareWithBooks('with the leader that stood still');
  });

  it('serve nobody when two of them are gone, and go on when one is back', async () => {
    const leader = await ensemble.leader();
    const [first, second] = ensemble.ids.filter((id) => id !== leader) as [number, number];
    await writeWhile(300, () => ensemble.kill(first, second));
    await eventually('the end of the leader', async () =>
      (await ensemble.modeOf(leader)) === null ? true : null,
    );
    await ensemble.start(first);
    await compareWithBooks('without one');
    await ensemble.start(second);
    await compareWithBooks('with all');
  });

  it('have every acknowledged write when they are restarted one after the other', async () => {
    const codes: (number | null)[] = [];
    await writeWhile(300, async () => {
      for (const id of ensemble.ids) {
        codes.push(await ensemble.stop(id));
        await ensemble.start(id);
      }
    });
    expect(codes).toEqual(ensemble.ids.map(() => 0));
    await compareWithBooks('after a rolling restart');
  });

  it('give everything to one that has lost its disk, while the others go on', async () => {
    const victim = await ensemble.anyOf('follower');
    await ensemble.kill(victim);
    ensemble.wipe(victim);
    await writeWhile(700, () => ensemble.start(victim));
    await compareWithBooks('after the loss of a disk');
    // It has its own history from now on, and is one of a quorum.
    const spare = await ensemble.anyOf(
      'follower',
      ensemble.ids.filter((id) => id !== victim),
    );
    await ensemble.kill(spare);
    await writeWhile(300, async () => {});
    await ensemble.start(spare);
    await compareWithBooks('with the new disk in the quorum');
  });

  it('keep the session and the ephemerals of a client through changes of the leader', async () => {
    const client = zookeeper.createClient(ensemble.connectString, { sessionTimeout: 10_000 });
    const states: string[] = [];
    client.on('state', (state: { getName(): string }) => states.push(state.getName()));
    client.connect();
    await once(client, 'connected');
    const id = client.getSessionId().toString('hex');
    await new Promise<void>((resolve, reject) => {
      client.create('/alive', Buffer.from('yes'), CreateFlag.ephemeral, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    for (let round = 0; round < 2; round++) {
      const leader = await ensemble.leader();
      await ensemble.kill(leader);
      await ensemble.leader();
      await eventually(
        'the client',
        () =>
          new Promise<string | null>((resolve) => {
            client.getData('/alive', (error, data) => resolve(error ? null : String(data)));
          }),
      );
      await ensemble.start(leader);
    }
    expect(client.getSessionId().toString('hex')).toBe(id);
    expect(states).not.toContain('EXPIRED');
    client.close();
    const other = await connect(1);
    await eventually('the end of the ephemeral', async () => {
      await requests.sync(other);
      return (await requests.getData(other, '/alive')).data === null ? true : null;
    });
    expect((await requests.create(other, '/alive', { data: encodeUtf8('no') })).reply.err).toBe(0);
    await other.close();
  });
});
