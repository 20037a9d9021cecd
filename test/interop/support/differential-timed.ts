/**
 * A stream in which the servers act by themselves: containers and TTL nodes are reaped, sessions
 * expire. Each such act is waited for, so that it has the same zxid on both.
 */
import { CreateFlag, OpCode } from '../../../src/jute/proto.ts';
import * as steps from './differential-steps.ts';
import { ask, type Step } from './differential-steps.ts';

/** Times so short that the stream has not to wait for long. */
export const timedSettings = {
  tickTime: '100',
  minSessionTimeout: '500',
  'znode.container.checkIntervalMs': '100',
};

const ttl = 200n;
const withTtl = { flags: CreateFlag.persistentWithTtl, ttl };
const { create, create2, createContainer, createTTL } = OpCode;

export function timedStream(): Step[] {
  const look = [
    ask(0, steps.read(OpCode.getChildren2, '/box')),
    ask(0, steps.read(OpCode.exists, '/box')),
  ];
  return [
    ask(0, steps.create(create, '/box')),
    ask(0, steps.ofWatch(OpCode.addWatch, '/box', 1)),
    ask(0, steps.create(createContainer, '/box/never-used')),
    ...reaped(),
    ...look,
    ...expired(),
    ...look,
    ask(0, steps.create(create2, '/box/s-', { flags: CreateFlag.persistentSequential })),
  ];
}

/** Each ends with the one event of the reaper's txn. */
function reaped(): Step[] {
  const gone: Step = { kind: 'events', client: 0, count: 1 };
  const parent = ask(0, steps.read(OpCode.exists, '/box'));
  const inTtl = [steps.create(createTTL, '/box/t', withTtl), steps.create(create, '/box/t/x')];
  const sequential = { ...withTtl, flags: CreateFlag.persistentSequentialWithTtl };
  return [
    ask(0, steps.create(createContainer, '/box/c')),
    ask(0, steps.create(create, '/box/c/x')),
    ask(0, steps.remove('/box/c/x')),
    ...[gone, parent],
    ask(0, steps.create(createTTL, '/box/t', withTtl)),
    ...[gone, parent],
    ask(0, steps.create(createTTL, '/box/t-', sequential)),
    ...[gone, parent],
    ask(0, steps.multi(OpCode.multi, inTtl)),
    ask(0, steps.remove('/box/t/x')),
    ...[gone, parent],
    ask(0, steps.create(createContainer, '/box/c')),
    ask(0, steps.multi(OpCode.multi, [steps.create(createTTL, '/box/c/t', withTtl)])),
    { ...gone, count: 2 },
    parent,
  ];
}

function expired(): Step[] {
  const usual = { kind: 'connect', how: 'new', timeoutMs: 1, readOnly: false } as const;
  const ephemeral = { flags: CreateFlag.ephemeral };
  return [
    { ...usual, client: 1 },
    ask(1, steps.create(create2, '/box/e', ephemeral)),
    { kind: 'abandon', client: 1 },
    { kind: 'events', client: 0, count: 2 },
    { ...usual, client: 1, how: 'reopen' },
    { ...usual, client: 2 },
    // Without a watch of its own: whether Apache's server sends its event or closes first, is luck.
    ask(2, steps.create(create2, '/box/f', ephemeral)),
    { kind: 'bytes', client: 2, text: 'nothing, until it is closed', bytes: new Uint8Array(0) },
    { kind: 'events', client: 0, count: 2 },
    { ...usual, client: 2, how: 'reopen' },
  ];
}
