/** Conversations of one server with others, line by line, as those of Apache's servers go. */
import { describe, expect, it } from 'vitest';
import { asZxid, type Epoch } from '../../src/base/zxid.ts';
import type { LinkId } from '../../src/zab/peer-ports.ts';
import { SeededRandom } from '../support/random.ts';
import { ScriptedElection, said } from './scripted-links.ts';

const three = { voters: 3 };
const fresh = { lastZxid: asZxid(0n), currentEpoch: 0 as Epoch };

/** A server that is looking, with nobody connected; what it did so far is forgotten. */
function looking(self: number, electorate = three, standing = fresh): ScriptedElection {
  const election = new ScriptedElection(self, electorate);
  election.peer.open(0);
  election.peer.look(0, standing);
  election.take();
  return election;
}

describe('a new ensemble', () => {
  it('in which 2 dials 1: both vote for 2, and the wait ends early when 3 refuses', () => {
    const election = new ScriptedElection(2, three);
    election.peer.open(0);
    expect(election.peer.currentVote).toBe(null);
    election.peer.look(0, fresh);
    expect(election.take()).toEqual([
      'listen host2:3888',
      'dial 1 host1:3888 5000 ms',
      'dial 2 host3:3888 5000 ms',
    ]);
    election.peer.onDialed(1 as LinkId);
    expect(election.take()).toEqual([
      '1 < I am 2, host2:3888',
      '1 < looking for 2, zxid 0, round 1, epoch 0',
    ]);
    election.bytes(1 as LinkId, said('looking', { leader: 1n }));
    expect(election.take()).toEqual([]);
    election.bytes(1 as LinkId, said('looking', { leader: 2n }));
    expect(election.take()).toEqual([]);
    election.peer.onClosed(2 as LinkId);
    expect(election.take()).toEqual([
      '1 < leading for 2, zxid 0, round 1, epoch 0',
      'decided 2 for 2, zxid 0, round 1, epoch 0',
    ]);
  });

  it('in which 3 is silent: the wait is 200 ms, and a better vote ends it', () => {
    const election = looking(2);
    election.peer.onDialed(1 as LinkId);
    election.bytes(1 as LinkId, said('looking', { leader: 2n }));
    election.tick(199);
    election.accept(3, said('looking', { leader: 3n }));
    expect(election.take().slice(2)).toEqual([
      'close 2',
      '-1 < looking for 2, zxid 0, round 1, epoch 0',
      '1 < looking for 3, zxid 0, round 1, epoch 0',
      '-1 < looking for 3, zxid 0, round 1, epoch 0',
    ]);
    expect(election.peer.nextDeadlineMs()).toBe(199 + 200);
    election.tick(200);
    expect(election.take()).toEqual([
      '1 < following for 3, zxid 0, round 1, epoch 0',
      '-1 < following for 3, zxid 0, round 1, epoch 0',
      'decided 3 for 3, zxid 0, round 1, epoch 0',
    ]);
  });

  it('in which 1 dials those above it, who close and dial back', () => {
    const election = looking(1);
    election.peer.onDialed(1 as LinkId);
    expect(election.take()).toEqual(['1 < I am 1, host1:3888', 'close 1']);
    // It leaves 2 the time to dial back, and only then tries again.
    election.tick(199);
    expect(election.take()).toEqual([]);
    election.accept(2);
    expect(election.take()).toEqual(['-1 < looking for 1, zxid 0, round 1, epoch 0']);
  });
});

describe('a server that comes back', () => {
  it('hears stale votes and then the truth, and follows the leader that is there', () => {
    const standing = { lastZxid: asZxid(0x100000004n), currentEpoch: 1 as Epoch };
    const election = looking(1, three, standing);
    const established = { leader: 2n, peerEpoch: 1n };
    election.accept(3, said('looking', { leader: 2n }), said('following', established));
    expect(election.peer.currentVote?.leader).toBe(1n);
    election.take();
    election.accept(2, said('looking', { leader: 2n }), said('leading', established));
    expect(election.take().at(-1)).toBe('decided 2 for 2, zxid 0, round 1, epoch 1');
  });

  it('joins only when the leader itself has spoken, whatever round it won', () => {
    const election = looking(1);
    election.accept(3, said('following', { leader: 2n, electionEpoch: 7n }));
    election.accept(2, said('following', { leader: 2n, electionEpoch: 7n }));
    expect(election.peer.currentVote?.leader).toBe(1n);
    election.accept(2, said('leading', { leader: 2n, electionEpoch: 7n }));
    expect(election.peer.currentVote).toMatchObject({ leader: 2n, electionEpoch: 7n });
  });

  it('does not lead because others still follow it from another round', () => {
    const election = looking(3);
    for (const link of [1, 2]) {
      election.peer.onDialed(link as LinkId);
      election.bytes(link as LinkId, said('following', { leader: 3n, electionEpoch: 7n }));
    }
    expect(election.take().join()).not.toContain('decided');
  });
});

