/** A run as a person would invent it: two servers, three repeats, figures and courses of loads. */

import type {
  LoadDetail,
  Measurement,
  ServerName,
} from '../../../native-free-bench/harness/measurement.ts';
import { fullSize } from '../../../native-free-bench/harness/size.ts';
import type { RunRecord } from '../../../native-free-bench/report/run-record.ts';

const repeats = 3;
const intervals = 40;
const loads = ['get 100 B 64x16', 'set 100 B 64x16', 'get 100 B 1x1'];
/** Throughput of each load in the first repeat. */
const opsPerSecond: Record<ServerName, readonly number[]> = {
  apache: [78_000, 52_000, 9_000],
  ringkeeper: [520_000, 190_000, 24_000],
  target: [100_000, 80_000, 10_000],
  reference: [600_000, 210_000, 26_000],
};

export function measurement(
  figure: string,
  value: number,
  rest: Partial<Measurement> = {},
): Measurement {
  return {
    kind: 'measurement',
    figure,
    unit: 'ops/s',
    better: 'higher',
    server: 'ringkeeper',
    repeat: 0,
    value,
    ...rest,
  };
}

export function loadDetail(rest: Partial<LoadDetail> = {}): LoadDetail {
  return {
    kind: 'load',
    load: loads[0]!,
    server: 'ringkeeper',
    repeat: 0,
    ops: 1000,
    seconds: 1,
    latencyUs: [
      [0, 100],
      [50, 200],
      [90, 400],
      [99, 900],
      [99.9, 2000],
      [100, 5000],
    ],
    loop: 'closed',
    intervalMs: 100,
    series: {
      opsPerSecond: [900, 1100],
      p99Us: [],
      serverCores: [0.5, 0.6],
      serverRssMiB: [80, 81],
    },
    generatorCores: 0.4,
    gc: null,
    stallMs: null,
    fsync: null,
    ...rest,
  };
}

export function sampleRun(servers: readonly ServerName[] = ['apache', 'ringkeeper']): RunRecord {
  const cases = servers.flatMap((server) =>
    loads.flatMap((load, i) =>
      Array.from({ length: repeats }, (_, repeat) => ({ server, load, i, repeat })),
    ),
  );
  return {
    format: 1,
    startedAt: '2026-01-02T03:04:05.678Z',
    seconds: 185,
    command: 'npm run bench -- --vs apache',
    commit: '0123456789',
    machine: {
      cpu: 'Some CPU',
      cores: 2,
      memoryGiB: 8,
      system: 'Linux 6.1, Debian 12',
      disk: 'ext4 on /dev/vda1',
      fdatasyncUs: 90,
      node: 'v20.11.0',
      loadBefore: 0.2,
    },
    contenders: servers.map((name) => ({ name, about: `${name} 1.0`, command: `start ${name}` })),
    scenarios: [
      {
        name: 'speed',
        title: 'throughput & latency <of> one server',
        figures: loads.flatMap((load) => [load, `${load} p99`]),
        loads,
      },
    ],
    size: { ...fullSize, repeats },
    measurements: cases.flatMap(({ server, load, i, repeat }) => {
      const value = opsPerSecond[server][i]! * (1 + repeat * (server === 'apache' ? 0.1 : 0.04));
      const us = { unit: 'us', better: 'lower' } as const;
      return [
        measurement(load, value, { server, repeat }),
        measurement(`${load} p99`, 1e9 / value, { ...us, server, repeat }),
      ];
    }),
    loads: cases.map(({ server, load, i, repeat }) => courseOf(server, load, i, repeat)),
    failure: null,
  };
}

function courseOf(server: ServerName, load: string, i: number, repeat: number): LoadDetail {
  const mean = opsPerSecond[server][i]! * (1 + repeat * 0.07);
  const wave = (k: number): number => 1 + 0.1 * Math.sin(k / 3 + repeat) - (k === 17 ? 0.3 : 0);
  const each = (value: (k: number) => number): number[] =>
    Array.from({ length: intervals }, (_, k) => value(k));
  const us = 1e9 / mean;
  return loadDetail({
    load,
    server,
    repeat,
    ops: mean * 4,
    seconds: 4,
    latencyUs: [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100].map((p, k) => [
      p,
      us * 0.2 * 1.4 ** k,
    ]),
    series: {
      opsPerSecond: each((k) => mean * wave(k)),
      p99Us: each((k) => us / wave(k)),
      serverCores: each((k) => 0.9 * wave(k)),
      serverRssMiB: each((k) => 120 + 2 * k),
    },
    generatorCores: server === 'ringkeeper' && i === 0 ? 0.97 : 0.4,
    gc: { count: 12, totalMs: 18.5, maxMs: 2.4 },
    stallMs: server === 'apache' ? null : 3.1,
    fsync: { count: 4800, meanMs: 1.6 },
  });
}
