/**
 * Is this text a name of its kind? Syntax only: distinguished names of certificates (what Java's
 * `X500Principal` parses) and Kerberos names (Apache `KerberosName`). The texts come from clients,
 * so every expression takes time in proportion to their length.
 */
/** Attribute types that Java knows by keyword; any other must be an object identifier. */
const keywords = new Set([
  ...['CN', 'C', 'L', 'S', 'ST', 'O', 'OU', 'T', 'IP', 'STREET', 'DC', 'DNQUALIFIER', 'DNQ'],
  ...['SURNAME', 'GIVENNAME', 'INITIALS', 'GENERATION', 'EMAIL', 'EMAILADDRESS', 'UID'],
  'SERIALNUMBER',
]);
const objectIdentifier = /^(OID\.)?\d+(\.\d+)+$/i;
/** A quoted value, `#hex`, or one in which special characters and hex pairs are escaped. */
const attributeValue =
  /^(?:(?!#)(?:[^,;+"\\<>]|\\[0-9a-f]{2}|\\[^0-9a-f])*|"(?:[^"\\]|\\.)*"\s*|#(?:[0-9a-f]{2})+)$/i;

/** The empty name is one. */
export function isDistinguishedName(text: string): boolean {
  if (text.trim() === '') return true;
  return splitUnquoted(text).every((part) => {
    const equals = part.indexOf('=');
    if (equals < 0) return false;
    const type = part.slice(0, equals).trim();
    const isType = keywords.has(type.toUpperCase()) || objectIdentifier.test(type);
    return isType && attributeValue.test(part.slice(equals + 1).trimStart());
  });
}

/** Parts between `,`, `;` and `+` that are neither quoted nor escaped. */
function splitUnquoted(text: string): string[] {
  const parts: string[] = [];
  let isQuoted = false;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] as string;
    if (letter === '\\') i++;
    else if (letter === '"') isQuoted = !isQuoted;
    else if (!isQuoted && ',;+'.includes(letter)) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** `service[/host]@realm`; without an `@` anything. */
export function isKerberosName(text: string): boolean {
  return !text.includes('@') || /^[^/@]*(\/[^/@]*)?@[^/@]*$/.test(text);
}
