/** The conversation of a leader with its learners, as transcripts; `-u` writes them anew. */
import { describe, expect, it } from 'vitest';
import { linkBacklogBytesMax, zxidCounterMax } from '../../src/base/limits.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import type { LinkId } from '../../src/zab/peer-ports.ts';
import { type Counters, type Script, ScriptedPeer } from './scripted-peer.ts';

/** Server 3 of three and an observer, elected. */
function leader(script: Partial<Script> = {}): ScriptedPeer {
  const peer = new ScriptedPeer({ self: 3, observers: 1, ...script });
  peer.elect(3);
  return peer;
}

/** A learner of it that has acknowledged the epoch; what it gets is the next transcript. */
function join(peer: ScriptedPeer, server: number, last: Counters, isObserver = false): LinkId {
  const link = peer.accept();
  peer.introduce(link, server, 0, isObserver);
  peer.transcript();
  peer.acknowledgeEpoch(link, 0, last);
  return link;
}

/** A leader in epoch 1 without a history, and its follower 1. */
function established(script: Partial<Script> = {}) {
  const peer = leader(script);
  const follower = join(peer, 1, [0, 0]);
  peer.hear(follower, 'ack', [1, 0]);
  peer.transcript();
  return { peer, follower };
}

const requestOf = (type: number, body: readonly number[]) => {
  const out = new JuteWriter();
  out.writeLong(0x100000002n);
  out.writeInt(7);
  out.writeInt(type);
  out.writeRaw(Uint8Array.from(body));
  return out.finish().slice();
};

