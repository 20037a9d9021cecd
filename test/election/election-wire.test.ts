/** The bytes of election connections: golden ones from Apache's server, any cut, any garbage. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { electionAddressBytesMax, notificationBytesMax } from '../../src/base/limits.ts';
import { ElectionReader, encodeFrame, encodeInitiation } from '../../src/election/election-wire.ts';
import { JuteError } from '../../src/jute/jute-error.ts';

const fromHex = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const ofApache = fromHex(
  'ffffffffffff0000 0000000000000002 0000000f 3132372e302e302e313a3233393432',
);

function readerOf(...pieces: Uint8Array[]): ElectionReader {
  const reader = new ElectionReader();
  for (const piece of pieces) reader.append(piece, 0, piece.byteLength);
  return reader;
}

describe('an initiation', () => {
  it('is the one that Apache sends', () => {
    const address = { host: '127.0.0.1', port: 23942 };
    expect(encodeInitiation(2n, [address], false)).toEqual(ofApache);
    expect(readerOf(ofApache).takeInitiation()).toEqual({ sid: 2n, address });
  });

  it('names all addresses where there may be several', () => {
    const addresses = [
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ];
    const bytes = encodeInitiation(7n, addresses, true);
    expect(Buffer.from(bytes).toString('latin1').slice(20)).toBe('a:1|[::1]:2');
    expect(readerOf(bytes).takeInitiation()).toEqual({ sid: 7n, address: addresses[0] });
  });

  it('is just the id from servers before 3.5', () => {
    expect(readerOf(fromHex('0000000000000003')).takeInitiation()).toEqual({
      ...{ sid: 3n, address: null },
    });
  });

  it.each(['0.0.0.0:1', '[::]:1', 'nonsense', 'a:0', 'a:70000'])('has no address in %s', (text) => {
    const bytes = encodeInitiation(7n, [{ host: 'x', port: 1 }], false).slice(0, 16);
    const length = Buffer.alloc(4);
    length.writeInt32BE(text.length);
    const reader = readerOf(bytes, length, Buffer.from(text));
    expect(reader.takeInitiation()).toEqual({ sid: 7n, address: null });
  });

  it('may be cut anywhere, and what follows it stays', () => {
    const frame = encodeFrame(Uint8Array.of(1, 2, 3));
    for (let cut = 0; cut <= ofApache.length; cut++) {
      const reader = readerOf(ofApache.subarray(0, cut));
      if (cut < ofApache.length) expect(reader.takeInitiation()).toBeNull();
      reader.append(ofApache, cut, ofApache.length);
      reader.append(frame, 0, frame.length);
      expect(reader.takeInitiation()?.sid).toBe(2n);
      expect(reader.takeFrame()).toEqual(Uint8Array.of(1, 2, 3));
      expect(reader.takeFrame()).toBeNull();
    }
  });

  it.each([0, -1, electionAddressBytesMax + 1])(
    'with an address of %i bytes is refused',
    (length) => {
      const bytes = ofApache.slice();
      new DataView(bytes.buffer).setInt32(16, length);
      expect(() => readerOf(bytes).takeInitiation()).toThrow(JuteError);
    },
  );

  it('of another version is refused', () => {
    expect(() => readerOf(fromHex('fffffffffffeffff')).takeInitiation()).toThrow(JuteError);
  });
});

describe('a frame', () => {
  it.each([0, -5, notificationBytesMax + 1])('of %i bytes is refused', (length) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, length);
    expect(() => readerOf(bytes).takeFrame()).toThrow(JuteError);
  });

  it('is what was sent, however the stream is cut', () => {
    const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 50 }), (sent, step) => {
        const stream = Buffer.concat(sent.map(encodeFrame));
        const reader = new ElectionReader();
        const got: Uint8Array[] = [];
        for (let at = 0; at < stream.length; at += step) {
          reader.append(stream, at, Math.min(at + step, stream.length));
          for (let frame = reader.takeFrame(); frame !== null; frame = reader.takeFrame()) {
            got.push(frame);
          }
        }
        expect(got).toEqual(sent);
      }),
    );
  });
});
