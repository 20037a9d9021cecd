/** What can stand between the members of an ensemble of processes. */
import type { MemberPlace } from './ensemble-member.ts';
import type { PeerPorts } from './peer-relays.ts';
import type { ServerCommand } from './server-process.ts';

export interface PeerAddress {
  readonly host: string;
  readonly ports: PeerPorts;
}

export interface MemberNetwork {
  /** Called once, before any member starts. */
  open(places: readonly MemberPlace[]): Promise<void>;
  /** Where `from` reaches `to`, or where it listens itself. */
  addressOf(from: MemberPlace, to: MemberPlace): PeerAddress;
  /** How a process of the member is started in its place of the network. */
  inside(id: number, command: ServerCommand): ServerCommand;
  close(): Promise<void>;
}