describe('a leader', () => {
  it('hears promises, then histories, then acks of its own, and serves', () => {
    const peer = leader({ log: [[1, 1], [1, 2]], acceptedEpoch: 1, currentEpoch: 1 }); // biome-ignore format: zxids
    const link = peer.accept();
    peer.introduce(link, 1, 2);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log LOOKING
      looks with epoch 1, 0x100000002
      log LEADING
      replica is leading, epoch 1, leader 3
      listen quorum 2888
      disk acceptedEpoch 3
      learner 1 <- LEADERINFO (3,0) 00010000"
    `);
    peer.acknowledgeEpoch(link, 1, [1, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Synchronizing a learner with DIFF
      disk flush
      disk currentEpoch 3
      learner 1 <- DIFF (1,2)
      learner 1 <- PROPOSAL (1,2)#0
      learner 1 <- COMMIT (1,2)
      learner 1 <- NEWLEADER (3,0) version=0"
    `);
    peer.hear(link, 'ack', [3, 0]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log LEADING in epoch 3
      established 3
      replica is leading, epoch 3, leader 3
      replica leads in 3
      learner 1 <- UPTODATE (-1,-1)"
    `);
    peer.propose([3, 1]);
    peer.hear(link, 'ack', [3, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "disk append (3,1)#0
      learner 1 <- PROPOSAL (3,1)#0
      replica commits (3,1)
      learner 1 <- COMMIT (3,1)"
    `);
  });

  it('counts its own promise, history and txns when its disk has them', () => {
    const peer = new ScriptedPeer({ self: 3, log: [[1, 1]], acceptedEpoch: 1, currentEpoch: 1 });
    peer.isDiskFast = false;
    peer.elect(3);
    const link = peer.accept();
    peer.introduce(link, 1, 1);
    expect(peer.transcript()).not.toContain('LEADERINFO');
    peer.sync();
    expect(peer.transcript()).toContain('LEADERINFO (2,0)');
    peer.acknowledgeEpoch(link, 1, [1, 1]);
    peer.hear(link, 'ack', [2, 0]);
    expect(peer.transcript()).not.toContain('replica leads');
    peer.sync();
    expect(peer.transcript()).toContain('replica leads in 2');
    peer.propose([2, 1]);
    peer.hear(link, 'ack', [2, 1]);
    expect(peer.transcript()).not.toContain('COMMIT');
    peer.sync();
    expect(peer.transcript()).toContain('COMMIT (2,1)');
  });

  it('counts what it does and measures how long it takes', () => {
    const { peer, follower } = established();
    peer.isDiskFast = false;
    peer.propose([1, 1]);
    peer.nowMs += 20;
    peer.hear(follower, 'ack', [1, 1]);
    peer.nowMs += 10;
    peer.cycle();
    peer.sync();
    expect(peer.counts).toMatchObject({
      ...{ looking_count: 1, diff_count: 1, inflight_diff_count: 1 },
      ...{ proposal_count: 1, commit_count: 1, quorum_ack_latency: 30 },
      ...{ 'ack_latency 1': 20, 'ack_latency 3': 30, leader_unavailable_time: 0 },
    });
  });

  it('closes a follower that is ahead of it', () => {
    const peer = leader({ log: [[1, 1]], acceptedEpoch: 1, currentEpoch: 1 });
    const link = peer.accept();
    peer.introduce(link, 1, 1);
    peer.transcript();
    peer.acknowledgeEpoch(link, 1, [1, 2]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Closing the link of a learner: its history is ahead of the leader
      learner 1 closed"
    `);
  });

  it('makes each history equal to its own by the shortest way that is sure', () => {
    const history = [[1, 4], [1, 5], [1, 6], [1, 7], [3, 1], [3, 2]] as const; // biome-ignore format: zxids
    const answers = ([
      ...([[3, 2], [3, 1], [1, 5], [1, 3]] as const),
      ...([[3, 9], [1, 255], [1, 8]] as const),
      ...([[0, 0], [1, 2], [2, 1], [4, 1], [3, 0], [2, 0]] as const),
    ] as const).map((last) => {
      const peer = leader({ base: [1, 3], log: history, acceptedEpoch: 3, currentEpoch: 3 });
      const first = peer.accept();
      peer.introduce(first, 1, 0);
      peer.acknowledgeEpoch(first, 3, [3, 2]);
      const link = peer.accept();
      peer.introduce(link, 2, 0);
      peer.transcript();
      peer.acknowledgeEpoch(link, -1, last);
      const packets = peer.transcript().split('\n').filter((line) => line.startsWith('learner 2'));
      const texts = packets.map((line) => line.replace(/.*<- /, '').replace('#0', ''));
      return `(${last}): ${texts.join(' ')}`;
    }); // biome-ignore format: zxids
    expect(answers.join('\n')).toMatchInlineSnapshot(`
      "(3,2): DIFF (3,2) NEWLEADER (4,0) version=0
      (3,1): DIFF (3,2) PROPOSAL (3,2) COMMIT (3,2) NEWLEADER (4,0) version=0
      (1,5): DIFF (3,2) PROPOSAL (1,6) COMMIT (1,6) PROPOSAL (1,7) COMMIT (1,7) PROPOSAL (3,1) COMMIT (3,1) PROPOSAL (3,2) COMMIT (3,2) NEWLEADER (4,0) version=0
      (1,3): DIFF (3,2) PROPOSAL (1,4) COMMIT (1,4) PROPOSAL (1,5) COMMIT (1,5) PROPOSAL (1,6) COMMIT (1,6) PROPOSAL (1,7) COMMIT (1,7) PROPOSAL (3,1) COMMIT (3,1) PROPOSAL (3,2) COMMIT (3,2) NEWLEADER (4,0) version=0
      (3,9): TRUNC (3,2) NEWLEADER (4,0) version=0
      (1,255): TRUNC (1,7) PROPOSAL (3,1) COMMIT (3,1) PROPOSAL (3,2) COMMIT (3,2) NEWLEADER (4,0) version=0
      (1,8): TRUNC (1,7) PROPOSAL (3,1) COMMIT (3,1) PROPOSAL (3,2) COMMIT (3,2) NEWLEADER (4,0) version=0
      (0,0): SNAP (3,2)
      (1,2): SNAP (3,2)
      (2,1): SNAP (3,2)
      (4,1): SNAP (3,2)
      (3,0): SNAP (3,2)
      (2,0): SNAP (3,2)"
    `);
  });

  it('sends what is not committed behind NEWLEADER, and remembers acks that come before its ack', () => {
    const { peer, follower } = established();
    peer.propose([1, 1]);
    peer.hear(follower, 'ack', [1, 1]);
    peer.propose([1, 2]);
    peer.transcript();
    const late = join(peer, 2, [1, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Synchronizing a learner with DIFF
      learner 2 <- DIFF (1,1)
      learner 2 <- NEWLEADER (1,0) version=0
      learner 2 <- PROPOSAL (1,2)#0"
    `);
    peer.hear(late, 'ack', [1, 2]);
    expect(peer.transcript()).toBe('');
    peer.hear(late, 'ack', [1, 0]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "replica commits (1,2)
      learner 1 <- COMMIT (1,2)
      learner 2 <- UPTODATE (-1,-1)
      learner 2 <- COMMIT (1,2)"
    `);
  });

  it('counts what a follower had already when it came', () => {
    const { peer, follower } = established();
    peer.propose([1, 1]);
    peer.cycle(() => peer.peer.onClosed(follower));
    peer.transcript();
    const again = join(peer, 1, [1, 1]);
    expect(peer.transcript()).not.toContain('PROPOSAL');
    peer.hear(again, 'ack', [1, 0]);
    expect(peer.transcript()).toContain('COMMIT (1,1)');
  });

  it('sends a snapshot, and then what was committed meanwhile', () => {
    const { peer, follower } = established({ settings: { commitLogCount: 1 } });
    for (const lo of [1, 2, 3]) {
      peer.propose([1, lo]);
      peer.hear(follower, 'ack', [1, lo]);
    }
    peer.transcript();
    const late = join(peer, 2, [0, 0]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Synchronizing a learner with SNAP
      replica streams a snapshot
      learner 2 <- SNAP (1,3)"
    `);
    for (const lo of [4, 5]) {
      peer.propose([1, lo]);
      peer.hear(follower, 'ack', [1, lo]);
    }
    peer.transcript();
    const snapshot = new Uint8Array(16).fill(0);
    peer.cycle(() => {
      peer.stream?.write(snapshot, 0, 8);
      peer.readRaw(late, 8 + 14);
      peer.stream?.done();
    });
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "learner 2 <- PROPOSAL (1,4)#0
      learner 2 <- COMMIT (1,4)
      learner 2 <- PROPOSAL (1,5)#0
      learner 2 <- COMMIT (1,5)
      learner 2 <- NEWLEADER (1,0) version=0"
    `);
    expect(peer.stream?.next()).toBe('go');
    peer.cycle(() => peer.peer.onClosed(late));
    expect(peer.stream?.next()).toBe('stop');
  });

  it('tells observers what is committed, and counts them nowhere', () => {
    const { peer, follower } = established();
    const observer = join(peer, 4, [0, 0], true);
    peer.hear(observer, 'ack', [1, 0]);
    peer.transcript();
    peer.propose([1, 1]);
    peer.hear(observer, 'ack', [1, 1]);
    expect(peer.transcript()).not.toContain('commits');
    peer.hear(follower, 'ack', [1, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "replica commits (1,1)
      learner 1 <- COMMIT (1,1)
      learner 2 <- INFORM (1,1)#0"
    `);
  });

  it('hears requests, sessions and PINGs of its learners', () => {
    const { peer, follower } = established();
    peer.hear(follower, 'request', [-1, -1], requestOf(5, [1, 2]));
    peer.hear(follower, 'revalidate', [-1, -1], requestOf(0, []).slice(0, 12));
    peer.hear(follower, 'ping', [1, 0], requestOf(0, []).slice(0, 12));
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "replica hears request 5 over learner 1
      replica revalidates 1:2 7 for learner 1
      learner 1 <- REVALIDATE (-1,-1) 000000010000000201
      replica touches 1:2 7"
    `);
    expect(peer.requests[0]).toMatchObject({ sessionIdHi: 1, sessionIdLo: 2, cxid: 7 });
  });

  it('answers a sync when all before it is committed and a quorum has answered a PING', () => {
    const { peer, follower } = established({ settings: { quorumSync: true } });
    peer.propose([1, 1]);
    peer.hear(follower, 'request', [-1, -1], requestOf(9, []));
    peer.cycle(() =>
      peer.peer.sync(1, 2, 3, { bytes: new Uint8Array(), start: 0, end: 0, authInfo: null }),
    );
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "disk append (1,1)#0
      learner 1 <- PROPOSAL (1,1)#0
      learner 1 <- PING (1,1)"
    `);
    peer.hear(follower, 'ping', [1, 1], new Uint8Array(0));
    expect(peer.transcript()).not.toMatch(/SYNC|synced/);
    peer.hear(follower, 'ack', [1, 1]);
    expect(peer.transcript()).not.toContain('synced');
    peer.hear(follower, 'ping', [1, 1], new Uint8Array(0));
    expect(peer.transcript()).toMatchInlineSnapshot(`"replica synced"`);
  });

  it('pings each half tick, closes who is silent for syncLimit, and steps down without a quorum', () => {
    const { peer } = established();
    peer.elapse(500);
    peer.elapse(500);
    expect(peer.transcript()).toBe('learner 1 <- PING (0,0)\nlearner 1 <- PING (0,0)');
    peer.elapse(3999);
    peer.transcript();
    peer.elapse(1);
    peer.elapse(1000);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Closing the link of a learner: it does not keep up
      learner 1 closed
      log Less than a quorum follows
      unlisten quorum
      replica rests
      replica is looking, epoch 1, leader -1
      disk flush"
    `);
  });

  it('closes a follower that answers PINGs and acknowledges nothing', () => {
    const { peer, follower } = established();
    peer.propose([1, 1]);
    for (let i = 0; i < 5; i++) {
      peer.hear(follower, 'ping', [1, 1], new Uint8Array(0));
      peer.elapse(1000);
    }
    expect(peer.transcript()).toMatch(/does not keep up/);
  });

  it('goes on without a follower that takes nothing', () => {
    const { peer, follower } = established();
    const other = join(peer, 2, [0, 0]);
    peer.hear(other, 'ack', [1, 0]);
    let lo = 0;
    for (let bytes = 0; bytes <= linkBacklogBytesMax; bytes += 1 << 20) {
      peer.proposeLong([1, ++lo], 1 << 20);
      peer.hear(other, 'ack', [1, lo]);
      peer.cycle(() => peer.peer.onSent(other, peer.takeWritten(other)));
    }
    const text = peer.transcript();
    expect(text).toContain('it is too slow');
    expect(text).toContain('learner 1 closed');
    expect(text).not.toContain('learner 2 closed');
    expect(follower).not.toBe(other);
  });

  it('gives up when no quorum comes within initLimit', () => {
    const peer = leader();
    peer.elapse(9999);
    peer.transcript();
    peer.elapse(1);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log No quorum within initLimit (epoch)
      unlisten quorum
      replica rests
      replica is looking, epoch 0, leader -1
      disk flush"
    `);
  });

  it('steps down before the counter of its zxids ends', () => {
    const { peer, follower } = established();
    peer.history.lastLo = (zxidCounterMax - 2) | 0;
    peer.history.lastHi = 1;
    peer.propose([1, (zxidCounterMax - 1) | 0]);
    expect(peer.peer.ready).toBe(true);
    peer.hear(follower, 'ack', [1, (zxidCounterMax - 1) | 0]);
    peer.propose([1, zxidCounterMax | 0]);
    expect(peer.peer.ready).toBe(false);
    expect(peer.transcript()).toContain('replica rests');
  });

  it('begins its own counter behind a history that has used up another', () => {
    const { peer } = established();
    peer.history.lastLo = zxidCounterMax | 0;
    peer.history.lastHi = 0;
    peer.elapse(1);
    expect(peer.peer.ready).toBe(true);
    expect(peer.transcript()).not.toContain('replica rests');
  });

  it('makes room for a server that has promised a later epoch', () => {
    const { peer } = established();
    const link = peer.accept();
    peer.introduce(link, 2, 7);
    expect(peer.transcript()).toContain('has promised epoch 7');
    peer.elapse(1);
    peer.elect(3);
    const first = peer.accept();
    peer.introduce(first, 1, 1);
    expect(peer.transcript()).toContain('LEADERINFO (8,0)');
  });

  it('closes strangers, impostors and those who speak out of turn', () => {
    const faults: ((peer: ScriptedPeer, link: LinkId) => void)[] = [
      (peer, link) => peer.introduce(link, 9, 0),
      (peer, link) => peer.introduce(link, 3, 0),
      (peer, link) => peer.introduce(link, 1, 0, true),
      (peer, link) => peer.introduce(link, 4, 0),
      (peer, link) => peer.introduce(link, 1, -1),
      (peer, link) => peer.hear(link, 'ack', [0, 0]),
      (peer, link) => peer.hear(link, 'followerInfo', [0, 0], new Uint8Array(8)),
      (peer, link) => {
        peer.introduce(link, 1, 0);
        peer.hear(link, 'ack', [1, 0]);
      },
      (peer, link) => {
        peer.introduce(link, 1, 0);
        peer.acknowledgeEpoch(link, 0, [0, 0]);
        peer.hear(link, 'ack', [1, 3]);
      },
    ];
    for (const spoil of faults) {
      const peer = leader();
      const link = peer.accept();
      spoil(peer, link);
      expect(peer.transcript()).toMatch(/Closing the link.*\n(.*\n)*learner 1 closed/);
    }
  });

  it('drops the older of two connections of one server', () => {
    const { peer } = established();
    const again = peer.accept();
    peer.introduce(again, 1, 1);
    expect(peer.transcript()).toMatch(/connected again\nlearner 1 closed\nlearner 2 <- LEADERINFO/);
  });

  it('alone is a quorum, if it is configured so', () => {
    const peer = new ScriptedPeer({ self: 1, voters: 1 });
    peer.elect(1);
    peer.transcript();
    peer.propose([1, 1]);
    expect(peer.transcript()).toContain('replica commits (1,1)');
  });

  it('keeps no more observers waiting for a snapshot than it may', () => {
    const settings = { maxConcurrentSnapSyncs: 1, commitLogCount: 0 };
    const { peer, follower } = established({ observers: 2, settings });
    peer.propose([1, 1]);
    peer.hear(follower, 'ack', [1, 1]);
    join(peer, 4, [0, 0], true);
    expect(peer.transcript()).toContain('SNAP');
    join(peer, 5, [0, 0], true);
    expect(peer.transcript()).toContain('too many learners');
    join(peer, 2, [0, 0]);
    expect(peer.transcript()).toContain('SNAP');
  });
});