describe('rounds', () => {
  it('a later one is taken over with the better of both votes, and everybody is told', () => {
    const election = looking(2);
    election.peer.onDialed(1 as LinkId);
    election.take();
    election.bytes(1 as LinkId, said('looking', { leader: 1n, electionEpoch: 5n }));
    expect(election.take()).toEqual(['1 < looking for 2, zxid 0, round 5, epoch 0']);
    election.bytes(1 as LinkId, said('looking', { leader: 3n, zxid: 9n, electionEpoch: 6n }));
    expect(election.take()).toEqual(['1 < looking for 3, zxid 9, round 6, epoch 0']);
  });

  it('an earlier one is answered and not counted', () => {
    const election = looking(2);
    election.peer.onDialed(1 as LinkId);
    election.take();
    election.bytes(1 as LinkId, said('looking', { leader: 3n, zxid: 9n, electionEpoch: 0n }));
    expect(election.take()).toEqual(['1 < looking for 2, zxid 0, round 1, epoch 0']);
  });

  it('beyond the greatest number begin again at the smallest, and go on', () => {
    const election = looking(2);
    const last = 2n ** 63n - 1n;
    election.accept(3, said('looking', { leader: 3n, electionEpoch: last }));
    expect(election.peer.currentVote?.electionEpoch).toBe(last);
    election.peer.look(0, fresh);
    expect(election.peer.currentVote?.electionEpoch).toBe(-(2n ** 63n));
  });

  it('each find out anew who can be reached', () => {
    const election = looking(2);
    election.peer.onDialed(1 as LinkId);
    election.peer.onClosed(2 as LinkId);
    election.bytes(1 as LinkId, said('looking', { leader: 2n }));
    expect(election.take().at(-1)).toContain('decided 2');
    election.peer.leave();
    election.peer.look(0, fresh);
    expect(election.take()).toContain('dial 3 host3:3888 5000 ms');
    election.bytes(1 as LinkId, said('looking', { leader: 2n, electionEpoch: 2n }));
    expect(election.take()).toEqual([]);
    election.peer.onClosed(3 as LinkId);
    expect(election.take().at(-1)).toContain('decided 2');
  });

  it('go on when the quorum that agreed breaks up while it waits', () => {
    const election = looking(2);
    election.peer.onDialed(1 as LinkId);
    election.bytes(1 as LinkId, said('looking', { leader: 2n }));
    election.tick(100);
    election.bytes(1 as LinkId, said('looking', { leader: 1n }));
    election.take();
    election.tick(150);
    expect(election.take().join()).not.toContain('decided');
  });

  it('are repeated after pauses that double while nobody answers', () => {
    const election = looking(3);
    election.peer.onDialed(1 as LinkId);
    election.peer.onClosed(2 as LinkId);
    election.take();
    const times: number[] = [];
    while (election.nowMs < 5000) {
      election.tick(100);
      if (election.take().some((line) => line.startsWith('1 <'))) times.push(election.nowMs);
    }
    expect(times).toEqual([200, 600, 1400, 3000]);
  });
});

