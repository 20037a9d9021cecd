/** Four-letter words as they arrive at the front: in pieces, from half-closed connections. */
import { describe, expect, it } from 'vitest';
import { type Disk, DiskError } from '../../src/base/ports.ts';
import type { Membership, PeerRole } from '../../src/config/server-lines.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { type ServerRole, Serving } from '../../src/state/shared-status.ts';
import { FrontWorld, receive } from './front-harness.ts';

describe('a four-letter word', () => {
  it('is answered although a file disappears while it is looked at', () => {
    const disk = {
      exists: () => true,
      list: () => ['snapshot.1.tmp'],
      openRead: (path: string) => {
        throw new DiskError('open', path, 'ENOENT');
      },
    } as unknown as Disk;
    const world = new FrontWorld({ disk });
    const client = world.accept();
    receive(client, encodeUtf8('dirs'));
    expect(client.socket.text).toBe('datadir_size: 0\nlogdir_size: 0\n');
  });

  it('is answered to who closes his half of the connection behind it', () => {
    const world = new FrontWorld();
    const client = world.accept();
    receive(client, encodeUtf8('wchs'));
    client.socket.emit('end');
    world.answer(1, []);
    world.turn();
    expect(client.socket.text).toBe('0 connections watching 0 paths\nTotal watches:0\n');
    expect(client.socket.destroyed).toBe(true);
  });

  it('is answered once, whatever follows it', () => {
    const world = new FrontWorld();
    const client = world.accept();
    receive(client, encodeUtf8('wchs'));
    receive(client, encodeUtf8('\r\n\r\n'));
    receive(client, encodeUtf8('ruok'));
    world.answer(1, []);
    world.turn();
    expect(client.socket.text).toBe('0 connections watching 0 paths\nTotal watches:0\n');
  });

  it('comes in pieces', () => {
    const client = new FrontWorld().accept();
    receive(client, encodeUtf8('ru'));
    receive(client, encodeUtf8('ok\n'));
    expect(client.socket.text).toBe('imok');
  });

  it('that is not on the whitelist is refused before its argument has come', () => {
    const client = new FrontWorld({ words: 'ruok' }).accept();
    receive(client, encodeUtf8('stmk'));
    expect(client.socket.text).toMatch(/^stmk is not executed/);
  });
});

function member(id: number, role: PeerRole = 'participant') {
  const address = { host: '127.0.0.1', quorumPort: 2880 + id, electionPort: 3880 + id };
  return { id, addresses: [address], role, client: null };
}

describe('a four-letter word to a member of an ensemble', () => {
  const membership: Membership = {
    servers: new Map([member(1), member(2), member(3, 'observer')].map((line) => [line.id, line])),
    groups: new Map(),
    weights: new Map(),
    version: 0n,
  };

  function memberAs(role: ServerRole) {
    const world = new FrontWorld({ membership });
    world.status.role = role;
    if (role === 'leading') world.status.resetProposals();
    return world;
  }

  function ask(world: FrontWorld, word: string, answer: unknown = null): string {
    const client = world.accept();
    receive(client, encodeUtf8(word));
    if (answer !== null) world.answer(1, answer);
    world.turn();
    return client.socket.text;
  }

  it('says which part it has', () => {
    for (const [role, mode] of [
      ['leading', 'leader'],
      ['following', 'follower'],
      ['observing', 'observer'],
    ] as const) {
      expect(ask(memberAs(role), 'srvr')).toContain(`\nMode: ${mode}\n`);
      expect(ask(memberAs(role), 'isro')).toBe('rw');
      const gauges = { quorum: { quorumSize: 2, leader: null } };
      const mntr = ask(memberAs(role), 'mntr', gauges);
      expect(mntr).toContain(`zk_server_state\t${mode}\nzk_peer_state\t${role} - broadcast\n`);
      expect(mntr).toContain('zk_quorum_size\t2\n');
      expect(mntr.includes('zk_synced_observers\t0\n')).toBe(role === 'following');
    }
  });

  it('says how long a leader’s proposals are, and who follows it', () => {
    const world = memberAs('leading');
    expect(ask(world, 'srvr')).toContain('\nProposal sizes last/min/max: -1/-1/-1\n');
    for (const bytes of [40, 36, 100, 48]) world.status.countProposal(bytes);
    expect(ask(world, 'stat')).toContain('\nProposal sizes last/min/max: 48/36/100\n');
    const leader = { learners: 3, syncedFollowers: 1, syncedObservers: 1, pendingSyncs: 4 };
    const quorum = { quorumSize: 2, leader: { ...leader, uptimeMs: 7.2 } };
    const mntr = ask(world, 'mntr', { quorum });
    const rows = ['learners\t3', 'synced_followers\t1', 'synced_observers\t1', 'pending_syncs\t4'];
    rows.push('synced_non_voting_followers\t0', 'leader_uptime\t7', 'last_proposal_size\t48');
    rows.push('min_proposal_size\t36', 'max_proposal_size\t100');
    for (const row of rows) expect(mntr).toContain(`zk_${row}\n`);
    expect(ask(memberAs('following'), 'srvr')).not.toContain('Proposal');
  });

  it('shows the configuration of the ensemble', () => {
    const text = ask(memberAs('following'), 'conf');
    expect(text).toContain('\nserverId=1\n');
    expect(text).toContain('\nelectionAlg=3\nelectionPort=3881\nquorumPort=2881\npeerType=0\n');
    expect(text).toContain('membership: \nserver.1=127.0.0.1:2881:3881:participant\n');
    expect(text).toContain('\nserver.3=127.0.0.1:2883:3883:observer\nversion=0');
  });

  it('without a leader gets the answer that tools know', () => {
    const world = memberAs('looking');
    world.status.serving = Serving.looking;
    const text = 'This ZooKeeper instance is not currently serving requests';
    for (const word of ['srvr', 'stat', 'mntr', 'conf', 'dump', 'wchs', 'cons']) {
      expect(ask(world, word)).toBe(`${text}\n`);
    }
    expect(ask(world, 'hash')).toBe(text);
    expect(ask(world, 'isro')).toBe('null');
    expect(ask(world, 'ruok')).toBe('imok');
  });
});
