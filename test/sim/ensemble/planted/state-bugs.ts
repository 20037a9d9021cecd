/** Planted bugs of sessions, requests, watches and the tree. */
import { RecoveredState } from '../../../../src/agents/recovered-state.ts';
import { EventType, OpCode } from '../../../../src/jute/proto.ts';
import { TxnHeaderOffset } from '../../../../src/jute/txn.ts';
import { KeeperCore } from '../../../../src/processor/keeper-core.ts';
import { OutstandingChanges } from '../../../../src/processor/outstanding-changes.ts';
import { ReadStage } from '../../../../src/processor/read-stage.ts';
import { ServingOrder } from '../../../../src/processor/serving-order.ts';
import { WatchDelivery } from '../../../../src/processor/watch-delivery.ts';
import { SessionTracker } from '../../../../src/state/session-tracker.ts';
import { WatchTable } from '../../../../src/state/watch-table.ts';
import type { PlantedBug } from './planted-bug.ts';

const nothing = () => {};

export const stateBugs: readonly PlantedBug[] = [
  {
    name: 'a request of a session that has moved away takes effect',
    tickets: [710, 907],
    ...{ seed: 16, breaks: 'K6' },
    plant: (code) => {
      code.replace(
        SessionTracker.prototype,
        'checkOwner',
        (old) =>
          function (...args: unknown[]) {
            const slot = this['find'](args[0], args[1]);
            if (slot >= 0) this['owner'][slot] = 0;
            return old.apply(this, args);
          },
      );
    },
  },
  {
    name: 'a session that is closing can still create ephemerals',
    tickets: [1208, 1496],
    ...{ seed: 8, breaks: 'K4' },
    plant: (code) => {
      code.replace(
        SessionTracker.prototype,
        'markClosing',
        () =>
          function (slot: number) {
            this['buckets'].remove(slot);
          },
      );
    },
  },
  {
    name: 'the end of a session misses the ephemerals that are being created',
    tickets: [2355, 1367],
    ...{ seed: 4, breaks: 'S1' },
    plant: (code) => {
      code.replace(
        OutstandingChanges.prototype,
        'forEachEphemeral',
        (old) =>
          function (...args: unknown[]) {
            const { oldest } = this;
            this['oldest'] = null;
            old.apply(this, args);
            this['oldest'] = oldest;
          },
      );
    },
  },
  {
    name: 'ephemerals that come with a snapshot have no owner',
    tickets: [2926],
    ...{ seed: 2, breaks: 'S1' },
    plant: (code) => {
      code.replace(
        RecoveredState.prototype,
        'node',
        (old) =>
          function (...args: unknown[]) {
            const { ephemerals } = this['parts'];
            const { add } = ephemerals;
            ephemerals.add = nothing;
            old.apply(this, args);
            ephemerals.add = add;
          },
      );
    },
  },
  {
    name: 'a session that ended while a follower was away lives on there',
    tickets: [5010],
    ...{ seed: 50, breaks: 'S1' },
    plant: (code) => {
      code.replace(
        KeeperCore.prototype,
        'deliver',
        (old) =>
          function (bytes: Uint8Array, start: number, end: number) {
            const type = new DataView(bytes.buffer, bytes.byteOffset).getInt32(
              start + TxnHeaderOffset.type,
            );
            if (this['role'] !== 'resting' || type !== OpCode.closeSession)
              old.call(this, bytes, start, end);
          },
      );
    },
  },
  {
    name: 'a new leader does not give sessions their whole timeout',
    tickets: [],
    ...{ seed: 72, breaks: 'K4' },
    plant: (code) => {
      code.replace(
        SessionTracker.prototype,
        'becomeExpirer',
        (old) =>
          function (nowMs: number) {
            old.call(this, nowMs - 3000);
          },
      );
    },
  },
  {
    name: 'a multi that fails leaves its first part behind',
    tickets: [1046],
    ...{ seed: 1, breaks: 'S1' },
    plant: (code) => {
      code.replace(OutstandingChanges.prototype, 'rollback', () => nothing);
    },
  },
  {
    name: 'a read overtakes the writes of its session',
    tickets: [1863],
    ...{ seed: 1, breaks: 'is owed' },
    plant: (code) => {
      code.replace(
        ServingOrder.prototype,
        'serve',
        () =>
          function (connection, bytes, view, start, end) {
            this['reads'].serve(connection, bytes, view, start, end);
          },
      );
    },
  },
  {
    name: 'what changed while a client was away is not told',
    tickets: [1667, 1412],
    ...{ seed: 9, breaks: 'K3' },
    plant: (code) => {
      code.replace(ReadStage.prototype, 'replay', () => nothing);
    },
  },
  {
    name: 'a recursive watcher hears of changed children',
    tickets: [4475],
    ...{ seed: 4, breaks: 'K3' },
    plant: (code) => {
      code.replace(
        WatchTable.prototype,
        'trigger',
        (old) =>
          function (type: EventType, ...path: unknown[]) {
            const isOfChildren = type === EventType.nodeChildrenChanged;
            old.call(this, type, ...path);
            if (isOfChildren && this['recursiveLengths'].size > 0) this['hitAncestors'](...path);
            return this['hitCount'];
          },
      );
    },
  },
  {
    name: 'the ephemerals of a session that ends go without an event',
    tickets: [3145],
    ...{ seed: 2, breaks: 'K3' },
    plant: (code) => {
      code.replace(
        WatchDelivery.prototype,
        'trigger',
        (old) =>
          function (type: EventType, ...rest: unknown[]) {
            if (type !== EventType.nodeDeleted) old.call(this, type, ...rest);
          },
      );
    },
  },
  {
    name: 'an event follows the change that it tells of',
    tickets: [],
    ...{ seed: 10, breaks: 'after the state' },
    plant: (code) => {
      const later: (() => void)[] = [];
      code.replace(
        WatchDelivery.prototype,
        'triggerHashed',
        (old) =>
          function (...args: unknown[]) {
            later.push(() => old.apply(this, args));
          },
      );
      code.replace(
        KeeperCore.prototype,
        'tick',
        (old) =>
          function () {
            for (const tell of later.splice(0)) tell();
            old.call(this);
          },
      );
    },
  },
  {
    name: 'the expected digest leaves out what a txn creates',
    tickets: [],
    ...{ seed: 1, breaks: 'S1' },
    plant: (code) => {
      code.replace(
        OutstandingChanges.prototype,
        'put',
        (old) =>
          function (...args: unknown[]) {
            const { digestHi, digestLo } = this;
            old.apply(this, args);
            if ((args[3] as { version: number }).version === 0)
              Object.assign(this, { digestHi, digestLo });
          },
      );
    },
  },
];