describe('a server that has decided', () => {
  function leader(): ScriptedElection {
    const election = looking(3);
    election.peer.onDialed(1 as LinkId);
    election.peer.onDialed(2 as LinkId);
    for (const link of [1, 2]) election.bytes(link as LinkId, said('looking', { leader: 3n }));
    expect(election.take().at(-1)).toContain('decided 3');
    return election;
  }

  it('answers those who look with its vote and the epoch that was established', () => {
    const election = leader();
    election.peer.established(4 as Epoch);
    election.bytes(1 as LinkId, said('looking', { leader: 1n, electionEpoch: 9n }));
    expect(election.take()).toEqual(['1 < leading for 3, zxid 0, round 1, epoch 4', '1 looks']);
    election.bytes(1 as LinkId, said('following', { leader: 3n }));
    expect(election.take()).toEqual([]);
  });

  it('does not look for servers that are away', () => {
    const election = leader();
    election.peer.onClosed(1 as LinkId);
    election.tick(100_000);
    expect(election.take()).toEqual([]);
    expect(election.peer.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('keeps what it hears between two rounds for the next', () => {
    const election = leader();
    election.peer.leave();
    election.bytes(1 as LinkId, said('looking', { leader: 2n, zxid: 5n, electionEpoch: 2n }));
    expect(election.take()).toEqual([]);
    election.peer.look(0, fresh);
    expect(election.peer.currentVote).toMatchObject({ leader: 2n, zxid: 5n });
  });
});

describe('observers', () => {
  it('are told what they ask for, known or not, and not counted', () => {
    const election = looking(2);
    const nobody = { leader: -(2n ** 63n), zxid: -(2n ** 63n), peerEpoch: -(2n ** 63n) };
    election.accept(4, said('looking', nobody));
    expect(election.take()).toEqual([
      '-1 < looking for 2, zxid 0, round 1, epoch 0',
      '-1 < looking for 2, zxid 0, round 1, epoch 0',
    ]);
  });

  it('vote for nobody and follow what the voters say', () => {
    const election = looking(4, { voters: 3, observers: 1 } as typeof three);
    for (const link of [1, 2]) election.peer.onDialed(link as LinkId);
    expect(election.take()[1]).toBe(
      '1 < looking for -9223372036854775808, zxid -9223372036854775808, round 1, ' +
        'epoch -9223372036854775808',
    );
    election.bytes(1 as LinkId, said('following', { leader: 2n, electionEpoch: 3n }));
    election.bytes(2 as LinkId, said('leading', { leader: 2n, electionEpoch: 3n }));
    expect(election.take()).toEqual([
      '1 < observing for 2, zxid 0, round 3, epoch 0',
      '2 < observing for 2, zxid 0, round 3, epoch 0',
      'decided 2 for 2, zxid 0, round 3, epoch 0',
    ]);
  });
});

describe('of two connections', () => {
  it('the one that the greater id has dialed replaces the one before', () => {
    const election = looking(1);
    election.accept(2);
    election.take();
    election.accept(2);
    expect(election.take()).toEqual(['close -1', '-2 < looking for 1, zxid 0, round 1, epoch 0']);
  });

  it('the smaller id asks for a new one by dialing, unless this one is on its way', () => {
    const election = looking(3);
    election.peer.onDialed(1 as LinkId);
    election.take();
    election.tick(150);
    election.accept(1);
    expect(election.take()).toEqual(['close -1']);
    election.tick(50);
    election.take();
    election.accept(1);
    expect(election.take()).toEqual(['close -2', 'close 1', 'dial 3 host1:3888 5000 ms']);
  });

  it('the one that is lost in a round is replaced at once if it has held for a while', () => {
    const election = looking(2);
    election.peer.onDialed(1 as LinkId);
    election.tick(250);
    election.take();
    election.peer.onClosed(1 as LinkId);
    expect(election.peer.nextDeadlineMs()).toBe(250);
    election.tick(0);
    expect(election.take()).toEqual(['dial 3 host1:3888 5000 ms']);
  });

  it('the one that is lost in a round is replaced after a pause if it was new', () => {
    const election = looking(2);
    election.tick(250);
    election.peer.onDialed(1 as LinkId);
    election.tick(100);
    election.bytes(1 as LinkId, said('looking', { leader: 1n }));
    election.peer.onClosed(1 as LinkId);
    election.tick(199);
    expect(election.take()).not.toContain('dial 3 host1:3888 5000 ms');
    election.tick(1);
    expect(election.take()).toContain('dial 3 host1:3888 5000 ms');
  });

  it('one from itself is closed', () => {
    const election = looking(2);
    election.accept(2);
    expect(election.take()).toEqual(['close -1']);
  });
});

describe('a server that does not speak or read', () => {
  it('is disconnected when it does not say who it is in time', () => {
    const election = looking(2);
    election.peer.onAccepted(-1 as LinkId);
    election.tick(9_999);
    expect(election.take()).not.toContain('close -1');
    election.tick(1);
    expect(election.take()).toContain('close -1');
    expect(election.peer.owns(-1 as LinkId)).toBe(false);
  });

  it('is told the newest and nothing else when it reads again', () => {
    const election = looking(2);
    const link = election.accept(3);
    let written = 0;
    for (let round = 2n; round < 3000n; round++) {
      election.bytes(link, said('looking', { leader: 3n, electionEpoch: round }));
      written += election.take().length;
    }
    expect(written).toBeLessThan(1500);
    const bytes = written * said('looking', {}).byteLength;
    election.peer.onSent(link, bytes);
    expect(election.take()).toEqual(['-1 < looking for 3, zxid 0, round 2999, epoch 0']);
  });
});

describe('a server that refuses', () => {
  it('is dialed again in a round, after pauses that grow to two seconds', () => {
    const election = new ScriptedElection(2, three);
    election.peer.look(0, fresh);
    const times: number[] = [];
    for (const link = { last: 0 }; election.nowMs < 10_000; election.tick(100)) {
      const dials = election.take().filter((line) => line.includes('host1'));
      if (dials.length > 0) times.push(election.nowMs);
      // Whatever was dialed refuses at once.
      while (election.peer.owns((link.last + 1) as LinkId)) {
        election.peer.onClosed(++link.last as LinkId);
      }
    }
    expect(times).toEqual([0, 200, 600, 1400, 3000, 5000, 7000, 9000]);
  });
});

describe('servers that nobody has configured', () => {
  it('are dialed where they say that they are, and forgotten with their connection', () => {
    const election = looking(9, { voters: 9 });
    for (let times = 0; times < 200; times++) {
      const sid = 1000 + times;
      const link = election.accept(sid, said('looking', { leader: 1n }));
      expect(election.take()[0]).toBe(`${link} < looking for 9, zxid 0, round 1, epoch 0`);
      election.peer.onClosed(link);
    }
    for (let sid = 1000; sid < 1064; sid++) election.accept(sid);
    election.take();
    expect(election.accept(2000)).toBe(-265);
    expect(election.take()).toEqual(['close -265']);
  });

  it('without an id get one below all others', () => {
    const election = looking(2);
    const head = Buffer.from(
      'ffffffffffff0000 7fffffffffffffff 0000000a'.replaceAll(' ', ''),
      'hex',
    );
    election.peer.onAccepted(-1 as LinkId);
    election.bytes(-1 as LinkId, Buffer.concat([head, Buffer.from('host4:3888')]));
    expect(election.take()).toEqual(['close -1', 'dial 3 host4:3888 5000 ms']);
    election.peer.onDialed(3 as LinkId);
    expect(election.take().at(-1)).toBe('3 < looking for 2, zxid 0, round 1, epoch 0');
  });
});

describe('the election port', () => {
  it('is tried again a second after it was taken', () => {
    const election = looking(2);
    election.peer.onListenFailed('taken');
    election.tick(999);
    expect(election.take()).not.toContain('listen host2:3888');
    election.tick(1);
    expect(election.take()).toContain('listen host2:3888');
  });

  it('is given up with all links at the end', () => {
    const election = looking(2);
    election.peer.onDialed(1 as LinkId);
    election.peer.onAccepted(-1 as LinkId);
    election.take();
    election.peer.close();
    expect(election.take()).toEqual(['unlisten', 'close 1', 'close -1', 'close 2']);
    election.tick(100_000);
    expect(election.take()).toEqual([]);
  });
});

describe('whatever arrives', () => {
  it('costs its connection at the most', () => {
    const random = new SeededRandom(7);
    const election = looking(2);
    const seeds = [said('looking', { leader: 3n }), said('leading', { leader: 3n })];
    for (let times = 0; times < 3000; times++) {
      const piece = Uint8Array.from(random.pick(seeds));
      for (let hits = random.below(3); hits > 0; hits--) {
        piece[random.below(piece.length)] = random.below(256);
      }
      const link = election.accept(random.pick([1, 3, 5]), piece);
      if (election.peer.owns(link)) election.bytes(link, random.bytes(random.below(40)));
      if (random.below(4) === 0) election.peer.onClosed(link);
      if (random.below(10) === 0) election.tick(random.below(300));
      if (random.below(100) === 0) {
        election.peer.leave();
        election.peer.look(election.nowMs, fresh);
      }
    }
    expect(election.take().length).toBeGreaterThan(3000);
  });
});
