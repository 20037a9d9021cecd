/**
 * The syntax of zoo.cfg: that of `java.util.Properties`, to the letter. Text goes in, entries come
 * out in the order of the file; a repeated key keeps its last value. Knows nothing about what the
 * keys mean, and throws nothing but ConfigError (for a malformed unicode escape).
 */
import { ConfigError } from './config-error.ts';

export interface PropertyEntry {
  readonly key: string;
  readonly value: string;
  /** Line on which the entry begins, counted from 1. */
  readonly line: number;
}

/** Joins the bytes of a properties file into text: the format is ISO-8859-1, one byte a char. */
export function latin1Text(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  }
  return pieces.join('');
}

/** Parses the text of `file` (a name for messages). Keys and values are not trimmed at the end. */
export function parseProperties(text: string, file: string): Map<string, PropertyEntry> {
  const entries = new Map<string, PropertyEntry>();
  for (const { chars, line } of logicalLines(text)) {
    const split = splitEntry(chars);
    const place = { file, line };
    const key = unescaped(chars.slice(0, split.keyEnd), place);
    const value = unescaped(chars.slice(split.valueStart), place);
    entries.delete(key);
    entries.set(key, { key, value, line });
  }
  return entries;
}

/** Java's `String.trim`: everything up to U+0020 goes, on both sides, and nothing else. */
export function javaTrim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(start, end);
}

interface LogicalLine {
  /** Escapes still in place; the blanks before the key are gone. Never empty. */
  readonly chars: string;
  readonly line: number;
}

/**
 * Natural lines end with \n, \r or \r\n. One that ends with an odd number of backslashes goes on
 * in the next, whose leading blanks are dropped; a comment never does, and a comment sign at the
 * start of a continued line is ordinary text. (`Properties.LineReader`)
 */
function* logicalLines(text: string): Generator<LogicalLine> {
  const natural = text.split(/\r\n|\r|\n/);
  let pending: { chars: string; line: number } | null = null;
  for (let at = 0; at < natural.length; at++) {
    const stripped = natural[at]!.replace(/^[ \t\f]+/, '');
    if (pending === null && /^[#!]/.test(stripped)) continue;
    const goesOn = /(?:^|[^\\])(?:\\\\)*\\$/.test(stripped);
    const body = goesOn ? stripped.slice(0, -1) : stripped;
    const line: number = pending?.line ?? at + 1;
    const chars: string = (pending?.chars ?? '') + body;
    if (goesOn) {
      pending = { chars, line };
      continue;
    }
    pending = null;
    if (chars !== '') yield { chars, line };
  }
  if (pending !== null && pending.chars !== '') yield pending;
}

/** The key ends at the first `=`, `:` or blank that no backslash protects. */
function splitEntry(chars: string): { keyEnd: number; valueStart: number } {
  let keyEnd = 0;
  while (keyEnd < chars.length && !/[=: \t\f]/.test(chars[keyEnd]!)) {
    keyEnd += chars[keyEnd] === '\\' ? 2 : 1;
  }
  keyEnd = Math.min(keyEnd, chars.length);
  const separator = /^[ \t\f]*[=:]?[ \t\f]*/.exec(chars.slice(keyEnd))!;
  return { keyEnd, valueStart: keyEnd + separator[0].length };
}

const escapedLetters: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescaped(text: string, place: { file: string; line: number }): string {
  if (!text.includes('\\')) return text;
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char !== '\\') {
      plain += char;
      continue;
    }
    const letter = text[++at] ?? '';
    if (letter !== 'u') {
      plain += escapedLetters[letter] ?? letter;
      continue;
    }
    const digits = text.slice(at + 1, at + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
      throw new ConfigError({
        origin: { kind: 'file', ...place },
        key: 'unicode escape',
        value: `\\u${digits}`,
        allowed: 'a backslash, the letter u and four hexadecimal digits',
      });
    }
    plain += String.fromCharCode(Number.parseInt(digits, 16));
    at += 4;
  }
  return plain;
}
