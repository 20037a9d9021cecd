/**
 * Strangers at the ports that servers have for each other: whatever they send, and however many
 * stay without a word, costs them their connection and no server its leader.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnsembleProcesses, ringkeepers } from '../support/ensemble-processes.ts';
import { SeededRandom } from '../support/random.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';

const strangersPerKind = 12;
const idleStrangers = 200;

describe('three servers', () => {
  const random = new SeededRandom(Date.now());
  let ensemble: EnsembleProcesses;
  let ports: number[];
  let client: RawClient;
  let pings: NodeJS.Timeout;

  beforeAll(async () => {
    ensemble = await EnsembleProcesses.start({
      voters: ringkeepers(3),
      settings: { initLimit: '8' },
    });
    const leader = await ensemble.leader();
    ports = [...ensemble.members.map(({ place }) => place.ports.election)];
    ports.push(ensemble.member(leader).place.ports.quorum);
    client = await RawClient.connect({ port: ensemble.portOf(leader) });
    await requests.create(client, '/undisturbed');
    pings = setInterval(() => void client.ping(), 1000);
  });

  afterAll(async () => {
    clearInterval(pings);
    await ensemble?.close();
  });

  /** A connection that sends these bytes; resolves when it is over. */
  function stranger(port: number, bytes: Uint8Array): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    if (bytes.length > 0) socket.write(bytes);
    socket.resume();
    return new Promise((resolve) => socket.on('close', () => resolve()));
  }

  /** The connection of before still serves: nobody has left the leader. */
  async function expectUndisturbed(): Promise<void> {
    expect(client.socket.isClosed).toBe(false);
    expect((await requests.setData(client, '/undisturbed', null)).err).toBe(0);
    const modes = await Promise.all(ensemble.ids.map((id) => ensemble.modeOf(id)));
    expect(modes.sort(), `seed ${random.seed}`).toEqual(['follower', 'follower', 'leader']);
    for (const member of ensemble.members) expect(member.isRunning).toBe(true);
  }

  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const int64 = (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    return bytes;
  };
  const noise = () => {
    const bytes = Buffer.alloc(1 + random.below(600));
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
    return bytes;
  };
  const address = Buffer.from('127.0.0.1:3888');

  /** What a stranger sends. Those that could be the begin of something sensible end in noise. */
  const kinds: Record<string, () => Uint8Array> = {
    noise,
    'a browser': () => Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    'a client of ZooKeeper': () => Buffer.concat([int32(44), Buffer.alloc(44)]),
    'a length without an end': () => Buffer.concat([int32(0x7fffffff), noise()]),
    'a negative length': () => Buffer.concat([int32(-1), noise()]),
    'a server with an address that never ends': () =>
      Buffer.concat([int64(-65536n), int64(2n), int32(0x7fffffff), noise()]),
    'a server of a later version': () => Buffer.concat([int64(-1n), int64(2n), noise()]),
    'a server that is not in the list': () =>
      Buffer.concat([int64(-65536n), int64(77n), int32(address.length), address, int32(-5)]),
    'a server with a notification that is none': () =>
      Buffer.concat([
        ...[int64(-65536n), int64(2n), int32(address.length), address],
        ...[int32(40), Buffer.alloc(40, 0xff), int32(16), noise(), int32(-7)],
      ]),
  };

  it.each(Object.keys(kinds))('are not disturbed by %s', async (kind) => {
    const make = kinds[kind] as () => Uint8Array;
    const all = ports.flatMap((port) =>
      Array.from({ length: strangersPerKind }, () => stranger(port, make())),
    );
    await Promise.all(all);
    await expectUndisturbed();
  });

  it('are not disturbed by those who say nothing, and can be joined meanwhile', async () => {
    const silence = new Uint8Array(0);
    const gone = Promise.all(
      ports.flatMap((port) => Array.from({ length: idleStrangers }, () => stranger(port, silence))),
    );
    await expectUndisturbed();
    const follower = await ensemble.anyOf('follower');
    await ensemble.kill(follower);
    await ensemble.start(follower);
    // They have their time to say who they are, and then they are gone.
    await gone;
    await expectUndisturbed();
  });
});
