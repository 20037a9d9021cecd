/** Planted bugs of what a server leaves on its disk, and says of it. */
import { LogAgent } from '../../../../src/agents/log.ts';
import { type Disk, DiskError, type DiskFile } from '../../../../src/base/ports.ts';
import { joinPath, snapshotFileName } from '../../../../src/storage/data-directory.ts';
import { EpochFiles } from '../../../../src/storage/epoch-files.ts';
import { SnapshotInstall } from '../../../../src/storage/snapshot-install.ts';
import { SnapshotWriter } from '../../../../src/storage/snapshot-writer.ts';
import { TxnLogWriter } from '../../../../src/storage/txn-log-writer.ts';
import { DurableState } from '../../../../src/zab/durable-state.ts';
import { LearnerLog } from '../../../../src/zab/learner-log.ts';
import type { Insides, Replacements } from '../../../support/replacements.ts';
import { MemberJobs } from '../member-jobs.ts';
import type { PlantedBug } from './planted-bug.ts';

type Bytes = readonly [Uint8Array, number, number, number, number];

const nothing = () => {};

/** The same disk, but that nothing is made durable. */
function withoutSync(disk: Disk): Disk {
  const careless = (file: DiskFile) =>
    new Proxy(file, { get: (of, name) => boundOf(of, name, 'sync') });
  return new Proxy(disk, {
    get: (of, name) => {
      const value = boundOf(of, name, 'syncDirectory');
      if (name !== 'openWrite' && name !== 'create') return value;
      return (path: string) => careless((value as Disk['create'])(path));
    },
  });
}

function boundOf<T extends object>(of: T, name: PropertyKey, skipped: string): unknown {
  const value = of[name as keyof T];
  if (name === skipped) return nothing;
  return typeof value === 'function' ? value.bind(of) : value;
}

/** Calls a method with another disk in the place of the writer's own. */
function onDisk(writer: Insides, disk: Disk, call: () => unknown): unknown {
  const { options } = writer;
  writer['options'] = { ...options, disk };
  try {
    return call();
  } finally {
    writer['options'] = options;
  }
}

/**
 * What a learner gets while it is synchronized goes to its memory only; NEWLEADER brings it to the
 * log. When the link breaks before that, memory stays ahead of the disk.
 */
function logAtNewLeader(
  code: Replacements,
  onNewLeader: (log: Insides, write: () => void, then: () => void) => void,
): void {
  const waiting = new WeakMap<Insides, Bytes[]>();
  const isEntered = new WeakSet<Insides>();
  code.replace(
    LearnerLog.prototype,
    'onProposal',
    (old) =>
      function (...args) {
        const { durable } = this;
        const { append } = durable;
        if (!isEntered.has(this)) {
          const later = waiting.get(this) ?? [];
          waiting.set(this, later);
          durable.append = (
            bytes: Uint8Array,
            start: number,
            end: number,
            hi: number,
            lo: number,
          ) => {
            durable.history.append(bytes, start, end, hi, lo);
            later.push([bytes.slice(start, end), 0, end - start, hi, lo]);
          };
          durable.enter = nothing;
        }
        try {
          old.apply(this, args);
        } finally {
          if (durable.append !== append) {
            delete durable.append;
            delete durable.enter;
          }
        }
      },
  );
  code.replace(
    LearnerLog.prototype,
    'onNewLeader',
    (old) =>
      function (then: () => void) {
        isEntered.add(this);
        const write = () => {
          for (const bytes of waiting.get(this) ?? []) this['durable'].disk.append(...bytes);
        };
        this['enteredEpoch'] = this['epoch'];
        onNewLeader(this, write, () => old.call(this, then));
      },
  );
}

