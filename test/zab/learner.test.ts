/** The conversation of a learner with its leader, as transcripts; `-u` writes them anew. */
import { describe, expect, it } from 'vitest';
import { OpCode } from '../../src/jute/proto.ts';
import { TxnHeaderOffset } from '../../src/jute/txn.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import type { LinkId } from '../../src/zab/peer-ports.ts';
import { intBytes, type Script, ScriptedPeer } from './scripted-peer.ts';
import { makeTxn } from './world/txns.ts';
import { writeSnapshot } from './world/world-snapshot.ts';

const version = intBytes(0x10000);
const config = new TextEncoder().encode('version=0');

/** A follower whose leader, server 3, has accepted its connection. */
function follower(script: Partial<Script> = {}) {
  const peer = new ScriptedPeer({ self: 1, ...script });
  peer.elect(3);
  const link = peer.connect();
  return { peer, link };
}

/** One that has acknowledged NEWLEADER of epoch 1 and is up to date. */
function liveFollower(script: Partial<Script> = {}) {
  const { peer, link } = follower(script);
  peer.hear(link, 'leaderInfo', [1, 0], version);
  peer.hear(link, 'diff', [0, 0]);
  peer.hear(link, 'newLeader', [1, 0], config);
  peer.hear(link, 'upToDate', [-1, -1]);
  peer.transcript();
  return { peer, link };
}

