/**
 * Proxies between the members of an ensemble: each member reaches each other one through proxies
 * of its own, so that one direction between two members can be cut while all others work.
 */
import { freePort } from './free-port.ts';
import { type Flow, TcpProxy } from './tcp-proxy.ts';

/** Where a member listens for the other ones. */
export interface PeerPorts {
  readonly quorum: number;
  readonly election: number;
}

interface Relay {
  readonly from: number;
  readonly to: number;
  readonly quorum: TcpProxy;
  readonly election: TcpProxy;
}

export class PeerRelays {
  private readonly relays: readonly Relay[];

  private constructor(relays: readonly Relay[]) {
    this.relays = relays;
  }

  /** `ports` by the number of the member. */
  static async open(ports: ReadonlyMap<number, PeerPorts>): Promise<PeerRelays> {
    const relays: Relay[] = [];
    for (const from of ports.keys()) {
      for (const [to, target] of ports) {
        if (from === to) continue;
        const quorum = await TcpProxy.listen(await freePort(), target.quorum);
        const election = await TcpProxy.listen(await freePort(), target.election);
        relays.push({ from, to, quorum, election });
      }
    }
    return new PeerRelays(relays);
  }

  /** The ports on which member `from` reaches member `to`. */
  portsOf(from: number, to: number): PeerPorts {
    const relay = this.relays.find((each) => each.from === from && each.to === to);
    if (relay === undefined) throw new Error(`no relay from ${from} to ${to}`);
    return { quorum: relay.quorum.port, election: relay.election.port };
  }

  /** Nothing that `from` says reaches `to` any more; the other direction works on. */
  cut(from: number, to: number): void {
    for (const flow of this.flows(from, to)) flow.cut();
  }

  /** Nobody hears `member`, and it hears nobody. */
  isolate(member: number): void {
    for (const { from, to } of this.relays) {
      if (from === member || to === member) this.cut(from, to);
    }
  }

  /** Everything between members arrives so much later. */
  slowDown(delayMs: number): void {
    for (const flow of this.allFlows()) flow.delayMs = delayMs;
  }

  /** Everything that `member` says to the others, and they to it, arrives so much later. */
  slowDownMember(member: number, delayMs: number): void {
    for (const { from, to, quorum, election } of this.relays) {
      if (from !== member && to !== member) continue;
      for (const { forward, backward } of [quorum, election]) {
        forward.delayMs = delayMs;
        backward.delayMs = delayMs;
      }
    }
  }

  /** Everything between members arrives in pieces of at most so many bytes. */
  split(pieceBytes: number): void {
    for (const flow of this.allFlows()) flow.pieceBytes = pieceBytes;
  }

  /** Resets all connections between members. */
  reset(): void {
    for (const proxy of this.proxies()) proxy.reset();
  }

  /** Everything flows again, what has waited first. */
  heal(): void {
    for (const flow of this.allFlows()) flow.heal();
  }

  async close(): Promise<void> {
    await Promise.all(this.proxies().map((proxy) => proxy.close()));
  }

  /** All ways by which bytes of `from` reach `to`, whoever of the two has connected. */
  private flows(from: number, to: number): Flow[] {
    return this.relays.flatMap((relay) => {
      const proxies = [relay.quorum, relay.election];
      if (relay.from === from && relay.to === to) return proxies.map(({ forward }) => forward);
      if (relay.from === to && relay.to === from) return proxies.map(({ backward }) => backward);
      return [];
    });
  }

  private allFlows(): Flow[] {
    return this.proxies().flatMap(({ forward, backward }) => [forward, backward]);
  }

  private proxies(): TcpProxy[] {
    return this.relays.flatMap(({ quorum, election }) => [quorum, election]);
  }
}
