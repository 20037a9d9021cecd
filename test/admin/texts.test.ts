/** Numbers, dates and addresses as Java prints them; greetings in the wrong protocol. */
import { describe, expect, test } from 'vitest';
import { detectHello, httpHelloText, tlsHelloMessage } from '../../src/admin/detect-hello.ts';
import { environmentEntries, versionText } from '../../src/admin/environment.ts';
import { wordOf } from '../../src/admin/four-letter-words.ts';
import {
  javaDate,
  javaDouble,
  javaSocketAddress,
  roundedAverage,
} from '../../src/admin/java-text.ts';

describe('Java texts', () => {
  test.each([
    [0, '0.0'],
    [5, '5.0'],
    [2.1905, '2.1905'],
    [-0.5, '-0.5'],
    [0.001, '0.001'],
    [0.0005, '5.0E-4'],
    [9_999_999, '9999999.0'],
    [1e7, '1.0E7'],
    [12_345_678.5, '1.23456785E7'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ])('the double %d is printed as %s', (value, expected) => {
    expect(javaDouble(value)).toBe(expected);
  });

  test('averages have four decimals, half up', () => {
    expect([2.19047619, 1.00005, 3].map(roundedAverage)).toEqual([2.1905, 1.0001, 3]);
  });

  test('dates are in UTC, with leading zeros', () => {
    expect(javaDate(Date.UTC(2026, 0, 4, 3, 2, 1))).toBe('Sun Jan 04 03:02:01 UTC 2026');
  });

  test('IPv6 addresses stand in brackets', () => {
    expect(javaSocketAddress('10.1.2.3', 5)).toBe('/10.1.2.3:5');
    expect(javaSocketAddress('0:0:0:0:0:0:0:1', 5)).toBe('/[0:0:0:0:0:0:0:1]:5');
  });
});

describe('environment', () => {
  test('the version begins with the one of Apache whose behaviour this is', () => {
    const text = versionText('0.1.0', Date.UTC(2026, 1, 11, 20, 15));
    expect(text).toBe('3.9.5-ringkeeper-0.1.0, built on 2026-02-11 20:15 UTC');
    expect(/^([.\d]+)(?:-(.+))?, built on/.exec(text)?.[1]).toBe('3.9.5');
  });

  test('envi keeps the keys of Apache, with sizes in MB', () => {
    const host = {
      hostName: 'h',
      nodeVersion: 'v20.11.0',
      nodePath: '/usr/bin/node',
      osName: 'Linux',
      osArchitecture: 'x64',
      osVersion: '6.1',
      userName: 'u',
      userHome: '/home/u',
      workingDirectory: '/work',
      temporaryDirectory: '/tmp',
      memoryFree: 196.9 * 1024 * 1024,
      memoryMax: 1024 ** 3,
      memoryTotal: 2 * 1024 ** 3,
    };
    const entries = environmentEntries('V', host);
    expect(entries.map(([key]) => key).join(' ')).toBe(
      'zookeeper.version host.name java.version java.vendor java.home java.class.path ' +
        'java.library.path java.io.tmpdir java.compiler os.name os.arch os.version user.name ' +
        'user.home user.dir os.memory.free os.memory.max os.memory.total node.version node.path',
    );
    expect(new Map(entries).get('os.memory.free')).toBe('196MB');
    expect(new Map(entries).get('java.version')).toBe('<NA>');
  });
});

describe('wrong protocols', () => {
  const code = (bytes: string) => Buffer.from(bytes, 'latin1').readInt32BE();

  test.each([
    ['GET ', 'http'],
    ['POST', 'http'],
    ['OPTI', 'http'],
    ['PRI ', 'http'],
    ['\x16\x03\x01\x02', 'tls'],
    ['\x16\x03\x04\x00', 'tls'],
    ['\x16\x03\x07\x00', 'unknown'],
    ['get ', 'unknown'],
    ['\x00\x00\x00\x2d', 'unknown'],
    ['\xff\xf4\xff\xfd', 'unknown'],
  ])('%j is %s', (bytes, expected) => {
    expect(detectHello(code(bytes))).toBe(expected);
    expect(wordOf(code(bytes)) !== undefined && expected !== 'unknown').toBe(false);
  });

  test('the answer to HTTP is complete and says where to go', () => {
    const [head, body] = httpHelloText({ clientPort: 2181, adminPort: 8080 }).split('\r\n\r\n');
    expect(head!.split('\r\n')[0]).toBe('HTTP/1.1 400 Bad Request');
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body!)}`);
    expect(body).toContain('<host>:2181');
    expect(body).toContain('port 8080');
    expect(httpHelloText({ clientPort: 1, adminPort: null })).toContain('no HTTP requests');
    expect(tlsHelloMessage({ clientPort: 2181, adminPort: null })).toContain('port 2181');
  });
});
