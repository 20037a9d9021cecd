/**
 * The text of `mntr` (Apache `MonitorCommand`): first what the server is, then every metric, one a
 * line. The order of the lines after the first ones means nothing; values that are doubles in
 * Apache's server keep their decimals.
 */
import { javaDouble, roundedAverage } from './java-text.ts';
import { gaugeNames, quorumGaugeNames } from './metric-names.ts';
import type { MetricValues, SummaryValues } from './metrics.ts';
import type { ServerFacts } from './server-facts.ts';

export function mntrText(facts: ServerFacts): string {
  const lines = mntrEntries(facts).map(([name, value]) => `zk_${name}\t${value}\n`);
  return lines.join('');
}

/** Names without `zk_`, values as text. The HTTP command `monitor` shows the same. */
export function mntrEntries(facts: ServerFacts): [name: string, value: string][] {
  const entries: [string, string][] = [
    ['version', facts.version],
    ['server_state', facts.mode],
  ];
  if (facts.peerState !== null) entries.push(['peer_state', facts.peerState]);
  return [...entries, ...gaugeEntries(facts), ...recordedEntries(facts.metrics)];
}

/** Gauges that are doubles in Apache's server. */
const doubleGauges = new Set(['avg_latency', 'connection_drop_probability']);

function gaugeEntries({ stats, metrics }: ServerFacts): [string, string][] {
  const { min, average, max } = stats.latency;
  const values: [string, number | null | undefined][] = [
    ['avg_latency', roundedAverage(average)],
    ['max_latency', max],
    ['min_latency', min],
    ['packets_received', stats.packetsReceived],
    ['packets_sent', stats.packetsSent],
    ['num_alive_connections', stats.aliveConnections],
    ['outstanding_requests', stats.outstandingRequests],
    ['znode_count', stats.nodeCount],
    ...gaugeNames.map((name): [string, number | null] => [name, metrics.gauges[name]]),
    ...quorumGaugeNames.map((name): [string, number | undefined] => [
      name,
      metrics.quorumGauges[name],
    ]),
  ];
  const plain = values.flatMap(([name, value]): [string, string][] => {
    if (value === null || value === undefined) return [];
    return [[name, doubleGauges.has(name) ? javaDouble(value) : String(value)]];
  });
  return [...plain, ...labelled(metrics.gaugeSets, (name, value) => [[name, String(value)]])];
}

function recordedEntries(metrics: MetricValues): [string, string][] {
  const counters = Object.entries(metrics.counters).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  const summaries = Object.entries(metrics.summaries).flatMap(([name, summary]) =>
    summaryEntries(name, summary),
  );
  return [
    ...counters,
    ...labelled(metrics.counterSets, (name, value) => [[name, String(value)]]),
    ...summaries,
    ...labelled(metrics.summarySets, summaryEntries),
  ];
}

/** `<label>_<name>` for every label of every set. */
function labelled<V>(
  sets: Readonly<Record<string, Readonly<Record<string, V>> | undefined>>,
  show: (name: string, value: V) => [string, string][],
): [string, string][] {
  return Object.entries(sets).flatMap(([name, byLabel]) =>
    Object.entries(byLabel ?? {}).flatMap(([label, value]) => show(`${label}_${name}`, value)),
  );
}

/** Apache `AvgMinMaxCounter.values` and `AvgMinMaxPercentileCounter.values`. */
function summaryEntries(name: string, summary: SummaryValues): [string, string][] {
  const entries: [string, string][] = [
    [`avg_${name}`, javaDouble(roundedAverage(summary.average))],
    [`min_${name}`, String(summary.min)],
    [`max_${name}`, String(summary.max)],
    [`cnt_${name}`, String(summary.count)],
    [`sum_${name}`, String(summary.sum)],
  ];
  for (const [percentile, value] of Object.entries(summary.percentiles ?? {})) {
    entries.push([`${percentile}_${name}`, String(value)]);
  }
  return entries;
}
