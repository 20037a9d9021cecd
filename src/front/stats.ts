/** The counters of `srvr`, `stat` and `mntr` that the front keeps; `srst` sets them back. */
export class FrontStats {
  packetsReceived = 0;
  packetsSent = 0;
  latencyMsMin = 0;
  latencyMsMax = 0;
  private latencyMsTotal = 0;
  private latencies = 0;

  addLatency(ms: number): void {
    this.latencies++;
    this.latencyMsTotal += ms;
    if (ms > this.latencyMsMax) this.latencyMsMax = ms;
    if (ms < this.latencyMsMin || this.latencies === 1) this.latencyMsMin = ms;
  }

  get latencyMsAverage(): number {
    return this.latencies === 0 ? 0 : this.latencyMsTotal / this.latencies;
  }

  reset(): void {
    this.packetsReceived = this.packetsSent = 0;
    this.latencyMsMin = this.latencyMsMax = this.latencyMsTotal = this.latencies = 0;
  }
}
