/**
 * What a front says of itself to the other ones: the numbers that four-letter words print for the
 * server as a whole, and its connections where they were asked for.
 */
import type { ConnectionFacts } from '../admin/server-facts.ts';
import { type FrontNumbers, noNumbers, sumOfNumbers } from './stats.ts';

export interface FrontReport {
  readonly numbers: FrontNumbers;
  readonly authFailed: number;
  readonly aliveConnections: number;
  /** Null when they were not asked for. */
  readonly connections: readonly ConnectionFacts[] | null;
}

export function sumOfReports(reports: readonly FrontReport[]): FrontReport {
  const sum = (of: (report: FrontReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    numbers: reports.map(({ numbers }) => numbers).reduce(sumOfNumbers, noNumbers),
    authFailed: sum(({ authFailed }) => authFailed),
    aliveConnections: sum(({ aliveConnections }) => aliveConnections),
    connections: reports.flatMap(({ connections }) => connections ?? []),
  };
}

/** JSON, in which a 64-bit value is text with a mark that no other text of a report ends with. */
export function encodeReport(report: FrontReport): string {
  return JSON.stringify(report, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** From what JSON has made of `encodeReport`. */
export function decodeReport(value: unknown): FrontReport {
  return revive(value) as FrontReport;
}

function revive(value: unknown): unknown {
  if (typeof value === 'string') return /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, revive(of)]));
}
