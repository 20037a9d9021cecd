/** Directories that Apache's servers wrote, healthy and damaged: each has exactly one outcome. */
import { readdirSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RecoveryError } from '../../src/storage/recovery-sink.ts';
import type { NaiveNode, NaiveState } from '../storage/naive-state.ts';
import {
  copyOf,
  type Expected,
  type ExpectedNode,
  expectedOf,
  type FixtureRecovery,
  recoverCopy,
} from './fixture-directory.ts';

const copies: string[] = [];

function copy(name: string): string {
  const path = copyOf(name);
  copies.push(path);
  return path;
}

afterEach(() => {
  for (const path of copies.splice(0)) rmSync(path, { recursive: true });
});

const hex = (value: bigint) => `0x${BigInt.asUintN(64, value).toString(16)}`;

/** Recomputed by each server when it loads: its data on disk is stale by design. */
const isQuotaStats = (path: string) => path.endsWith('/zookeeper_stats');
/** Set from the configuration at each start: only data and version come from disk. */
const isConfig = (path: string) => path === '/zookeeper/config';

function seenByClients(state: NaiveState, path: string, node: NaiveNode): ExpectedNode {
  const children = state.childrenOf(path).length;
  const isOwned = node.owner > 0n;
  return {
    data: node.data === null ? null : Buffer.from(node.data).toString('base64'),
    czxid: hex(node.czxid),
    mzxid: hex(node.mzxid),
    pzxid: hex(node.pzxid),
    ctime: Number(node.ctime),
    mtime: Number(node.mtime),
    version: node.version,
    cversion: 2 * node.cversion - children,
    aversion: node.aversion,
    ephemeralOwner: isOwned ? hex(node.owner) : '0x0',
    dataLength: node.data?.byteLength ?? 0,
    numChildren: children,
    acl: node.acl.map(({ perms, id }) => ({ perms, scheme: id.scheme ?? '', id: id.id ?? '' })),
    persisted: { cversion: node.cversion, ephemeralOwner: hex(node.owner) },
  };
}

function expectState(result: FixtureRecovery, expected: Expected, isMember = false): void {
  const { state } = result;
  expect(hex(result.lastZxid)).toBe(expected.lastZxid);
  expect(hex(state.lastZxid)).toBe(expected.lastZxid);
  expect(state.digest().toString()).toBe(expected.treeDigest);
  expect([...state.nodes.keys()].map((path) => path || '/').sort()).toEqual(
    Object.keys(expected.tree).sort(),
  );
  for (const [path, node] of state.nodes) {
    const found: Partial<ExpectedNode> = seenByClients(state, path, node);
    const wanted: Partial<ExpectedNode> = { ...expected.tree[path || '/'] };
    if (wanted.acl === undefined) delete found.acl;
    const local: (keyof ExpectedNode)[] = [];
    if (isQuotaStats(path)) local.push('data', 'dataLength');
    if (isMember && isConfig(path)) local.push('mtime', 'mzxid');
    for (const field of local) {
      delete found[field];
      delete wanted[field];
    }
    expect({ path, ...found }).toEqual({ path, ...wanted });
  }
  expectOwners(state, expected);
}

function expectOwners(state: NaiveState, expected: Expected): void {
  const sessions = Object.fromEntries([...state.sessions].map(([id, ms]) => [hex(id), ms]));
  expect(sessions).toEqual(expected.sessions);
  const { ephemerals, containers, ttls } = state.owners();
  const bySession = Object.fromEntries(
    [...ephemerals].map(([id, paths]) => [hex(id), paths.sort()]),
  );
  const wanted = Object.fromEntries(
    Object.entries(expected.ephemeralsBySession).map(([id, paths]) => [id, paths.toSorted()]),
  );
  expect(bySession).toEqual(wanted);
  expect(containers.sort()).toEqual(expected.containers.toSorted());
  expect(Object.fromEntries(ttls)).toEqual(expected.ttlNodes);
}

function refusalOf(attempt: () => unknown): RecoveryError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof RecoveryError) return error;
    throw error;
  }
  throw new Error('the directory was not refused');
}

/** Kind, and that the message names the place. */
function expectRefusal(error: RecoveryError, wanted: object): void {
  const { kind, offset, zxid } = error;
  const file = error.file.split('/').at(-1);
  expect({ kind, file, offset, zxid: hex(zxid) }).toEqual(wanted);
  expect(error.message).toContain(error.file);
  expect(error.message).toContain(`offset ${offset}`);
  expect(error.message).toContain(hex(zxid));
}

