/** Members of an ensemble: every form of a server line, groups, weights, and the text they make. */
import { describe, expect, test } from 'vitest';
import {
  formatMembership,
  formatServerLine,
  parseMembership,
  versionOfFileName,
  votersOf,
} from '../../src/config/server-lines.ts';

const origin = { kind: 'file', file: 'zoo.cfg', line: 7 } as const;

function membership(lines: string[], options = { multiAddress: true, version: 0n }) {
  const entries = lines.map((line) => {
    const at = line.indexOf('=');
    return { key: line.slice(0, at), value: line.slice(at + 1), origin };
  });
  return parseMembership(entries, options);
}

function roundTrip(value: string): string {
  return formatServerLine(membership([`server.1=${value}`]).servers.get(1)!);
}

describe('server lines', () => {
  test.each([
    ['h:2888:3888', 'h:2888:3888:participant'],
    ['h:2888:3888:Observer', 'h:2888:3888:observer'],
    ['h:2888:3888;2181', 'h:2888:3888:participant;0.0.0.0:2181'],
    ['h:2888:3888:participant;10.0.0.1:2181', 'h:2888:3888:participant;10.0.0.1:2181'],
    ['[::1]:2888:3888;[2001:db8::1]:2181', '[::1]:2888:3888:participant;[2001:db8::1]:2181'],
    ['b:1:2|a:3:4:observer', 'a:3:4|b:1:2:observer'],
    ['h:2888:3888;', 'h:2888:3888:participant'],
  ])('%s means %s', (text, expected) => {
    expect(roundTrip(text)).toBe(expected);
  });

  test.each([
    ['h:2888', 'allowed is host:quorumPort:electionPort'],
    ['h:2888:3888:participant:more', 'allowed is host:quorumPort'],
    ['h:2888:3888:voter', 'allowed is host:quorumPort'],
    ['h:2888:2888', 'different ports for quorum and election'],
    ['h:28x8:3888', 'ports between 0 and 65535'],
    ['h:2888:70000', 'ports between 0 and 65535'],
    ['h:2888:3888;2181;2182', 'allowed is host:quorumPort'],
    ['h:2888:3888;a:b:2181', 'allowed is host:quorumPort'],
    ['[::1:2888:3888', 'an IPv6 address as [address]:port'],
    ['a:1:2:observer|b:3:4:participant', 'the same role for all addresses'],
  ])('%s is refused, naming the line', (text, message) => {
    expect(() => roundTrip(text)).toThrow(message);
    expect(() => roundTrip(text)).toThrow(`server.1=${text} (zoo.cfg, line 7)`);
  });

  test('several addresses need multiAddress.enabled', () => {
    const options = { multiAddress: false, version: 0n };
    expect(() => membership(['server.1=a:1:2|b:1:2'], options)).toThrow('multiAddress.enabled');
  });

  test('a membership is written in the order of the ids, with its version in hex', () => {
    const lines = ['server.3=c:1:2:observer', 'server.1=a:1:2;2181', 'server.2=b:1:2'];
    const made = membership(lines, { multiAddress: false, version: 0x100000000n });
    expect(formatMembership(made)).toBe(
      'server.1=a:1:2:participant;0.0.0.0:2181\n' +
        'server.2=b:1:2:participant\n' +
        'server.3=c:1:2:observer\n' +
        'version=100000000',
    );
    expect(votersOf(made).map(({ id }) => id)).toEqual([1, 2]);
  });

  test('voters without a weight weigh 1 when there are groups', () => {
    const servers = ['server.1=a:1:2', 'server.2=b:1:2', 'server.3=c:1:2:observer'];
    const made = membership([...servers, 'group.1=1:2', 'weight.2=3']);
    expect(formatMembership(made).split('\n').slice(3)).toEqual([
      'group.1=1:2',
      'weight.1=1',
      'weight.2=3',
      'version=0',
    ]);
  });

  test('a voter in no group, or a server in two, is refused', () => {
    const servers = ['server.1=a:1:2', 'server.2=b:1:2'];
    expect(() => membership([...servers, 'group.1=1'])).toThrow('server.2=in no group');
    expect(() => membership([...servers, 'group.1=1:2', 'group.2=2'])).toThrow('one group only');
    expect(() => membership([...servers, 'weight.1=1'])).toThrow('in no group');
  });

  test('keys need a number', () => {
    expect(() => membership(['server.x=a:1:2'])).toThrow('server.N, group.N or weight.N');
    expect(() => membership(['groups=1:2'])).toThrow('server.N, group.N or weight.N');
  });

  test('the version of a dynamic file is the hex suffix of its name', () => {
    expect(versionOfFileName('/data/zoo.cfg.dynamic.10000000d')).toBe(0x10000000dn);
    expect(versionOfFileName('zoo.cfg.dynamic')).toBe(0n);
    expect(versionOfFileName('zoo.cfg.dynamic.ffffffffffffffff')).toBe(0n);
  });
});
