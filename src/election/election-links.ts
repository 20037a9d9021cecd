/**
 * The connections of an election (Apache `QuorumCnxManager`): one between any two servers, kept by
 * the one with the greater id, on which only the newest notification counts. A server is dialed
 * when there is something to say to it, always where the configuration says that it is, so that a
 * connection that was cut or moved is found again.
 */
import { electionStrangersMax } from '../base/limits.ts';
import type { Logger } from '../base/ports.ts';
import { JuteError } from '../jute/jute-error.ts';
import type { EnsembleView, PeerAddress, PeerSettings } from '../zab/ensemble-view.ts';
import type { LinkId, LinkOutput } from '../zab/peer-ports.ts';
import type { ServerId } from '../zab/quorum-verifier.ts';
import { ElectionReader, encodeFrame, encodeInitiation } from './election-wire.ts';

export interface ElectionLinksParts {
  readonly view: EnsembleView;
  readonly settings: PeerSettings;
  readonly links: LinkOutput;
  readonly newLink: () => LinkId;
  readonly logger: Logger;
  /** Throws a JuteError when it cannot be understood; it is dropped then. */
  readonly onNotification: (from: ServerId, bytes: Uint8Array) => void;
}

/** A server as it is known here. */
interface Partner {
  readonly sid: ServerId;
  readonly addresses: readonly PeerAddress[];
  /** The newest notification that has not left. */
  waiting: Uint8Array | null;
  /** Said again on each new connection. */
  lastSent: Uint8Array | null;
  link: LinkId | null;
  dialing: LinkId | null;
  dials: number;
  /** Its port has refused, and nothing was heard of it since. */
  isUnreachable: boolean;
}

interface Connection {
  readonly reader: ElectionReader;
  /** Null until the one that has dialed says who it is. */
  partner: Partner | null;
  /** When it must have done so, in ms. */
  readonly deadlineMs: number;
}

const rebindMs = 1000;
const sidMax = BigInt(Number.MAX_SAFE_INTEGER);

export class ElectionLinks {
  private readonly parts: ElectionLinksParts;
  private readonly partners = new Map<ServerId, Partner>();
  private readonly connections = new Map<LinkId, Connection>();
  private nowMs = 0;
  private rebindAtMs = Number.POSITIVE_INFINITY;

  constructor(parts: ElectionLinksParts) {
    this.parts = parts;
    const { members, self } = parts.view;
    for (const { id, election } of members.values()) if (id !== self) this.know(id, election);
  }

  open(nowMs: number): void {
    this.nowMs = nowMs;
    this.listen();
  }

  close(): void {
    const { links } = this.parts;
    links.unlisten('election');
    for (const link of [...this.connections.keys()]) this.drop(link);
    for (const partner of this.partners.values()) {
      if (partner.dialing !== null) links.close(partner.dialing);
      partner.dialing = null;
    }
    this.rebindAtMs = Number.POSITIVE_INFINITY;
  }

  /** What was not sent yet is replaced. */
  send(sid: ServerId, notification: Uint8Array): void {
    const partner = this.partners.get(sid);
    if (partner === undefined) return;
    partner.waiting = notification;
    if (partner.link !== null) this.sendWaiting(partner, partner.link);
    else this.dial(partner);
  }

  /** Dials whoever there is no connection to. */
  connectAll(): void {
    for (const partner of this.partners.values()) if (partner.link === null) this.dial(partner);
  }

  /** Something has been said to somebody, so far as the connections are concerned. */
  get hasDelivered(): boolean {
    for (const { waiting, lastSent } of this.partners.values()) {
      if (waiting === null && lastSent !== null) return true;
    }
    return this.partners.size === 0;
  }

  isUnreachable(sid: ServerId): boolean {
    return this.partners.get(sid)?.isUnreachable === true;
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    if (nowMs >= this.rebindAtMs) this.listen();
    for (const [link, { partner, deadlineMs }] of this.connections) {
      if (partner === null && nowMs >= deadlineMs) this.drop(link);
    }
  }

  nextDeadlineMs(): number {
    let earliest = this.rebindAtMs;
    for (const { partner, deadlineMs } of this.connections.values()) {
      if (partner === null) earliest = Math.min(earliest, deadlineMs);
    }
    return earliest;
  }

  owns(link: LinkId): boolean {
    return this.connections.has(link) || this.dialed(link) !== undefined;
  }

  onListenFailed(reason: string): void {
    this.parts.logger.error({ reason }, `The election port cannot be used: ${reason}`);
    this.rebindAtMs = this.nowMs + rebindMs;
  }

  onAccepted(link: LinkId): void {
    const { tickTimeMs, syncLimitTicks } = this.parts.settings;
    const deadlineMs = this.nowMs + tickTimeMs * syncLimitTicks;
    this.connections.set(link, { reader: new ElectionReader(), partner: null, deadlineMs });
  }

