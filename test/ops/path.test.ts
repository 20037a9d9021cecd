import { describe, expect, it } from 'vitest';
import { JuteError } from '../../src/jute/jute-error.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { hasNul, isReserved, isValidPath, lastSlash, skipPath } from '../../src/ops/path.ts';

function valid(path: string | number[]): boolean {
  const bytes = typeof path === 'string' ? encodeUtf8(path) : Uint8Array.from(path);
  const padded = new Uint8Array(bytes.length + 4).fill(0x2f);
  padded.set(bytes, 2);
  return isValidPath(padded, 2, 2 + bytes.length);
}

describe('a path', () => {
  it('is absolute and has no empty component', () => {
    expect(['/', '/a', '/a/b', '/...', '/.a', '/a.', '/a..b', '/..a'].map(valid)).toEqual(
      new Array(8).fill(true),
    );
    expect(['', 'a', 'a/b', '//', '/a/', '/a//b', '//a'].map(valid)).toEqual(
      new Array(7).fill(false),
    );
  });

  it('has no component that is . or ..', () => {
    expect(['/.', '/..', '/a/.', '/a/..', '/./a', '/../a'].map(valid)).toEqual(
      new Array(6).fill(false),
    );
  });

  it('has no character of the ranges that Apache refuses, up to their very borders', () => {
    const refused = [0, 1, 0x1f, 0x7f, 0x80, 0x9f, 0xd7ff + 1, 0xdfff, 0xe000, 0xefff, 0xf000];
    refused.push(0xf8ff, 0xfff0, 0xfffd, 0xffff);
    for (const code of refused) {
      // A lone surrogate has no UTF-8 of its own; written down byte by byte it is one all the same.
      const bytes = [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
      const path = code < 0x800 ? `/a${String.fromCharCode(code)}b` : [0x2f, ...bytes];
      expect([code.toString(16), valid(path)]).toEqual([code.toString(16), false]);
    }
    const accepted = [0x20, 0x7e, 0xa0, 0x7ff, 0x800, 0xd7ff, 0xf900, 0xfeff, 0xffef];
    for (const code of accepted) {
      const path = `/a${String.fromCharCode(code)}b`;
      expect([code.toString(16), valid(path)]).toEqual([code.toString(16), true]);
    }
  });

  it('has no supplementary character', () => {
    expect(valid('/\u{10000}')).toBe(false);
    expect(valid('/a\u{1f600}b')).toBe(false);
  });

  it('is refused when its bytes are no UTF-8', () => {
    const malformed = [
      [0x2f, 0x80],
      [0x2f, 0xc0, 0xaf],
      [0x2f, 0xc1, 0xbf],
      [0x2f, 0xc3],
      [0x2f, 0xe2, 0x82],
      [0x2f, 0xe2, 0x28, 0xa1],
      [0x2f, 0xe0, 0x80, 0xaf],
      [0x2f, 0xe2, 0x82, 0x2f],
      [0x2f, 0xf0, 0x9f, 0x98, 0x80],
      [0x2f, 0xff],
    ];
    for (const bytes of malformed) expect([bytes, valid(bytes)]).toEqual([bytes, false]);
  });

  it('is reserved when it is one of the four nodes that every server has', () => {
    const reserved = (path: string) => isReserved(encodeUtf8(path), 0, encodeUtf8(path).length);
    expect(['', '/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'].map(reserved)).toEqual(
      new Array(5).fill(true),
    );
    expect(['/zookeepe', '/zookeeper/quot', '/zookeeper/x', '/a'].map(reserved)).toEqual(
      new Array(4).fill(false),
    );
  });

  it('is looked at within its range only', () => {
    const bytes = encodeUtf8('/x/abc/y\0');
    expect(lastSlash(bytes, 3, 6)).toBe(-1);
    expect(lastSlash(bytes, 2, 6)).toBe(2);
    expect(hasNul(bytes, 0, 8)).toBe(false);
    expect(hasNul(bytes, 0, 9)).toBe(true);
  });

  it('is skipped in a request, null and empty ones too', () => {
    const request = new JuteReader(Uint8Array.of(0, 0, 0, 2, 0x2f, 0x61, 255, 255, 255, 255, 0));
    expect([skipPath(request), request.offset]).toEqual([2, 6]);
    expect([skipPath(request), request.offset]).toEqual([-1, 10]);
    expect(() => skipPath(request)).toThrow(JuteError);
  });
});
