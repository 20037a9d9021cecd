/**
 * Addresses as text: into Java's spelling, and against the expressions of `ip` ACLs, which are an
 * address with an optional `/bits` (Apache `IPAuthenticationProvider`). Never resolves a name.
 */
const groupsV6 = 8;

/** Bytes of an address and how many of its leading bits count. */
interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/**
 * Java's `InetAddress.getHostAddress()` of an address as Node spells it: an IPv4 address mapped
 * into IPv6 becomes dotted, IPv6 has 8 groups of lower-case hex, nothing left out. A zone
 * (`%eth0`) stays. Text that is no address is returned as it is.
 */
export function normaliseAddress(text: string): string {
  const percent = text.indexOf('%');
  const address = percent < 0 ? text : text.slice(0, percent);
  const zone = percent < 0 ? '' : text.slice(percent);
  const bytes = parseAddress(withHexTail(address));
  if (bytes === null) return text;
  if (bytes.length === 4) return bytes.join('.');
  if (isMappedV4(bytes)) return bytes.subarray(12).join('.');
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push((((bytes[i] as number) << 8) | (bytes[i + 1] as number)).toString(16));
  }
  return groups.join(':') + zone;
}

function isMappedV4(bytes: Uint8Array): boolean {
  return (
    bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  );
}

/** `::ffff:1.2.3.4` to `::ffff:102:304`; the C library writes some addresses that way. */
function withHexTail(text: string): string {
  const at = text.lastIndexOf(':');
  const tail = at < 0 ? null : parseV4(text.slice(at + 1));
  if (tail === null) return text;
  const [a, b, c, d] = tail as unknown as [number, number, number, number];
  return `${text.slice(0, at + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** Is this what an `ip` ACL may hold? */
export function isAddressExpression(expression: string): boolean {
  return parseNetwork(expression) !== null;
}

/** Is `address` (in Java's spelling) one of those that `expression` means? Families never mix. */
export function matchesAddress(address: string, expression: string): boolean {
  const network = parseNetwork(expression);
  const own = parseAddress(address);
  if (network === null || own === null || own.length !== network.bytes.length) return false;
  const whole = network.bits >> 3;
  for (let i = 0; i < whole; i++) if (own[i] !== network.bytes[i]) return false;
  const rest = network.bits & 7;
  if (rest === 0) return true;
  const mask = 0xff & (0xff << (8 - rest));
  return ((own[whole] as number) & mask) === ((network.bytes[whole] as number) & mask);
}

function parseNetwork(expression: string): Network | null {
  const slash = expression.indexOf('/');
  const bytes = parseAddress(slash < 0 ? expression : expression.slice(0, slash));
  if (bytes === null) return null;
  const bitsMax = bytes.length * 8;
  if (slash < 0) return { bytes, bits: bitsMax };
  const bits = parseDecimal(expression.slice(slash + 1), bitsMax);
  return bits < 0 ? null : { bytes, bits };
}

/** 4 or 16 bytes; null when it is neither. */
function parseAddress(text: string): Uint8Array | null {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const values = parts.map((part) => parseDecimal(part, 255));
  return values.includes(-1) ? null : Uint8Array.from(values);
}

function parseV6(text: string): Uint8Array | null {
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const [head, tail = []] = halves as [string[], string[]?];
  const given = head.length + tail.length;
  const isFull = halves.length === 1 && given === groupsV6;
  // A double colon stands for at least one group.
  const isShort = halves.length === 2 && given < groupsV6;
  if (!isFull && !isShort) return null;
  const bytes = new Uint8Array(2 * groupsV6);
  const groups = [...head, ...new Array<string>(groupsV6 - given).fill('0'), ...tail];
  for (const [i, group] of groups.entries()) {
    if (group.length > 4 || !/^[+-]?[0-9a-fA-F]+$/.test(group)) return null;
    const value = Number.parseInt(group, 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value;
  }
  return bytes;
}

/** A whole number from 0 to `max`, with a sign and leading zeros as in Java; -1 for others. */
function parseDecimal(text: string, max: number): number {
  if (!/^[+-]?[0-9]+$/.test(text)) return -1;
  const value = Math.abs(Number(text));
  return value <= max && (value === 0 || !text.startsWith('-')) ? value : -1;
}