export const diskBugs: readonly PlantedBug[] = [
  {
    name: 'a txn is acknowledged before it is durable',
    tickets: [],
    ...{ seed: 8, breaks: 'D3' },
    plant: (code) => {
      code.replace(
        TxnLogWriter.prototype,
        'flush',
        (old) =>
          function () {
            this['forceSync'] = false;
            return old.call(this);
          },
      );
    },
  },
  {
    name: 'NEWLEADER is acknowledged before the history is durable',
    tickets: [3911, 4646, 3023],
    ...{ seed: 1, breaks: 'D2' },
    plant: (code) => {
      code.replace(
        LearnerLog.prototype,
        'onNewLeader',
        (old) =>
          function (then: () => void) {
            old.call(this, nothing);
            then();
          },
      );
    },
  },
  {
    name: 'the epoch is durable before its history',
    tickets: [4643],
    ...{ seed: 5, breaks: 'does not follow' },
    plant: (code) => {
      logAtNewLeader(code, (log, write, finish) => {
        const { durable, epoch } = log;
        durable.disk.ask({ kind: 'currentEpoch', epoch }, () => {
          write();
          finish();
        });
      });
    },
  },
  {
    name: 'a follower acknowledges what it has not yet written',
    tickets: [4785],
    ...{ seed: 2, breaks: 'D1' },
    plant: (code) => {
      code.replace(
        DurableState.prototype,
        'append',
        (old) =>
          function (bytes, start, end, hi: number, lo: number) {
            old.call(this, bytes, start, end, hi, lo);
            (this as unknown as DurableState).onSynced(hi, lo);
          },
      );
    },
  },
  {
    name: 'a promise is given before it is durable',
    tickets: [],
    ...{ seed: 1, breaks: 'D2' },
    plant: (code) => {
      code.replace(
        DurableState.prototype,
        'accept',
        (old) =>
          function (epoch: number, then: () => void) {
            old.call(this, epoch, nothing);
            this['acceptedEpoch'] = epoch;
            then();
          },
      );
    },
  },
  {
    name: 'a server whose log cannot be written goes on',
    tickets: [4882, 2247],
    ...{ seed: 13, breaks: 'follow' },
    plant: (code) => {
      code.replace(
        TxnLogWriter.prototype,
        'flush',
        (old) =>
          function () {
            try {
              old.call(this);
            } catch (error) {
              if (!(error instanceof DiskError)) throw error;
              this['failure'] = null;
              this['batchLength'] = this['batchTxns'] = 0;
            }
          },
      );
    },
  },
  {
    name: 'a cut of the log is undone by a crash',
    tickets: [],
    ...{ seed: 163, breaks: 'S1' },
    plant: (code) => {
      code.replace(
        TxnLogWriter.prototype,
        'truncate',
        (old) =>
          function (zxid) {
            return onDisk(this, withoutSync(this['options'].disk), () => old.call(this, zxid));
          },
      );
    },
  },
  {
    name: 'an epoch is written in place',
    tickets: [2307, 4269, 1653],
    ...{ seed: 1, breaks: 'D2' },
    plant: (code) => {
      code.replace(
        EpochFiles.prototype,
        'replace',
        () =>
          function (name: string, epoch: number) {
            const file = (this['disk'] as Disk).create(joinPath(this['directory'], name));
            const text = Buffer.from(String(epoch));
            file.write(text, 0, text.byteLength, 0);
            file.sync();
            file.close();
          },
      );
    },
  },
  {
    name: 'the snapshot of a leader counts before it is durable',
    tickets: [3642, 2872],
    ...{ seed: 2, breaks: 'D5' },
    plant: (code) => {
      code.replace(
        SnapshotInstall.prototype,
        'publish',
        (old) =>
          function () {
            this['file'].sync = nothing;
            old.call(this);
          },
      );
    },
  },
  {
    name: 'a snapshot is named after the state at its end',
    tickets: [3144],
    ...{ seed: 118, breaks: 'digest' },
    plant: (code) => {
      code.replace(
        SnapshotWriter.prototype,
        'publish',
        (old) =>
          function (trailer: Insides) {
            const zxid = trailer['digest'].zxid;
            this['path'] = joinPath(this['directory'], snapshotFileName(zxid));
            return old.call(this, { ...trailer, lastProcessedZxid: null });
          },
      );
    },
  },
  {
    name: 'a purge takes the log that the newest snapshot needs',
    tickets: [3231],
    ...{ seed: 2, breaks: 'D5' },
    plant: (code) => {
      code.replace(
        MemberJobs.prototype,
        'purge',
        (old) =>
          function () {
            old.call(this);
            const disk = this['parts'].disk as Disk;
            const logs = disk
              .list('/data/version-2')
              .filter((name) => name.startsWith('log.'))
              .sort();
            for (const name of logs.slice(0, -1)) disk.remove(`/data/version-2/${name}`);
          },
      );
    },
  },
  {
    name: 'txns are reported as durable before the disk has them',
    tickets: [],
    ...{ seed: 1, breaks: 'the end of a log is lent' },
    plant: (code) => {
      code.replace(
        LogAgent.prototype,
        'syncBatch',
        (old) =>
          function (writer: TxnLogWriter) {
            const { flush } = writer;
            // The batch leaves with the one behind it.
            if ((this['cycles'] = (this['cycles'] ?? 0) + 1) % 2 === 1) writer.flush = nothing;
            old.call(this, writer);
            writer.flush = flush;
          },
      );
    },
  },
];
