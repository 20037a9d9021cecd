/**
 * Where our server deliberately differs from Apache's, as data: what Apache's does, what ours does
 * instead, and the requests that show it. The hazards have the numbers of the protocol's
 * description. Streams leave all of this out; what is here is asked of our server alone.
 */
import { CreateFlag, OpCode } from '../../../src/jute/proto.ts';
import { encodeUtf8 } from '../../../src/jute/utf8.ts';
import type { Side } from './differential-side.ts';
import * as steps from './differential-steps.ts';
import { ask, type Request, type Step } from './differential-steps.ts';

export interface DeliberateDifference {
  readonly hazard: string;
  readonly apache: string;
  readonly ours: string;
  readonly steps: readonly Step[];
  /** For each step as `summaryOf` has it. */
  readonly answers: readonly string[];
}

const connect = (client: number): Step => {
  return { kind: 'connect', client, how: 'new', timeoutMs: 60_000, readOnly: false };
};
const { create, create2, createContainer, createTTL, multi } = OpCode;
const path = (type: number, text: string): Request => steps.ofPath(type, text);
const make = (text: string, options?: steps.CreateOf): Step => {
  return ask(0, steps.create(create, text, options));
};
/** After a connect, tells that its session has taken a zxid. */
const look = ask(0, path(OpCode.sync, '/'));
const stats = '/zookeeper/quota/q/zookeeper_stats';
const readers: steps.AclLike = [{ perms: 17, id: { scheme: 'world', id: 'anyone' } }];
const malformed = (byte: number) => Uint8Array.of(0x2f, byte);

export const differences: readonly DeliberateDifference[] = [
  {
    hazard: 'H1',
    apache: 'stops, and cannot start again',
    ours: 'a TTL op with another flag is a bad argument',
    steps: [connect(0), look, ask(0, steps.create(createTTL, '/h1', { flags: 0, ttl: -1n }))],
    answers: ['connected', 'err 0 +1', 'err -8 +1'],
  },
  {
    hazard: 'H2',
    apache: 'the zxid of the txn before it',
    ours: 'a write that cannot be decoded has a zxid of its own',
    steps: [ask(0, steps.damaged(steps.setData('/', null), 1, new Uint8Array(0)))],
    answers: ['err -5 +1'],
  },
  {
    hazard: 'H3',
    apache: 'deletes the node',
    ours: 'deleteContainer of a client is an unknown op',
    steps: [
      make('/h3'),
      ask(0, path(OpCode.deleteContainer, '/h3')),
      connect(0),
      ask(0, steps.read(OpCode.exists, '/h3')),
    ],
    answers: ['err 0 +1', 'err -6 -1, closed', 'connected', 'err 0 +1'],
  },
  {
    hazard: 'H4',
    apache: 'a second ConnectResponse',
    ours: 'createSession of a client is an unknown op',
    steps: [
      ask(0, steps.bare(OpCode.createSession, new steps.Body().int(9).done())),
      connect(0),
      look,
    ],
    answers: ['err -6 -1, closed', 'connected', 'err 0 +1'],
  },
  {
    hazard: 'H5',
    apache: 'closes the connection of the owner',
    ours: 'a wrong password disturbs nobody',
    steps: [{ kind: 'intrude', client: 0 }, ask(0, path(OpCode.sync, '/'))],
    answers: ['refused', 'err 0 +0'],
  },
  {
    hazard: 'H6',
    apache: 'may check it against the list before',
    ours: 'what is pipelined behind a setACL is checked against the new list',
    steps: [
      make('/h6'),
      {
        kind: 'burst',
        client: 0,
        requests: [steps.setAcl('/h6', readers), steps.setData('/h6', null)],
      },
    ],
    answers: ['err 0 +1', 'err 0 +1, err -102 +1'],
  },
  {
    hazard: 'H7',
    apache: 'takes it for an ephemeral node until it is applied',
    ours: 'the op alone says that it is a container',
    steps: [
      ask(
        0,
        steps.multi(multi, [
          steps.create(createContainer, '/h7', { flags: CreateFlag.ephemeral }),
          steps.create(create2, '/h7/x'),
        ]),
      ),
      ask(0, steps.read(OpCode.exists, '/h7/x')),
    ],
    answers: ['err 0 +1', 'err 0 +0'],
  },
  {
    hazard: 'H9',
    apache: 'stops, and cannot start again',
    ours: 'no limits for the root, no usage that cannot be read',
    steps: [
      make('/zookeeper/quota/zookeeper_limits'),
      make('/zookeeper/quota/q'),
      make(stats, { data: encodeUtf8('count=0,bytes=0') }),
      ask(0, steps.setData(stats, encodeUtf8('garbage'))),
      ask(0, steps.setData(stats, null)),
      ask(0, steps.setData(stats, encodeUtf8('count=1,bytes=1'))),
    ],
    answers: ['err -8 +1', 'err 0 +1', 'err 0 +1', 'err -8 +1', 'err -8 +1', 'err 0 +1'],
  },
  {
    hazard: 'UTF-8',
    apache: 'writes surrogates, and U+FFFD for what is malformed',
    ours: 'text goes back byte for byte',
    steps: [
      ask(0, path(OpCode.sync, '/\u{1f600}')),
      ask(0, steps.ofPath(OpCode.sync, malformed(0xff))),
    ],
    answers: ['err 0 +0 2ff09f9880', 'err 0 +0 2fff'],
  },
  {
    hazard: 'UTF-8 of watches',
    apache: 'all malformed bytes are one path',
    ours: 'every path is its bytes',
    steps: [
      ask(0, steps.ofWatch(OpCode.addWatch, malformed(0xff), 0)),
      ask(0, steps.ofWatch(OpCode.checkWatches, malformed(0xfe), 4)),
      ask(0, steps.ofWatch(OpCode.checkWatches, malformed(0xff), 4)),
    ],
    answers: ['err 0 +0', 'err -121 +0', 'err 0 +0'],
  },
  {
    hazard: 'null watches',
    apache: 'keeps it',
    ours: 'a watch on no path is answered, but not kept',
    steps: [
      ask(0, steps.ofWatch(OpCode.addWatch, null, 0)),
      ask(0, steps.ofWatch(OpCode.checkWatches, null, 4)),
    ],
    answers: ['err 0 +0', 'err -121 +0'],
  },
];

/** Carries a step out: errors and how far the zxid went on, what came of a connect, the end. */
export async function summaryOf(side: Side, step: Step): Promise<string> {
  let last = side.normal.lastZxid;
  const { seen } = await side.run(step);
  const parts = seen.map(({ what, err, zxid, body }) => {
    if (what === 'connected') {
      return (body as { timeOut: number }).timeOut > 0 ? what : 'refused';
    }
    if (err === undefined) return what;
    const now = BigInt(zxid);
    const far = now < 0n ? zxid : `+${now - last}`;
    if (now > last) last = now;
    const isSync = step.kind === 'request' && step.request.type === OpCode.sync;
    return `err ${err} ${far}${isSync && body !== '2f' ? ` ${body}` : ''}`;
  });
  if (parts.some((part) => part.startsWith('err -6'))) {
    await side.closes(step.client);
    if (!side.isOpen(step.client)) parts.push('closed');
  }
  return parts.join(', ');
}
