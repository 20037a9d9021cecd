/**
 * Numbers, dates and addresses as Java prints them, since monitoring tools parse the texts of
 * Apache's server. Pure.
 */

/** `Double.toString`: `0.0`, `2.1905`, `1.0E7`. */
export function javaDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : `${value}`;
  const size = Math.abs(value);
  if (size === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : `${value}`;
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

/** A double, rounded half up to four decimals (`AvgMinMaxCounter.getAvg`). */
export function roundedAverage(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `Date.toString` in UTC: `Sat Nov 21 22:57:47 UTC 2026`. */
export function javaDate(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  const weekday = weekdays[date.getUTCDay()];
  const day = `${months[date.getUTCMonth()]} ${two(date.getUTCDate())}`;
  return `${weekday} ${day} ${time} UTC ${date.getUTCFullYear()}`;
}

/**
 * `InetSocketAddress.toString` of an address without a name: `/127.0.0.1:53092`,
 * `/[0:0:0:0:0:0:0:1]:53092`. `address` is in Java's spelling already (`normaliseAddress`).
 */
export function javaSocketAddress(address: string, port: number): string {
  return address.includes(':') ? `/[${address}]:${port}` : `/${address}:${port}`;
}
