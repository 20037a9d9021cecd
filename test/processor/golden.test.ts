/** Conversations as a real 3.9.5 server had them, byte for byte. */
import { describe, expect, it } from 'vitest';
import { type Client, Harness, hex, unhex } from './harness.ts';

const openAcl = '00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65';

/** Sends a frame with its length, and expects exactly these frames for the client. */
function converse(client: Client, request: string, ...frames: string[]): void {
  const before = client.outputs.length;
  const frame = unhex(request);
  expect(new DataView(frame.buffer).getInt32(0)).toBe(frame.byteLength - 4);
  client.sendRaw(frame.subarray(4));
  expect(framesOf(client).slice(before)).toEqual(frames.map((text) => hex(unhex(text))));
}

function framesOf(client: Client): string[] {
  return client.outputs.map((output) =>
    'frame' in output ? hex(output.frame) : output.kind === 'close' ? '' : '(connected)',
  );
}

function at(harness: Harness, wallMs: number): void {
  harness.core.begin(wallMs, harness.nowMs);
}

/** Brings a server to the state of the captured conversation: zxid 1 is the session's. */
function conversation(): { harness: Harness; first: Client; second: Client } {
  const harness = new Harness();
  at(harness, 0x1a200546974);
  const first = harness.client();
  converse(
    first,
    `00000036 00000001 00000001 00000002 2f67 00000005 68656c6c6f ${openAcl} 00000000`,
    '00000016 00000001 0000000000000002 00000000 00000002 2f67',
  );
  const second = harness.client();
  return { harness, first, second };
}

/** As `conversation`, after setData, and up to zxid 5. */
function laterConversation(): { harness: Harness; first: Client } {
  const { harness, first, second } = conversation();
  converse(
    first,
    '0000000f 00000002 00000004 00000002 2f67 01',
    `0000005d 00000002 0000000000000003 00000000 00000005 68656c6c6f
     0000000000000002 0000000000000002 000001a200546974 000001a200546974
     00000000 00000000 00000000 0000000000000000 00000005 00000000 0000000000000002`,
  );
  at(harness, 0x1a2005469ae);
  converse(
    second,
    '00000017 00000001 00000005 00000002 2f67 00000001 77 ffffffff',
    `00000054 00000001 0000000000000004 00000000
     0000000000000002 0000000000000004 000001a200546974 000001a2005469ae
     00000001 00000000 00000000 0000000000000000 00000001 00000000 0000000000000002`,
  );
  expect(framesOf(first).at(-1)).toBe(
    hex(unhex('0000001e ffffffff 0000000000000004 00000000 00000003 00000003 00000002 2f67')),
  );
  converse(
    first,
    '00000012 00000003 00000003 00000005 2f6e6f6e65 00',
    '00000010 00000003 0000000000000004 ffffff9b',
  );
  first.create('/g/c2');
  return { harness, first };
}

