/** The counters of `srvr`, `stat` and `mntr` that the front keeps; `srst` sets them back. */
export class FrontStats {
  packetsReceived = 0;
  packetsSent = 0;
  latencyMsMin = 0;
  latencyMsMax = 0;
  /** Of replies and events, without their length; -1 while there was none. */
  responseBytesLast = -1;
  responseBytesMin = -1;
  responseBytesMax = -1;
  private latencyMsTotal = 0;
  private latencies = 0;

  addLatency(ms: number): void {
    this.latencies++;
    this.latencyMsTotal += ms;
    if (ms > this.latencyMsMax) this.latencyMsMax = ms;
    if (ms < this.latencyMsMin || this.latencies === 1) this.latencyMsMin = ms;
  }

  addResponse(bytes: number): void {
    this.responseBytesLast = bytes;
    if (bytes > this.responseBytesMax) this.responseBytesMax = bytes;
    if (bytes < this.responseBytesMin || this.responseBytesMin < 0) this.responseBytesMin = bytes;
  }

  get latencyMsAverage(): number {
    return this.latencies === 0 ? 0 : this.latencyMsTotal / this.latencies;
  }

  reset(): void {
    this.packetsReceived = this.packetsSent = 0;
    this.latencyMsMin = this.latencyMsMax = this.latencyMsTotal = this.latencies = 0;
    this.responseBytesLast = this.responseBytesMin = this.responseBytesMax = -1;
  }
}
