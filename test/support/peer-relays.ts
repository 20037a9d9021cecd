/**
 * Proxies between the members of an ensemble: each member reaches each other one through proxies
 * of its own, so that one direction between two members can be cut while all others work.
 */
import type { MemberPlace } from './ensemble-member.ts';
import { freePort } from './free-port.ts';
import type { MemberNetwork, PeerAddress } from './member-network.ts';
import type { ServerCommand } from './server-process.ts';
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

export class PeerRelays implements MemberNetwork {
  private readonly relays: Relay[] = [];

  async open(places: readonly MemberPlace[]): Promise<void> {
    for (const { id: from } of places) {
      for (const { id: to, ports } of places) {
        if (from === to) continue;
        const quorum = await TcpProxy.listen(await freePort(), ports.quorum);
        const election = await TcpProxy.listen(await freePort(), ports.election);
        this.relays.push({ from, to, quorum, election });
      }
    }
  }

  addressOf(from: MemberPlace, to: MemberPlace): PeerAddress {
    const relay = this.relays.find((each) => each.from === from.id && each.to === to.id);
    const ports =
      relay === undefined ? to.ports : { quorum: relay.quorum.port, election: relay.election.port };
    return { host: '127.0.0.1', ports };
  }

  inside(_id: number, command: ServerCommand): ServerCommand {
    return command;
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

  /** Everything between members, or to and from one of them, arrives so much later. */
  slowDown(delayMs: number, member?: number): void {
    for (const flow of this.flowsOf(member)) flow.delayMs = delayMs;
  }

  /** Everything between members, or to and from one, arrives in pieces of at most so many bytes. */
  split(pieceBytes: number, member?: number): void {
    for (const flow of this.flowsOf(member)) flow.pieceBytes = pieceBytes;
  }

  /** Resets all connections between members. */
  reset(): void {
    for (const proxy of proxiesOf(this.relays)) proxy.reset();
  }

  /** Everything flows again, what has waited first. */
  heal(): void {
    for (const flow of this.flowsOf()) flow.heal();
  }

  async close(): Promise<void> {
    await Promise.all(proxiesOf(this.relays).map((proxy) => proxy.close()));
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

  /** All flows, or those to and from one member. */
  private flowsOf(member?: number): Flow[] {
    const relays = this.relays.filter(({ from, to }) => {
      return member === undefined || from === member || to === member;
    });
    return proxiesOf(relays).flatMap(({ forward, backward }) => [forward, backward]);
  }
}

function proxiesOf(relays: readonly Relay[]): TcpProxy[] {
  return relays.flatMap(({ quorum, election }) => [quorum, election]);
}