describe('a healthy directory', () => {
  for (const name of ['zk-3.8-datadir/main', 'zk-3.9-datadir/main', 'zk-3.9-datadir/compressed']) {
    it(`${name} loads to what its clients saw`, () => {
      const path = copy(name);
      const result = recoverCopy(path);
      expectState(result, expectedOf(name));
      expect(result.state.ignored).toEqual([]);
      expect(result).toMatchObject({ needsSnapshot: false, epochs: null });
      expect(result.logger.entries).toEqual([]);
    });
  }

  for (const version of ['zk-3.8-datadir', 'zk-3.9-datadir']) {
    it(`${version}/main loads to the same from its oldest snapshot and both logs`, () => {
      const path = copy(`${version}/main`);
      unlinkSync(join(path, 'version-2/snapshot.2a'));
      const result = recoverCopy(path);
      expectState(result, expectedOf(`${version}/main`));
      expect(result.replayed).toBe(0x39);
    });
  }

  it('quorum-member loads with its epochs', () => {
    const name = 'zk-3.9-datadir/quorum-member';
    const result = recoverCopy(copy(name), { role: 'quorum' });
    expectState(result, expectedOf(name), true);
    expect(result.epochs).toEqual({ accepted: 5, current: 5 });
    expect(hex(result.snapshotZxid)).toBe('0x400000006');
  });

  it('ghost-tail loads without the txns that were never committed', () => {
    const name = 'zk-3.9-datadir/ghost-tail';
    const result = recoverCopy(copy(name), { role: 'quorum' });
    expectState(result, expectedOf(name), true);
    expect([...result.state.nodes.keys()].filter((path) => /^\/unc\d/.test(path))).toEqual([]);
    expect(result.state.nodes.has('/afterElection4')).toBe(true);
  });

  it('compressed loads from either encoding of its newest snapshot', () => {
    const expected = expectedOf('zk-3.9-datadir/compressed');
    for (const removed of ['snapshot.d.gz', 'snapshot.d.snappy']) {
      const path = copy('zk-3.9-datadir/compressed');
      unlinkSync(join(path, 'version-2', removed));
      const result = recoverCopy(path);
      expectState(result, expected);
      expect(hex(result.snapshotZxid)).toBe('0xd');
    }
    const path = copy('zk-3.9-datadir/compressed');
    unlinkSync(join(path, 'version-2/snapshot.d.gz'));
    unlinkSync(join(path, 'version-2/snapshot.d.snappy'));
    expectState(recoverCopy(path), expected);
  });
});

describe('a torn end', () => {
  for (const name of ['torn-truncated', 'torn-zeroed']) {
    it(`${name} loads up to the txn before and is cut there`, () => {
      const path = copy(`zk-3.8-datadir/${name}`);
      const { size } = statSync(join(path, 'version-2/log.2b'));
      const result = recoverCopy(path);
      expectState(result, expectedOf(`zk-3.8-datadir/${name}`));
      expect(statSync(join(path, 'version-2/log.2b')).size).toBe(1172);
      const [warning, ...others] = result.logger.entries;
      expect(others).toEqual([]);
      expect(warning).toMatchObject({
        level: 'warn',
        fields: {
          file: join(path, 'version-2/log.2b'),
          ...{ offset: 1172, zxid: '0x37', dropped: size - 1172 },
        },
      });
      const again = recoverCopy(path);
      expectState(again, expectedOf(`zk-3.8-datadir/${name}`));
      expect(again.logger.entries).toEqual([]);
    });
  }

  for (const name of ['empty-tail-log', 'header-only-tail-log']) {
    it(`${name} loads as main and loses the file without records`, () => {
      const path = copy(`zk-3.8-datadir/${name}`);
      expectState(recoverCopy(path), expectedOf('zk-3.8-datadir/main'));
      expect(readdirSync(join(path, 'version-2')).sort()).toEqual(['log.2b', 'snapshot.2a']);
    });
  }
});

describe('corruption', () => {
  it('bad-crc-last is refused, and loads without its last txn only when told so', () => {
    const path = copy('zk-3.8-datadir/bad-crc-last');
    const error = refusalOf(() => recoverCopy(path));
    expectRefusal(error, { kind: 'bad-record', file: 'log.2b', offset: 1172, zxid: '0x38' });
    expect(error.message).toContain('truncateCorruptTail');
    const result = recoverCopy(path, { truncateCorruptTail: true });
    expectState(result, expectedOf('zk-3.8-datadir/torn-zeroed'));
  });

  it('bad-crc-middle is refused whatever is said', () => {
    for (const truncateCorruptTail of [false, true]) {
      const path = copy('zk-3.8-datadir/bad-crc-middle');
      const before = readFileSync(join(path, 'version-2/log.2b'));
      const error = refusalOf(() => recoverCopy(path, { truncateCorruptTail }));
      expectRefusal(error, { kind: 'bad-record', file: 'log.2b', offset: 295, zxid: '0x2e' });
      expect(error.message).toContain('0x2f');
      expect(readFileSync(join(path, 'version-2/log.2b')).equals(before)).toBe(true);
    }
  });

  it('gap-in-log is refused, naming both sides of the gap', () => {
    const error = refusalOf(() => recoverCopy(copy('zk-3.8-datadir/gap-in-log')));
    expectRefusal(error, { kind: 'gap', file: 'log.2b', offset: 295, zxid: '0x2f' });
    expect(error.message).toContain('0x2d');
  });

  for (const name of ['bad-snapshot', 'torn-snapshot']) {
    it(`${name} loads as main from the older snapshot, and nothing of the newer one stays`, () => {
      const result = recoverCopy(copy(`zk-3.8-datadir/${name}`));
      expectState(result, expectedOf('zk-3.8-datadir/main'));
      expect(result.state.nodes.has('/app/underquota')).toBe(true);
      expect(result.snapshotZxid).toBe(0n);
      expect(result.logger.entries.map((entry) => entry.level)).toEqual(['error', 'error']);
    });
  }

  it('no-snapshot is refused, and loads as main when empty snapshots are trusted', () => {
    const path = copy('zk-3.8-datadir/no-snapshot');
    const error = refusalOf(() => recoverCopy(path));
    expectRefusal(error, { kind: 'no-snapshot', file: 'log.1', offset: 0, zxid: '0x1' });
    const result = recoverCopy(path, { trustEmptySnapshot: true });
    expectState(result, expectedOf('zk-3.8-datadir/main'));
    expect(result.needsSnapshot).toBe(true);
  });

  it('ghost-tail without its newest snapshot is refused: two txns exist nowhere else', () => {
    const path = copy('zk-3.9-datadir/ghost-tail');
    unlinkSync(join(path, 'version-2/snapshot.400000002'));
    const error = refusalOf(() => recoverCopy(path, { role: 'quorum' }));
    expectRefusal(error, { kind: 'gap', file: 'log.400000003', offset: 16, zxid: '0x400000003' });
    expect(error.message).toContain('0x300000007');
  });
});
