import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asZxid } from '../../src/base/zxid.ts';
import { decodeNotification, encodeNotification } from '../../src/election/notification.ts';
import { voteForNobody } from '../../src/election/vote.ts';
import { JuteError } from '../../src/jute/jute-error.ts';
import type { RoleName } from '../../src/zab/peer-ports.ts';

const config = new TextEncoder().encode(
  [1, 2, 3].map((id) => `server.${id}=127.0.0.1:2390${id}:2391${id}:participant\n`).join('') +
    'version=0',
);

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

/** What Apache's server 2 sends first in a new ensemble of three. */
const firstOfApache = fromHex(
  '00000000 0000000000000002 0000000000000000 0000000000000001 0000000000000000 00000002 0000008a',
);
const firstVote = { leader: 2n, zxid: asZxid(0n), electionEpoch: 1n, peerEpoch: 0n };

/** State, leader 3, zxid (5, 7), round 9; what follows differs by version. */
const old = '00000002 0000000000000003 0000000500000007 0000000000000009';

describe('a notification', () => {
  it('has the bytes that Apache sends', () => {
    const bytes = new Uint8Array([...firstOfApache, ...config]);
    expect(encodeNotification('looking', firstVote, config)).toEqual(bytes);
    expect(decodeNotification(bytes)).toEqual({
      state: 'looking',
      vote: firstVote,
      version: 2,
      config,
    });
  });

  it('carries the smallest longs of an observer', () => {
    const bytes = encodeNotification('observing', voteForNobody, config);
    const long = '8000000000000000';
    const head = fromHex(`00000003 ${long} ${long} 0000000000000000 ${long}`);
    expect(bytes.subarray(0, 36)).toEqual(head);
    expect(decodeNotification(bytes).vote).toEqual(voteForNobody);
  });

  it('never leaves without a config, which would end the receiver of an Apache server', () => {
    expect(() => encodeNotification('looking', firstVote, new Uint8Array(0))).toThrow('config');
  });
});

describe('a notification of another version', () => {
  it('of 28 bytes has the epoch of its zxid', () => {
    const { vote, version, config: none } = decodeNotification(fromHex(old));
    expect(vote).toEqual({
      leader: 3n,
      zxid: 0x5_0000_0007n,
      electionEpoch: 9n,
      peerEpoch: 5n,
    });
    expect([version, none]).toEqual([0, null]);
  });

  it('of 40 bytes ends in four bytes of no meaning', () => {
    const { vote, version } = decodeNotification(fromHex(`${old} 0000000000000004 00000002`));
    expect([vote.peerEpoch, version]).toEqual([4n, 0]);
  });

  it('1 has no config, and 3 is read as 2 with bytes behind it', () => {
    const one = decodeNotification(fromHex(`${old} 0000000000000004 00000001 ffff`));
    expect([one.version, one.config]).toEqual([1, null]);
    const three = decodeNotification(fromHex(`${old} 0000000000000004 00000003 00000001 61 6263`));
    expect([three.version, three.config]).toEqual([3, fromHex('61')]);
  });
});

describe('a malformed notification', () => {
  const cases: [string, string][] = [
    ['nothing', ''],
    ['27 bytes', old.slice(0, -2)],
    ['36 bytes', `${old} 0000000000000004`],
    ['39 bytes', `${old} 0000000000000004 000000`],
    ['no config length', `${old} 0000000000000004 00000002 0000`],
    ['a config that is cut', `${old} 0000000000000004 00000002 00000003 6162`],
    ['a negative config length', `${old} 0000000000000004 00000002 fffffffe`],
    ['a null config', `${old} 0000000000000004 00000002 ffffffff`],
    ['an unknown state', `00000004${old.slice(8)}`],
    ['a negative state', `ffffffff${old.slice(8)}`],
  ];
  it.each(cases)('of %s is refused', (_, hex) => {
    expect(() => decodeNotification(fromHex(hex))).toThrow(JuteError);
  });

  it('is refused with a JuteError whatever it holds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(4), (bytes, state) => {
        if (bytes.length > 3) bytes.set([0, 0, 0, state]);
        try {
          decodeNotification(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(JuteError);
        }
      }),
    );
  });

  it('apart, what is encoded comes back', () => {
    const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const vote = fc.record({
      leader: long,
      zxid: long.map(asZxid),
      electionEpoch: long,
      peerEpoch: long,
    });
    const state = fc.constantFrom<RoleName>('looking', 'following', 'leading', 'observing');
    fc.assert(
      fc.property(state, vote, fc.uint8Array({ minLength: 1 }), (role, wanted, text) => {
        const { version, ...rest } = decodeNotification(encodeNotification(role, wanted, text));
        expect(rest).toEqual({ state: role, vote: wanted, config: text });
      }),
    );
  });
});
