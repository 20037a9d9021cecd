/** The peer's figures as metrics of this thread: names are Apache's, and so they are the metrics'. */
import { advanced, advancedSet, basic, counter } from '../admin/metrics-layout.ts';
import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import type { PeerMeter } from '../zab/peer-ports.ts';

export function peerMeter(metrics: MetricsRecorder): PeerMeter {
  const labels = new Map<number, Uint8Array>();
  const labelOf = (server: number) => {
    let label = labels.get(server);
    if (label === undefined) {
      label = encodeUtf8(String(server));
      labels.set(server, label);
    }
    return label;
  };
  return {
    count: (what) => metrics.count(counter[what], 1),
    add: (what, value) => metrics.add(basic[what], Math.round(value)),
    onQuorumAck: (ms) => metrics.addSampled(advanced.quorum_ack_latency, Math.round(ms)),
    onAck(server, ms) {
      const label = labelOf(server);
      const { ack_latency } = advancedSet;
      metrics.addSampledIn(ack_latency, label, 0, label.byteLength, Math.round(ms));
    },
  };
}
