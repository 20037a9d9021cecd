/** The syntax of java.util.Properties, checked against what the Java class does with the text. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { javaTrim, latin1Text, parseProperties } from '../../src/config/properties.ts';

function parsed(text: string): Record<string, string> {
  const entries = [...parseProperties(text, 'zoo.cfg').values()];
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

describe('properties', () => {
  test.each<[string, string, Record<string, string>]>([
    ['an equals sign separates', 'a=b', { a: 'b' }],
    ['a colon separates', 'a:b', { a: 'b' }],
    ['a blank separates', 'a b', { a: 'b' }],
    ['blanks around the separator go', ' \t\fa \t=\f b', { a: 'b' }],
    ['only the first separator counts', 'a==b', { a: '=b' }],
    ['a colon after an equals sign is value', 'a=:b', { a: ':b' }],
    ['a blank and then an equals sign is one separator', 'a = b = c', { a: 'b = c' }],
    ['two blanks and no sign are one separator', 'a  b  c', { a: 'b  c' }],
    ['blanks at the end of a value stay', 'a=b  ', { a: 'b  ' }],
    ['a key alone has the empty value', 'a', { a: '' }],
    ['a value alone has the empty key', '=b', { '': 'b' }],
    ['comments begin with # or !', '# a=b\n  ! c=d\ne=f', { e: 'f' }],
    ['there are no comments at the end of a line', 'a=b # c', { a: 'b # c' }],
    ['a comment does not go on after a backslash', '# a \\\nb=c', { b: 'c' }],
    ['a backslash at the end goes on, without blanks', 'a=b\\\n   c', { a: 'bc' }],
    ['a continued line may look like a comment', 'a=b,\\\n #c', { a: 'b,#c' }],
    ['two backslashes at the end are one', 'a=b\\\\\nc=d', { a: 'b\\', c: 'd' }],
    ['three backslashes at the end go on', 'a=b\\\\\\\nc', { a: 'b\\c' }],
    ['an empty continuation ends the line', 'a=b\\\n\nc=d', { a: 'b', c: 'd' }],
    ['a backslash at the end of the file goes', 'a=b\\', { a: 'b' }],
    ['a lone backslash makes the next line text', '\\\n#a=b', { '#a': 'b' }],
    ['escaped separators belong to the key', 'a\\=b\\:c\\ d=e', { 'a=b:c d': 'e' }],
    ['letters are escaped', 'a=\\t\\n\\r\\f', { a: '\t\n\r\f' }],
    ['unknown escapes are the letter', 'a=\\q\\C:\\\\x', { a: 'qC:\\x' }],
    ['unicode escapes', 'a=\\u00e4\\u20AC', { a: 'ä€' }],
    ['an escaped backslash before u is no escape', 'a=\\\\u00zz', { a: '\\u00zz' }],
    ['all line ends', 'a=1\rb=2\r\nc=3\n\n\nd=4', { a: '1', b: '2', c: '3', d: '4' }],
    ['a continuation over \\r\\n', 'a=1\\\r\n  2', { a: '12' }],
    ['Windows paths lose their backslashes', 'dataDir=C:\\zk\\data', { dataDir: 'C:zkdata' }],
    ['vertical tabs are no blanks', 'a\vb=c', { 'a\vb': 'c' }],
  ])('%s', (_, text, expected) => {
    expect(parsed(text)).toEqual(expected);
  });

  test('of a repeated key the last value and its line are kept', () => {
    const entry = parseProperties('a=1\nb=2\na=3\\\n4\n', 'zoo.cfg').get('a');
    expect(entry).toEqual({ key: 'a', value: '34', line: 3 });
  });

  test('a malformed unicode escape is an error that names file and line', () => {
    const attempt = () => parseProperties('a=b\nc=\\u12g4\n', 'conf/zoo.cfg');
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow('\\u12g4 (conf/zoo.cfg, line 2)');
  });

  test('bytes above 127 are one char each, as in ISO-8859-1', () => {
    const long = new Uint8Array(20_000).fill(0xe4);
    expect(latin1Text(long)).toBe('ä'.repeat(20_000));
  });

  test('trimming takes controls and blanks but no wider spaces', () => {
    expect(javaTrim('\0\t a\u00a0 \u001f')).toBe('a\u00a0');
  });

  test('any text gives entries or a ConfigError, never another error', () => {
    const alphabet = fc.constantFrom(...'ab=: \t\f\\#!u01\n\r'.split(''), '\u00e4');
    const line = fc.array(alphabet, { maxLength: 60 }).map((chars) => chars.join(''));
    fc.assert(
      fc.property(fc.oneof(line, fc.string()), (text) => {
        try {
          for (const { line: at } of parseProperties(text, 'f').values())
            expect(at).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
    );
  });

  test('a written pair is read back, whatever it consists of', () => {
    const escaped = (text: string) => text.replace(/[^A-Za-z0-9]/gu, escapedChar);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (key, value) => {
        const text = `x=1\n${escaped(key)} = ${escaped(value)}\ny=2`;
        fc.pre(key !== 'x' && key !== 'y' && (key !== '' || value !== ''));
        expect(parseProperties(text, 'f').get(key)?.value).toBe(value);
      }),
    );
  });
});

function escapedChar(char: string): string {
  const units = [...Array(char.length).keys()].map((at) => char.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
