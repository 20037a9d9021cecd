/**
 * The four-letter words: one table, a row a word, with what it needs to know, what it does besides
 * answering, and its text. The front recognises a word in the first four bytes of a connection,
 * gathers what the row needs, writes the text and closes. Nothing here reads a socket.
 */
import { encodeUtf8 } from '../jute/utf8.ts';
import type { ServerFacts } from './server-facts.ts';
import { mntrText } from './words-mntr.ts';
import {
  confText,
  consText,
  dirsText,
  enviText,
  isroText,
  srvrText,
  statText,
} from './words-server.ts';
import { dumpText, hashText, wchcText, wchpText, wchsText } from './words-state.ts';

/** Parts of the facts that cost a question to the keeper or a look at the disk. */
export type FactPart = 'directories' | 'sessions' | 'watches' | 'digests';

/** What the front does before it answers. */
export type WordEffect = 'none' | 'resetConnections' | 'resetServer' | 'setTraceMask';

export interface Word {
  readonly name: string;
  /** The first four bytes of the connection as a big-endian int32. */
  readonly code: number;
  readonly needs: readonly FactPart[];
  readonly effect: WordEffect;
  /** Bytes that follow the word and belong to it: the mask of `stmk`. */
  readonly argumentBytes: number;
  /** Whether it answers as usual while the server is not serving. */
  readonly isAlwaysOn: boolean;
  readonly text: (facts: ServerFacts) => string;
}

type WordRow = Partial<Pick<Word, 'needs' | 'effect' | 'argumentBytes' | 'isAlwaysOn'>> &
  Pick<Word, 'text'>;

const maskText = ({ traceMask }: ServerFacts) => String(BigInt.asIntN(64, traceMask));

const rows: Readonly<Record<string, WordRow>> = {
  conf: { text: confText, needs: ['directories'] },
  cons: { text: consText },
  crst: { text: () => 'Connection stats reset.\n', effect: 'resetConnections' },
  dirs: { text: dirsText, needs: ['directories'] },
  dump: { text: dumpText, needs: ['sessions'] },
  envi: { text: enviText, isAlwaysOn: true },
  gtmk: { text: maskText, isAlwaysOn: true },
  hash: { text: hashText, needs: ['digests'] },
  isro: { text: isroText, isAlwaysOn: true },
  mntr: { text: mntrText },
  ruok: { text: () => 'imok', isAlwaysOn: true },
  srst: { text: () => 'Server stats reset.\n', effect: 'resetServer' },
  srvr: { text: srvrText },
  stat: { text: statText },
  stmk: { text: maskText, effect: 'setTraceMask', argumentBytes: 8, isAlwaysOn: true },
  wchc: { text: wchcText, needs: ['watches'] },
  wchp: { text: wchpText, needs: ['watches'] },
  wchs: { text: wchsText, needs: ['watches'] },
};

/** What telnet sends when it closes: a word that is never answered (`FourLetterCommands`). */
const telnetClose = 0xfff4fffd | 0;

const words = new Map<number, Word>();

for (const [name, row] of Object.entries(rows)) {
  const code = codeOf(name);
  const plain = { needs: [], effect: 'none', argumentBytes: 0, isAlwaysOn: false } as const;
  words.set(code, { ...plain, ...row, name, code });
}
words.set(telnetClose, {
  name: 'telnet close',
  code: telnetClose,
  needs: [],
  effect: 'none',
  argumentBytes: 0,
  isAlwaysOn: true,
  text: () => '',
});

function codeOf(name: string): number {
  return new DataView(encodeUtf8(name).buffer).getInt32(0);
}

/** Names of all words, as the whitelist spells them. */
export const wordNames: readonly string[] = [...words.values()].map(({ name }) => name);

/** The word that the first four bytes of a connection are, as an int32, or undefined. */
export function wordOf(code: number): Word | undefined {
  return words.get(code | 0);
}

const notServing = 'This ZooKeeper instance is not currently serving requests';

/**
 * The whole answer to a word that is enabled, after which the connection is closed; empty for
 * `telnet close`. The effect of the word must have been carried out before.
 */
export function wordAnswer(word: Word, facts: ServerFacts): string {
  if (facts.state !== 'notServing' || word.isAlwaysOn) return word.text(facts);
  return word.name === 'hash' ? notServing : `${notServing}\n`;
}

/** The words that are answered, from the settings. */
export interface Whitelist {
  readonly isEnabled: (word: Word) => boolean;
}

/**
 * Apache `FourLetterCommands.isEnabled`: the words of `4lw.commands.whitelist`, all of them for
 * `*`, always `srvr`, and `isro` on a server with `readonlymode.enabled`.
 */
export function whitelistOf(listed: readonly string[], isReadOnlyModeEnabled: boolean): Whitelist {
  const names = new Set([...listed, 'srvr', ...(isReadOnlyModeEnabled ? ['isro'] : [])]);
  const isAll = names.has('*');
  return { isEnabled: ({ name }) => isAll || names.has(name) };
}

/** The answer to a word that is not on the whitelist. */
export function refusalText({ name }: Word): string {
  return `${name} is not executed because it is not in the whitelist.\n`;
}

/** The mask that follows `stmk`: eight bytes from `start`. */
export function traceMaskOf(bytes: Uint8Array, start: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + start, 8).getBigInt64(0);
}

/** Apache `ZooTrace`: requests, sessions, event delivery and warnings. */
export const traceMaskDefault = 306n;