describe('a follower', () => {
  it('joins an ensemble, gets what it misses, and follows', () => {
    const { peer, link } = follower({ log: [[1, 1]], acceptedEpoch: 1, currentEpoch: 1 });
    peer.hear(link, 'leaderInfo', [2, 0], version);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log LOOKING
      looks with epoch 1, 0x100000001
      log FOLLOWING
      replica is following, epoch 1, leader 3
      dial host3
      leader <- FOLLOWERINFO (1,0) 0000000000000001000100000000000000000000
      disk acceptedEpoch 2
      leader <- ACKEPOCH (1,1) 00000001"
    `);
    peer.hear(link, 'diff', [1, 3]);
    for (const lo of [2, 3]) {
      peer.hearTxn(link, 'proposal', [1, lo]);
      peer.hear(link, 'commit', [1, lo]);
    }
    peer.hear(link, 'newLeader', [2, 0], config);
    peer.hearTxn(link, 'proposal', [2, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Getting a diff from the leader 0x100000003
      disk append (1,2)#0
      disk append (1,3)#0
      disk flush
      disk currentEpoch 2
      leader <- ACK (2,0)
      disk append (2,1)#0
      leader <- ACK (2,1)"
    `);
    peer.hear(link, 'upToDate', [-1, -1]);
    peer.hear(link, 'commit', [2, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "replica applies (1,2)#0
      replica applies (1,3)#0
      log FOLLOWING in epoch 2
      established 2
      replica is following, epoch 2, leader 3
      replica follows
      replica applies (2,1)#0"
    `);
  });

  it('promises and acknowledges only what is on disk', () => {
    const { peer, link } = follower();
    peer.isDiskFast = false;
    peer.transcript();
    peer.hear(link, 'leaderInfo', [1, 0], version);
    expect(peer.transcript()).toMatchInlineSnapshot(`"disk acceptedEpoch 1"`);
    peer.sync();
    expect(peer.transcript()).toMatchInlineSnapshot(`"leader <- ACKEPOCH (0,0) 00000000"`);
    peer.hear(link, 'diff', [0, 0]);
    peer.hear(link, 'newLeader', [1, 0], config);
    peer.hearTxn(link, 'proposal', [1, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Getting a diff from the leader 0x0
      disk flush
      disk currentEpoch 1
      disk append (1,1)#0"
    `);
    peer.sync();
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "leader <- ACK (1,0)
      leader <- ACK (1,1)"
    `);
  });

  it('enters an epoch before it logs the first txn of it', () => {
    const { peer, link } = follower({ log: [[1, 1]], acceptedEpoch: 1, currentEpoch: 1 });
    peer.hear(link, 'leaderInfo', [4, 0], version);
    peer.transcript();
    peer.hear(link, 'diff', [3, 1]);
    peer.hearTxn(link, 'proposal', [1, 2]);
    peer.hearTxn(link, 'proposal', [3, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Getting a diff from the leader 0x300000001
      disk append (1,2)#0
      disk flush
      disk currentEpoch 3
      disk append (3,1)#0"
    `);
  });

  it('cuts its log, and loads the tree again if it was applied', () => {
    const log = [[1, 1], [1, 2], [1, 3]] as const; // biome-ignore format: zxids
    const { peer, link } = follower({ log, acceptedEpoch: 1, currentEpoch: 1 });
    peer.hear(link, 'leaderInfo', [2, 0], version);
    peer.transcript();
    peer.onDisk = { base: [0, 0], log: [[1, 1]] };
    peer.hear(link, 'trunc', [1, 1]);
    peer.hear(link, 'newLeader', [2, 0], config);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Truncating log to get in sync with the leader 0x100000001
      disk truncate 0x100000001
      replica reloads
      disk flush
      disk currentEpoch 2
      leader <- ACK (2,0)"
    `);
  });

  it('asks for a snapshot when its log cannot be cut', () => {
    const { peer, link } = follower({ base: [1, 5], acceptedEpoch: 1, currentEpoch: 1 });
    peer.hear(link, 'leaderInfo', [2, 0], version);
    peer.transcript();
    peer.truncateOutcome = 'refused';
    peer.hear(link, 'trunc', [1, 1]);
    peer.elapse(1);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Truncating log to get in sync with the leader 0x100000001
      disk truncate 0x100000001
      log The disk cannot follow the leader without a snapshot
      leader closed
      replica rests
      replica is looking, epoch 1, leader -1
      disk flush
      log LOOKING
      looks with epoch 1, 0x100000005"
    `);
    peer.elect(3);
    const again = peer.connect();
    peer.hear(again, 'leaderInfo', [3, 0], version);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log FOLLOWING
      replica is following, epoch 1, leader 3
      dial host3
      leader <- FOLLOWERINFO (2,0) 0000000000000001000100000000000000000000
      disk acceptedEpoch 3
      leader <- ACKEPOCH (0,0) ffffffff"
    `);
    peer.hear(again, 'diff', [1, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log The leader sent a malformed packet: a snapshot was asked for
      leader closed
      replica rests
      replica is looking, epoch 1, leader -1
      disk flush"
    `);
  });

  it('takes a snapshot, cut anywhere, and what follows it', () => {
    const { peer, link } = follower();
    peer.hear(link, 'leaderInfo', [2, 0], version);
    peer.transcript();
    peer.hear(link, 'snap', [1, 2]);
    const stream = new JuteWriter();
    stream.writeRaw(writeSnapshot([makeTxn(1, 1, 0), makeTxn(1, 2, 0)]));
    stream.writeString('BenWasHere');
    const bytes = stream.finish();
    peer.hearBytes(link, bytes.slice(0, 100));
    peer.onDisk = { base: [1, 2], log: [] };
    peer.hearBytes(link, bytes.slice(100));
    peer.hearTxn(link, 'proposal', [1, 2]);
    peer.hear(link, 'commit', [1, 2]);
    peer.hearTxn(link, 'proposal', [1, 3]);
    peer.hear(link, 'newLeader', [2, 0], config);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Getting a snapshot from leader 0x100000002
      disk beginSnapshot 0x100000002
      disk snapshot bytes 100
      disk snapshot bytes 187
      disk install
      replica reloads
      disk flush
      disk currentEpoch 1
      disk append (1,3)#0
      disk flush
      disk currentEpoch 2
      leader <- ACK (2,0)
      leader <- ACK (1,3)"
    `);
  });

  it('does not count twice for an epoch', () => {
    const { peer, link } = follower({ log: [[1, 1]], acceptedEpoch: 2, currentEpoch: 1 });
    peer.hear(link, 'leaderInfo', [2, 0], version);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log LOOKING
      looks with epoch 1, 0x100000001
      log FOLLOWING
      replica is following, epoch 1, leader 3
      dial host3
      leader <- FOLLOWERINFO (2,0) 0000000000000001000100000000000000000000
      leader <- ACKEPOCH (1,1) ffffffff"
    `);
  });

  it('counts what it hears and measures how long it was away', () => {
    const { peer, link } = liveFollower();
    peer.hearTxn(link, 'proposal', [1, 1]);
    peer.hear(link, 'commit', [1, 1]);
    const received = { learner_proposal_received_count: 1, learner_commit_received_count: 1 };
    expect(peer.counts).toMatchObject({ ...received, follower_sync_time: 0, unavailable_time: 0 });
  });

  it('refuses an epoch below its promise', () => {
    const { peer, link } = follower({ acceptedEpoch: 3 });
    peer.transcript();
    peer.hear(link, 'leaderInfo', [2, 0], version);
    peer.elapse(1);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "log Epoch 2 cannot follow the promised 3
      leader closed
      replica rests
      replica is looking, epoch 0, leader -1
      disk flush
      log LOOKING
      looks with epoch 0, 0x0"
    `);
  });

  it('answers PINGs with its sessions, passes on requests, and hears of syncs in order', () => {
    const { peer, link } = liveFollower();
    peer.hear(link, 'ping', [1, 7]);
    const body = { bytes: Uint8Array.from([9, 8, 7, 6]), start: 1, end: 3, authInfo: null };
    const session = { sessionIdHi: 1, sessionIdLo: 2, cxid: 3 };
    peer.cycle(() => {
      peer.peer.forward({ ...session, type: 5, ...body });
      peer.peer.sync(1, 2, 4, body);
      peer.peer.revalidate(1, 2, 4000);
    });
    peer.hear(link, 'sync', [0, 0]);
    const answer = Uint8Array.from([0, 0, 0, 1, 0, 0, 0, 2, 1]);
    peer.hear(link, 'revalidate', [-1, -1], answer);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "leader <- PING (1,7) 000000010000000200000bb8
      leader <- REQUEST (-1,-1) 000000010000000200000003000000050807
      leader <- REQUEST (-1,-1) 000000010000000200000004000000090807
      leader <- REVALIDATE (-1,-1) 000000010000000200000fa0
      replica synced
      replica hears that 1:2 is valid"
    `);
  });

  it('leaves a leader whose proposals have a hole, or who commits something unknown', () => {
    const faults: ((peer: ScriptedPeer, link: LinkId) => void)[] = [
      (peer, link) => peer.hearTxn(link, 'proposal', [1, 2]),
      (peer, link) => peer.hear(link, 'commit', [1, 1]),
      (peer, link) => peer.hearTxn(link, 'proposal', [2, 1]),
      (peer, link) => peer.hear(link, 'sync', [0, 0]),
    ];
    for (const spoil of faults) {
      const { peer, link } = liveFollower();
      spoil(peer, link);
      expect(peer.transcript()).toMatch(/malformed packet.*\n.*closed/);
    }
  });

  it('leaves a leader whose proposals are no txns, before they are in its log', () => {
    const whole = makeTxn(1, 1, 0).bytes;
    const unknown = whole.slice();
    unknown[TxnHeaderOffset.type + 3] = 99;
    const multi = new Uint8Array(whole.length + 8);
    multi.set(whole);
    const view = new DataView(multi.buffer);
    view.setInt32(TxnHeaderOffset.type, OpCode.multi);
    view.setInt32(whole.length - 4, 2);
    const bodies = { nothing: undefined, cut: whole.slice(0, -1), unknown, multi };
    for (const [what, body] of Object.entries(bodies)) {
      for (const type of ['proposal', 'inform', 'informAndActivate'] as const) {
        const { peer, link } = liveFollower();
        peer.hear(link, type, [1, 1], body);
        const heard = peer.transcript();
        expect(heard, what).toMatch(/malformed packet: proposal 0x100000001 is no txn.*\n.*closed/);
        expect(heard, what).not.toContain('disk append');
      }
    }
  });

  it('leaves a leader that is silent for syncLimit, and tries for a while to reach one', () => {
    const { peer } = liveFollower();
    peer.elapse(4999);
    expect(peer.transcript()).toBe('');
    peer.elapse(1);
    expect(peer.transcript()).toMatch(/not heard of in time/);
    peer.elapse(1);
    peer.elect(2);
    const times: number[] = [];
    for (let ms = 0; ms < 1000; ms += 10) {
      if (peer.transcript().includes('dial host2')) {
        times.push(ms);
        peer.cycle(() => peer.peer.onClosed(peer.dialed));
      }
      peer.elapse(10);
    }
    expect(times).toEqual([0, 10, 30, 70, 150, 250, 350, 450]);
  });
});

describe('an observer', () => {
  it('learns what is committed by INFORM, logs it, and acknowledges no txn', () => {
    const { peer, link } = liveFollower({ self: 4, observers: 1 });
    peer.hearTxn(link, 'proposal', [1, 1]);
    peer.hearTxn(link, 'inform', [1, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`
      "disk append (1,1)#0
      replica applies (1,1)#0"
    `);
  });

  it('may be told to write no log', () => {
    const { peer, link } = liveFollower({
      self: 4,
      observers: 1,
      settings: { syncEnabled: false },
    });
    peer.hearTxn(link, 'inform', [1, 1]);
    expect(peer.transcript()).toMatchInlineSnapshot(`"replica applies (1,1)#0"`);
  });
});
