/** Whatever another server sends costs one link, and never the process. */
import { describe, expect, it } from 'vitest';
import { PacketType } from '../../src/jute/quorum.ts';
import type { LinkId } from '../../src/zab/peer-ports.ts';
import { SeededRandom } from '../support/random.ts';
import { type Counters, intBytes, ScriptedPeer } from './scripted-peer.ts';
import { makeTxn } from './world/txns.ts';
import { writeSnapshot } from './world/world-snapshot.ts';

const lives = 4000;
const typeNames = Object.keys(PacketType) as (keyof typeof PacketType)[];
const epochs = [-1, 0, 1, 2, 3, 0x7fffffff, -0x80000000];
const text = new TextEncoder().encode('version=0');

/** Something that may be right, is nearly right, or is nothing at all. */
function randomData(random: SeededRandom, zxid: Counters): Uint8Array | undefined {
  switch (random.below(7)) {
    case 0:
      return undefined;
    case 1:
      return random.bytes(random.below(40));
    case 2:
      return intBytes(random.pick(epochs));
    case 3:
      return text;
    case 4:
      return makeTxn(random.pick(epochs), random.below(4), 0).bytes;
    default:
      return makeTxn(...zxid, 0).bytes;
  }
}

function hearRandom(peer: ScriptedPeer, link: LinkId, random: SeededRandom): void {
  if (random.below(12) === 0) {
    peer.hearBytes(link, random.bytes(1 + random.below(60)));
    return;
  }
  const zxid: Counters = [random.pick(epochs), random.pick([0, 1, 2, 3, -1])];
  peer.hear(link, random.pick(typeNames), zxid, randomData(random, zxid));
}

/** The right packets of a leader, in their order. */
const leaderSteps: ((peer: ScriptedPeer, link: LinkId) => void)[] = [
  (peer, link) => peer.hear(link, 'leaderInfo', [2, 0], intBytes(0x10000)),
  (peer, link) => peer.hear(link, 'diff', [1, 2]),
  (peer, link) => peer.hearTxn(link, 'proposal', [1, 2]),
  (peer, link) => peer.hear(link, 'newLeader', [2, 0], text),
  (peer, link) => peer.hearTxn(link, 'proposal', [2, 1]),
  (peer, link) => peer.hear(link, 'upToDate', [-1, -1]),
  (peer, link) => peer.hear(link, 'commit', [2, 1]),
];

const learnerSteps: typeof leaderSteps = [
  (peer, link) => peer.introduce(link, 1, 1),
  (peer, link) => peer.acknowledgeEpoch(link, 1, [1, 1]),
  (peer, link) => peer.hear(link, 'ack', [2, 0]),
  (peer) => peer.peer.ready && peer.propose([2, 1]),
  (peer, link) => peer.hear(link, 'ack', [2, 1]),
];

function live(seed: number): ScriptedPeer {
  const random = new SeededRandom(seed);
  const peer = new ScriptedPeer({ self: 3, log: [[1, 1]], acceptedEpoch: 1, currentEpoch: 1 });
  peer.isDiskFast = random.below(4) > 0;
  peer.truncateOutcome = random.pick(['done', 'refused']);
  const leads = random.below(2) === 0;
  peer.elect(leads ? 3 : 2);
  const link = leads ? peer.accept() : peer.connect();
  const steps = leads ? learnerSteps : leaderSteps;
  for (const step of steps.slice(0, random.below(steps.length + 1))) step(peer, link);
  for (let i = 0; i < 6; i++) hearRandom(peer, link, random);
  peer.sync();
  return peer;
}

describe('what another server sends', () => {
  it('costs one link at the most', () => {
    let closed = 0;
    for (let seed = 1; seed <= lives; seed++) {
      const peer = live(seed);
      if (peer.transcript().includes(' closed')) closed++;
      peer.elapse(1);
    }
    // Most of it is refused, and a part of it is harmless.
    expect(closed).toBeGreaterThan(lives / 4);
    expect(closed).toBeLessThan(lives);
  });

  it('may be a snapshot that is none', () => {
    const snapshot = writeSnapshot([makeTxn(1, 1, 0), makeTxn(1, 2, 0)]);
    for (let seed = 1; seed <= 500; seed++) {
      const random = new SeededRandom(seed);
      const peer = new ScriptedPeer({ self: 1 });
      peer.elect(3);
      const link = peer.connect();
      peer.hear(link, 'leaderInfo', [2, 0], intBytes(0x10000));
      peer.hear(link, 'snap', [1, 2]);
      const spoiled = snapshot.slice();
      for (let i = 0; i < 3; i++) spoiled[random.below(spoiled.length)] = random.below(256);
      peer.onDisk = { base: [1, 2], log: [] };
      peer.hearBytes(link, spoiled);
      peer.hearBytes(link, random.bytes(50));
      peer.elapse(1);
      expect(peer.transcript()).not.toContain('replica follows');
    }
  });
});
