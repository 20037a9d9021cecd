/**
 * What a row of the settings table is made of: the kind of its value (how text becomes a value,
 * and what is allowed) and how Apache's server reads the key. Owns no setting itself.
 */

/** How text becomes a value of type T. Both readers return undefined for text they do not take. */
export interface ValueKind<T> {
  /** Completes "allowed is ...". */
  readonly allowed: string;
  /** Rules for the keys that Apache's `QuorumPeerConfig` knows: no guessing. */
  readonly strict: (text: string) => T | undefined;
  /** Rules for Java system properties (`Boolean.getBoolean`, `Integer.getInteger`). */
  readonly loose: (text: string) => T | undefined;
  /** The text of a value, as one would write it into zoo.cfg. */
  show(value: T): string;
  /** Never repeated in messages: passwords. */
  readonly isSecret?: true;
}

export type SettingStatus = 'works' | 'accepted, no effect' | 'not yet';

/**
 * How Apache's server reads a key. `key`: in zoo.cfg only, strictly. `property`: as system
 * property `zookeeper.<key>`, leniently; zoo.cfg passes it on. `bare`: as system property
 * `<key>`, leniently, and not from zoo.cfg. `own`: Apache does not know it; strictly.
 */
export type SettingStyle = 'key' | 'property' | 'bare' | 'own';

export interface Setting<T> {
  readonly style: SettingStyle;
  readonly kind: ValueKind<T>;
  readonly initial: T;
  readonly details: SettingDetails;
}

export interface SettingDetails {
  /** One sentence. */
  readonly means: string;
  /** `ms`, `ticks`, `KiB`, `txns` ...; absent where the value has none. */
  readonly unit?: string;
  /** Absent means 'not yet': a row claims nothing unless somebody wrote so. */
  readonly status?: SettingStatus;
  /** Further names: those of the admin guide, or a second property name. */
  readonly aliases?: readonly string[];
  /** Lower values are raised to this one, with a warning. */
  readonly atLeast?: number;
  /** Higher values are lowered to this one, with a warning. */
  readonly atMost?: number;
  /** What the documentation shows as default where the plain value would not tell. */
  readonly shownDefault?: string;
  /** Without it nobody is told about a missing effect: nothing is lost on a standalone server. */
  readonly quiet?: true;
  /** Not working yet, and too dangerous to ignore: any other value than the default is refused. */
  readonly refuseWhileMissing?: true;
}

export function key<T>(kind: ValueKind<T>, initial: NoInfer<T>, details: SettingDetails) {
  return { style: 'key', kind, initial, details } as Setting<T>;
}

export function property<T>(kind: ValueKind<T>, initial: NoInfer<T>, details: SettingDetails) {
  return { style: 'property', kind, initial, details } as Setting<T>;
}

export function bare<T>(kind: ValueKind<T>, initial: NoInfer<T>, details: SettingDetails) {
  return { style: 'bare', kind, initial, details } as Setting<T>;
}

export function own<T>(kind: ValueKind<T>, initial: NoInfer<T>, details: SettingDetails) {
  return { style: 'own', kind, initial, details } as Setting<T>;
}

const int32Min = -(2 ** 31);
const int32Max = 2 ** 31 - 1;

function wholeNumber(name: string, min: number, max: number): ValueKind<number> {
  const inRange = (value: number) => (value >= min && value <= max ? value : undefined);
  return {
    allowed: name,
    strict: (text) => (/^[+-]?\d+$/.test(text) ? inRange(Number(text)) : undefined),
    loose: (text) => {
      const value = decodeWholeNumber(text);
      return value === undefined ? undefined : inRange(value);
    },
    show: String,
  };
}

/** `Integer.decode`: a sign, then `0x`, `0X` or `#` for hexadecimal, `0` for octal, or decimal. */
function decodeWholeNumber(text: string): number | undefined {
  const parts = /^([+-]?)(?:(?:0[xX]|#)([0-9a-fA-F]+)|0([0-7]+)|(\d+))$/.exec(text);
  if (parts === null) return undefined;
  const [, sign, hexadecimal, octal, decimal] = parts;
  if (decimal !== undefined && /^0\d/.test(decimal)) return undefined;
  const radix = hexadecimal !== undefined ? 16 : octal !== undefined ? 8 : 10;
  const magnitude = Number.parseInt(hexadecimal ?? octal ?? decimal ?? '', radix);
  return sign === '-' && magnitude !== 0 ? -magnitude : magnitude;
}

/** A Java int. */
export const integer = wholeNumber('a whole number of at most 32 bits', int32Min, int32Max);

/** A Java long, as far as a double holds it exactly. */
export const long = wholeNumber(
  'a whole number between -(2^53 - 1) and 2^53 - 1',
  Number.MIN_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER,
);

export function integerBetween(min: number, max: number): ValueKind<number> {
  return wholeNumber(`a whole number between ${min} and ${max}`, min, max);
}

/** A TCP port; 0 lets the system choose one. */
export const port = integerBetween(0, 65535);

function parseDecimal(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

export const decimal: ValueKind<number> = {
  allowed: 'a decimal number',
  strict: parseDecimal,
  loose: parseDecimal,
  show: String,
};

/** Strict: `true` or `false` in any case. Loose: `true` in any case, and all else is false. */
export const flag: ValueKind<boolean> = {
  allowed: 'true or false',
  strict: (text) => {
    const lower = text.toLowerCase();
    return lower === 'true' ? true : lower === 'false' ? false : undefined;
  },
  loose: (text) => text.toLowerCase() === 'true',
  show: String,
};

function word(allowed: string, read: (text: string) => boolean): ValueKind<boolean> {
  return { allowed, strict: read, loose: read, show: (value) => (value ? 'yes' : 'no') };
}

/** Only the word `no` switches off (Apache's `forceSync`). */
export const yesUnlessNo = word('yes or no', (text) => text !== 'no');

/** Only the word `yes` switches on (Apache's `leaderServes`, `skipACL`). */
export const noUnlessYes = word('yes or no', (text) => text === 'yes');

function anyText(allowed: string): ValueKind<string> {
  return { allowed, strict: (text) => text, loose: (text) => text, show: (value) => value };
}

export const text = anyText('any text');
export const path = anyText('a file system path');
export const host = anyText('a host name or an address');
export const secret: ValueKind<string> = { ...anyText('any text'), isSecret: true };

/** Words between commas, trimmed; empty ones are dropped. */
export const list: ValueKind<readonly string[]> = {
  allowed: 'words separated by commas',
  strict: splitList,
  loose: splitList,
  show: (value) => value.join(', '),
};

function splitList(given: string): readonly string[] {
  return given
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export function oneOf<const W extends string>(...words: W[]): ValueKind<W> {
  const shown = words.map((w) => (w === '' ? '(empty)' : w));
  const last = shown.at(-1);
  const read = (given: string) => words.find((w) => w.toLowerCase() === given.toLowerCase());
  return {
    allowed: shown.length > 1 ? `${shown.slice(0, -1).join(', ')} or ${last}` : `${last}`,
    strict: read,
    loose: read,
    show: (value) => value,
  };
}

/** A value that may be absent: null, which only the default can say. */
export function maybe<T>(kind: ValueKind<T>): ValueKind<T | null> {
  return { ...kind, show: (value) => (value === null ? '' : kind.show(value)) };
}
