/** The counters of `srvr`, `stat` and `mntr` that a front keeps; `srst` sets them back. */

/** A plain image of the counters. Latencies are ms, responses bytes of replies and events. */
export interface FrontNumbers {
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly latencies: number;
  readonly latencyMsMin: number;
  readonly latencyMsMax: number;
  readonly latencyMsTotal: number;
  /** Without their length; -1 while there was none. */
  readonly responseBytesLast: number;
  readonly responseBytesMin: number;
  readonly responseBytesMax: number;
}

export class FrontStats implements FrontNumbers {
  packetsReceived = 0;
  packetsSent = 0;
  latencies = 0;
  latencyMsMin = 0;
  latencyMsMax = 0;
  latencyMsTotal = 0;
  responseBytesLast = -1;
  responseBytesMin = -1;
  responseBytesMax = -1;

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

  reset(): void {
    this.packetsReceived = this.packetsSent = 0;
    this.latencyMsMin = this.latencyMsMax = this.latencyMsTotal = this.latencies = 0;
    this.responseBytesLast = this.responseBytesMin = this.responseBytesMax = -1;
  }
}

/** Of a front that has done nothing. */
export const noNumbers: FrontNumbers = { ...new FrontStats() };

/** Of two fronts together. The last response is that of the one that has one, or of `a`. */
export function sumOfNumbers(a: FrontNumbers, b: FrontNumbers): FrontNumbers {
  const least = (x: number, isX: boolean, y: number, isY: boolean) =>
    isX && isY ? Math.min(x, y) : isX ? x : y;
  return {
    packetsReceived: a.packetsReceived + b.packetsReceived,
    packetsSent: a.packetsSent + b.packetsSent,
    latencies: a.latencies + b.latencies,
    latencyMsMin: least(a.latencyMsMin, a.latencies > 0, b.latencyMsMin, b.latencies > 0),
    latencyMsMax: Math.max(a.latencyMsMax, b.latencyMsMax),
    latencyMsTotal: a.latencyMsTotal + b.latencyMsTotal,
    responseBytesLast: a.responseBytesLast >= 0 ? a.responseBytesLast : b.responseBytesLast,
    responseBytesMin: least(
      a.responseBytesMin,
      a.responseBytesMin >= 0,
      b.responseBytesMin,
      b.responseBytesMin >= 0,
    ),
    responseBytesMax: Math.max(a.responseBytesMax, b.responseBytesMax),
  };
}