  onDialed(link: LinkId): void {
    const partner = this.dialed(link);
    if (partner === undefined) return;
    partner.dialing = null;
    partner.isUnreachable = false;
    const { view, settings, links } = this.parts;
    const own = view.members.get(view.self)?.election ?? [];
    const initiation = encodeInitiation(BigInt(view.self), own, settings.multiAddressEnabled);
    links.write(link, initiation, 0, initiation.byteLength);
    // The one with the greater id keeps the connections: it will dial back.
    if (view.self < partner.sid) links.close(link);
    else this.adopt(link, partner, new ElectionReader());
  }

  onBytes(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    const connection = this.connections.get(link);
    if (connection === undefined) return;
    connection.reader.append(bytes, start, end);
    try {
      if (connection.partner === null) this.takeInitiation(link, connection);
      this.takeFrames(link, connection);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      const { partner } = connection;
      this.parts.logger.warn({ sid: partner?.sid, reason: error.message }, 'Bad election peer');
      this.drop(link);
    }
  }

  onClosed(link: LinkId): void {
    const partner = this.dialed(link);
    if (partner !== undefined) {
      partner.dialing = null;
      partner.isUnreachable = true;
      return;
    }
    this.forget(link);
  }

  private listen(): void {
    const { view, settings, links } = this.parts;
    const addresses = view.members.get(view.self)?.election ?? [];
    const [own] = addresses;
    if (own === undefined) return;
    this.rebindAtMs = Number.POSITIVE_INFINITY;
    const isEverywhere = settings.listenOnAllIps || addresses.length > 1;
    links.listen('election', isEverywhere ? null : own.host, own.port);
  }

  private know(sid: ServerId, addresses: readonly PeerAddress[]): Partner {
    const partner: Partner = {
      ...{ sid, addresses, waiting: null, lastSent: null, link: null, dialing: null },
      ...{ dials: 0, isUnreachable: false },
    };
    this.partners.set(sid, partner);
    return partner;
  }

  private dialed(link: LinkId): Partner | undefined {
    for (const partner of this.partners.values()) if (partner.dialing === link) return partner;
    return undefined;
  }

  /** One try at a time; a server with several addresses is tried at each in turn. */
  private dial(partner: Partner): void {
    const { links, newLink, settings } = this.parts;
    const address = partner.addresses[partner.dials % partner.addresses.length];
    if (partner.dialing !== null || address === undefined) return;
    partner.dials++;
    partner.dialing = newLink();
    links.dial(partner.dialing, address.host, address.port, settings.electionConnectTimeoutMs);
  }

  private takeInitiation(link: LinkId, connection: Connection): void {
    const initiation = connection.reader.takeInitiation();
    if (initiation === null) return;
    const { self } = this.parts.view;
    const { sid, address } = initiation;
    if (sid < 0n || sid > sidMax || Number(sid) === self)
      throw new JuteError(`server ${sid} has dialed`);
    const partner = this.partners.get(Number(sid) as ServerId) ?? this.meet(sid, address);
    if (partner.sid > self) {
      this.adopt(link, partner, connection.reader);
      return;
    }
    // This server has the greater id, and so keeps the connections that it dials.
    if (partner.link !== null) this.drop(partner.link);
    this.drop(link);
    this.dial(partner);
  }

  /** A server that the configuration does not name, such as an observer. */
  private meet(sid: bigint, address: PeerAddress | null): Partner {
    const strangers = this.partners.size - this.parts.view.members.size;
    if (strangers > electionStrangersMax) throw new JuteError('too many unknown servers');
    return this.know(Number(sid) as ServerId, address === null ? [] : [address]);
  }

  private adopt(link: LinkId, partner: Partner, reader: ElectionReader): void {
    if (partner.link !== null && partner.link !== link) this.drop(partner.link);
    partner.link = link;
    partner.isUnreachable = false;
    this.connections.set(link, { reader, partner, deadlineMs: Number.POSITIVE_INFINITY });
    partner.waiting ??= partner.lastSent;
    this.sendWaiting(partner, link);
  }

  private sendWaiting(partner: Partner, link: LinkId): void {
    const { waiting } = partner;
    if (waiting === null) return;
    partner.waiting = null;
    partner.lastSent = waiting;
    const frame = encodeFrame(waiting);
    this.parts.links.write(link, frame, 0, frame.byteLength);
  }

  private takeFrames(link: LinkId, connection: Connection): void {
    const { reader } = connection;
    // A notification may end this connection.
    while (this.connections.get(link)?.reader === reader) {
      const { partner } = this.connections.get(link) as Connection;
      if (partner === null) return;
      const frame = reader.takeFrame();
      if (frame === null) return;
      this.parts.onNotification(partner.sid, frame);
    }
  }

  private drop(link: LinkId): void {
    this.forget(link);
    this.parts.links.close(link);
  }

  private forget(link: LinkId): void {
    const partner = this.connections.get(link)?.partner;
    this.connections.delete(link);
    if (partner?.link === link) partner.link = null;
  }
}