describe('the core answers byte for byte as a 3.9.5 server', () => {
  it('create, getData, setData with its event, exists on a missing node', () => {
    laterConversation();
  });

  it('a multi that succeeds', () => {
    const { harness, first } = laterConversation();
    at(harness, 0x1a2005469d0);
    converse(
      first,
      `000000c4 00000005 0000000e
       00000001 00 ffffffff 00000005 2f672f6d31 00000001 31 ${openAcl} 00000000
       00000005 00 ffffffff 00000005 2f672f6d31 00000001 32 00000000
       0000000d 00 ffffffff 00000005 2f672f6d31 00000001
       0000000f 00 ffffffff 00000005 2f672f6d32 00000001 31 ${openAcl} 00000000
       00000002 00 ffffffff 00000005 2f672f6d31 ffffffff
       ffffffff 01 ffffffff`,
      `000000e0 00000005 0000000000000006 00000000
       00000001 00 00000000 00000005 2f672f6d31
       00000005 00 00000000 0000000000000006 0000000000000006 000001a2005469d0 000001a2005469d0
       00000001 00000000 00000000 0000000000000000 00000001 00000000 0000000000000006
       0000000d 00 00000000
       0000000f 00 00000000 00000005 2f672f6d32
       0000000000000006 0000000000000006 000001a2005469d0 000001a2005469d0
       00000000 00000000 00000000 0000000000000000 00000001 00000000 0000000000000006
       00000002 00 00000000
       ffffffff 01 ffffffff`,
    );
  });

  it('a multi that fails, and an empty one', () => {
    const { harness, first } = laterConversation();
    first.create('/g/m2');
    expect(harness.lastZxid).toBe(6n);
    converse(
      first,
      `00000076 00000006 0000000e
       00000001 00 ffffffff 00000005 2f672f6d33 00000000 ${openAcl} 00000000
       00000002 00 ffffffff 00000007 2f672f6e6f6e65 ffffffff
       00000005 00 ffffffff 00000002 2f67 00000001 78 ffffffff
       ffffffff 01 ffffffff`,
      `00000040 00000006 0000000000000007 00000000
       ffffffff 00 00000000 00000000  ffffffff 00 ffffff9b ffffff9b
       ffffffff 00 fffffffe fffffffe  ffffffff 01 ffffffff`,
    );
    converse(
      first,
      '00000011 00000007 0000000e ffffffff 01 ffffffff',
      '00000019 00000007 0000000000000008 00000000 ffffffff01ffffffff',
    );
  });

  it('a multiRead with a missing node', () => {
    const { first } = laterConversation();
    const before = first.replies.length;
    first.sendRaw(
      unhex(`00000008 00000016 00000004 00 ffffffff 00000002 2f67 00
        00000008 00 ffffffff 00000002 2f67 00
        00000004 00 ffffffff 00000004 2f7a7a7a 00 ffffffff 01 ffffffff`),
    );
    const reply = first.replies[before]!;
    expect(reply).toMatchObject({ xid: 8, zxid: 5n, err: 0 });
    expect(hex(reply.body)).toBe(
      hex(
        unhex(`00000004 00 00000000 00000001 77
          0000000000000002 0000000000000004 000001a200546974 000001a2005469ae
          00000001 00000001 00000000 0000000000000000 00000001 00000001 0000000000000005
          00000008 00 00000000 00000001 00000002 6332
          ffffffff 00 ffffff9b ffffff9b ffffffff 01 ffffffff`),
      ),
    );
  });

  it('ping, sync, addWatch, whoAmI', () => {
    const { first } = conversation();
    converse(first, '00000008 fffffffe 0000000b', '00000010 fffffffe 0000000000000003 00000000');
    converse(
      first,
      '0000000e 0000000b 00000009 00000002 2f67',
      '00000016 0000000b 0000000000000003 00000000 00000002 2f67',
    );
    converse(
      first,
      '00000012 00000010 0000006a 00000002 2f67 00000000',
      '00000014 00000010 0000000000000003 00000000 00000000',
    );
    converse(
      first,
      '00000008 00000009 0000006b',
      `00000027 00000009 0000000000000003 00000000
       00000001 00000002 6970 00000009 3132372e302e302e31`,
    );
  });

  it('the replay event of setWatches', () => {
    const { first } = laterConversation();
    converse(
      first,
      '00000022 fffffff8 00000065 0000000000000003 00000001 00000002 2f67 00000000 00000000',
      '0000001e ffffffff ffffffffffffffff 00000000 00000003 00000003 00000002 2f67',
      '00000010 fffffff8 0000000000000005 00000000',
    );
  });

  it('createTTL', () => {
    const { first, harness } = conversation();
    at(harness, 0x1a200546974);
    converse(
      first,
      `0000003a 00000001 00000015 00000003 2f7431 00000000 ${openAcl} 00000005 0000000000000bb8`,
      `0000005b 00000001 0000000000000004 00000000 00000003 2f7431
       0000000000000004 0000000000000004 000001a200546974 000001a200546974
       00000000 00000000 00000000 0000000000000000 00000000 00000000 0000000000000004`,
    );
  });

  it('an unknown op, then it closes', () => {
    const { first } = conversation();
    converse(
      first,
      '00000008 00000001 00000063',
      '00000010 00000001 ffffffffffffffff fffffffa',
      '',
    );
  });

  it('closeSession, then it closes', () => {
    const { first } = conversation();
    converse(
      first,
      '00000008 00000017 fffffff5',
      '00000010 00000017 0000000000000004 00000000',
      '',
    );
  });
});
