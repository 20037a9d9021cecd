/**
 * The connections of an election (Apache `QuorumCnxManager`): one between any two servers, kept by
 * the one with the greater id. There is only one thing to say on them: what this server's state
 * and vote are now. So nothing is queued. A server is owed the news until there is a connection to
 * say it on, and hears it at the begin of each connection, in case the one before it lost some.
 *
 * A server is dialed when it is owed something, always where the configuration says that it is. In
 * a round this is tried again and again, after pauses that grow; otherwise once.
 */
import {
  electionRedialMsMax,
  electionStrangersMax,
  electionUnsentBytesMax,
} from '../base/limits.ts';
import type { Logger } from '../base/ports.ts';
import { JuteError } from '../jute/jute-error.ts';
import type { EnsembleView, PeerAddress, PeerSettings } from '../zab/ensemble-view.ts';
import type { LinkId, LinkOutput } from '../zab/peer-ports.ts';
import type { ServerId } from '../zab/quorum-verifier.ts';
import { ElectionPortError } from './election-port-error.ts';
import { ElectionReader, encodeFrame, encodeInitiation } from './election-wire.ts';

export interface ElectionLinksParts {
  readonly view: EnsembleView;
  readonly settings: PeerSettings;
  readonly links: LinkOutput;
  readonly newLink: () => LinkId;
  readonly logger: Logger;
  /** The notification to send now; null when there is nothing to say. */
  readonly news: () => Uint8Array | null;
  /** Throws a JuteError when it cannot be understood, which costs the connection. */
  readonly onNotification: (from: ServerId, bytes: Uint8Array) => void;
}

/** A server as it is known here. */
interface Partner {
  readonly sid: ServerId;
  readonly addresses: readonly PeerAddress[];
  /** It must be told the news as soon as that is possible. */
  isOwed: boolean;
  link: LinkId | null;
  dialing: LinkId | null;
  /** When it was dialed last, and when it may be dialed next. */
  dialedMs: number;
  redialMs: number;
  /** Tries without an answer since it was heard of last. */
  dials: number;
  /** In this round all of its addresses have refused, and nothing was heard of it since. */
  isUnreachable: boolean;
}

interface Connection {
  readonly reader: ElectionReader;
  /** Null until the one that has dialed says who it is. */
  readonly partner: Partner | null;
  /** When it must have done so, in ms. */
  readonly deadlineMs: number;
  readonly beganMs: number;
  /** Bytes written that have not left this process. */
  unsentBytes: number;
}

const rebindMs = 1000;
const never = Number.POSITIVE_INFINITY;
const sidMax = BigInt(Number.MAX_SAFE_INTEGER);
/** `QuorumPeer.OBSERVER_ID`: an observer of old that has no id; it is given one below zero. */
const sidOfNameless = 2n ** 63n - 1n;

export class ElectionLinks {
  private readonly parts: ElectionLinksParts;
  private readonly partners = new Map<ServerId, Partner>();
  private readonly connections = new Map<LinkId, Connection>();
  private nowMs = 0;
  private rebindAtMs = never;
  private bindsFailed = 0;
  private isRound = false;
  private nameless = 0;

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
    this.isRound = false;
    this.parts.links.unlisten('election');
    for (const link of [...this.connections.keys()]) this.drop(link);
    for (const partner of this.partners.values()) this.stopDialing(partner);
    this.rebindAtMs = never;
  }

  /** Everybody may be dialed at once, and who could not be reached before may be there now. */
  beginRound(nowMs: number): void {
    this.nowMs = nowMs;
    this.isRound = true;
    for (const partner of this.partners.values()) {
      partner.redialMs = nowMs;
      partner.dials = 0;
      partner.isUnreachable = false;
    }
  }

  /** Whoever is connected hears how it ended; observers would ask again only after a pause. */
  endRound(): void {
    this.isRound = false;
    for (const partner of this.partners.values()) {
      if (partner.link !== null) this.sendNews(partner, partner.link);
    }
  }

  /** The server hears the news: now, or when there is a connection to it. */
  tell(sid: ServerId): void {
    const partner = this.partners.get(sid);
    if (partner === undefined) return;
    partner.isOwed = true;
    if (partner.link !== null) this.sendNews(partner, partner.link);
    else if (partner.redialMs <= this.nowMs) this.dial(partner);
  }

  isUnreachable(sid: ServerId): boolean {
    return this.partners.get(sid)?.isUnreachable === true;
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    if (nowMs >= this.rebindAtMs) this.listen();
    for (const [link, { deadlineMs }] of this.connections) {
      if (nowMs >= deadlineMs) this.drop(link);
    }
    for (const partner of this.partners.values()) {
      if (this.wantsDial(partner) && nowMs >= partner.redialMs) this.dial(partner);
    }
  }

  nextDeadlineMs(): number {
    let earliest = this.rebindAtMs;
    for (const { deadlineMs } of this.connections.values()) {
      earliest = Math.min(earliest, deadlineMs);
    }
    for (const partner of this.partners.values()) {
      if (this.wantsDial(partner)) earliest = Math.min(earliest, partner.redialMs);
    }
    return earliest;
  }

  owns(link: LinkId): boolean {
    return this.connections.has(link) || this.dialed(link) !== undefined;
  }

  /**
   * Without this port nobody can vote for this server (Apache `QuorumCnxManager.Listener`). Throws
   * `ElectionPortError` when it was tried often enough.
   */
  onListenFailed(reason: string): void {
    this.bindsFailed++;
    const { logger, settings } = this.parts;
    logger.error({ reason }, `The election port cannot be used: ${reason}`);
    const { electionBindTries } = settings;
    if (electionBindTries > 0 && this.bindsFailed >= electionBindTries) {
      throw new ElectionPortError(reason, this.bindsFailed);
    }
    this.rebindAtMs = this.nowMs + rebindMs;
  }

  onAccepted(link: LinkId): void {
    const { electionHandshakeTimeoutMs } = this.parts.settings;
    this.connections.set(link, {
      ...{ reader: new ElectionReader(), partner: null, unsentBytes: 0, beganMs: this.nowMs },
      deadlineMs: this.nowMs + (electionHandshakeTimeoutMs || never),
    });
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
      this.takeFrames(link, connection.reader);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      const sid = connection.partner?.sid;
      this.parts.logger.warn({ sid, reason: error.message }, 'Bad election peer');
      this.drop(link);
    }
  }

  onSent(link: LinkId, bytes: number): void {
    const connection = this.connections.get(link);
    if (connection?.partner == null) return;
    connection.unsentBytes -= bytes;
    if (connection.partner.isOwed) this.sendNews(connection.partner, link);
  }

  onClosed(link: LinkId): void {
    const partner = this.dialed(link);
    if (partner === undefined) {
      this.forget(link);
      return;
    }
    partner.dialing = null;
    partner.isUnreachable = partner.dials >= partner.addresses.length;
    this.maybeForgetStranger(partner);
  }

  private listen(): void {
    const { view, settings, links } = this.parts;
    const addresses = view.members.get(view.self)?.election ?? [];
    const [own] = addresses;
    if (own === undefined) return;
    this.rebindAtMs = never;
    const isEverywhere = settings.listenOnAllIps || addresses.length > 1;
    links.listen('election', isEverywhere ? null : own.host, own.port);
  }

  private know(sid: ServerId, addresses: readonly PeerAddress[]): Partner {
    const partner: Partner = {
      ...{ sid, addresses, isOwed: false, link: null, dialing: null },
      ...{ dialedMs: 0, redialMs: 0, dials: 0, isUnreachable: false },
    };
    this.partners.set(sid, partner);
    return partner;
  }

  private dialed(link: LinkId): Partner | undefined {
    for (const partner of this.partners.values()) if (partner.dialing === link) return partner;
    return undefined;
  }

  private wantsDial({ isOwed, link, dialing, addresses }: Partner): boolean {
    return this.isRound && isOwed && link === null && dialing === null && addresses.length > 0;
  }

  /** One try at a time; a server with several addresses is tried at each in turn. */
  private dial(partner: Partner): void {
    const { links, newLink, settings } = this.parts;
    const address = partner.addresses[partner.dials % partner.addresses.length];
    if (partner.dialing !== null || address === undefined) return;
    partner.dialedMs = this.nowMs;
    partner.redialMs = this.nowMs + this.pauseMs(partner.dials);
    partner.dials++;
    partner.dialing = newLink();
    links.dial(partner.dialing, address.host, address.port, settings.electionConnectTimeoutMs);
  }

  /** It leaves the other side the time to dial back, and grows with each try. */
  private pauseMs(dials: number): number {
    const { minNotificationIntervalMs } = this.parts.settings;
    return Math.min(minNotificationIntervalMs * 2 ** Math.min(dials, 16), electionRedialMsMax);
  }

  private stopDialing(partner: Partner): void {
    if (partner.dialing !== null) this.parts.links.close(partner.dialing);
    partner.dialing = null;
  }

  private takeInitiation(link: LinkId, { reader }: Connection): void {
    const initiation = reader.takeInitiation();
    if (initiation === null) return;
    const { self } = this.parts.view;
    const partner = this.partnerOf(initiation.sid, initiation.address);
    if (partner.sid > self) {
      this.stopDialing(partner);
      this.adopt(link, partner, reader);
      return;
    }
    // This server has the greater id, and so keeps the connections that it dials. One that it has
    // dialed this moment is on its way to the other side, which could not know of it.
    this.drop(link);
    const isYoung = this.nowMs - partner.dialedMs < this.pauseMs(0);
    if (isYoung && (partner.link !== null || partner.dialing !== null)) return;
    if (partner.link !== null) this.drop(partner.link);
    this.stopDialing(partner);
    // A stranger is forgotten with its connection.
    const again = this.partners.get(partner.sid) ?? this.know(partner.sid, partner.addresses);
    this.dial(again);
    this.maybeForgetStranger(again);
  }

  private partnerOf(sid: bigint, address: PeerAddress | null): Partner {
    if (sid === sidOfNameless) return this.meet(--this.nameless as ServerId, address);
    if (sid < 0n || sid > sidMax || sid === BigInt(this.parts.view.self)) {
      throw new JuteError(`server ${sid} has dialed`);
    }
    const known = Number(sid) as ServerId;
    return this.partners.get(known) ?? this.meet(known, address);
  }

  /** A server that the configuration does not name: it is dialed where it says that it listens. */
  private meet(sid: ServerId, address: PeerAddress | null): Partner {
    const configured = this.parts.view.members.size - 1;
    if (this.partners.size - configured >= electionStrangersMax) {
      throw new JuteError('too many unknown servers');
    }
    return this.know(sid, address === null ? [] : [address]);
  }

  private maybeForgetStranger({ sid, link, dialing }: Partner): void {
    if (link !== null || dialing !== null || this.parts.view.members.has(sid)) return;
    this.partners.delete(sid);
  }

  private adopt(link: LinkId, partner: Partner, reader: ElectionReader): void {
    const before = partner.link;
    partner.link = link;
    partner.isUnreachable = false;
    const beganMs = this.nowMs;
    this.connections.set(link, { reader, partner, deadlineMs: never, beganMs, unsentBytes: 0 });
    if (before !== null && before !== link) this.drop(before);
    this.sendNews(partner, link);
  }

  /** A partner that does not read is told again when what was said before has left. */
  private sendNews(partner: Partner, link: LinkId): void {
    const connection = this.connections.get(link) as Connection;
    const news = this.parts.news();
    partner.isOwed = news !== null && connection.unsentBytes > electionUnsentBytesMax;
    if (news === null || partner.isOwed) return;
    const frame = encodeFrame(news);
    connection.unsentBytes += frame.byteLength;
    this.parts.links.write(link, frame, 0, frame.byteLength);
  }

  private takeFrames(link: LinkId, reader: ElectionReader): void {
    // A notification may end this connection, or begin another one with the same server.
    for (;;) {
      const connection = this.connections.get(link);
      if (connection?.partner == null || connection.reader !== reader) return;
      const frame = reader.takeFrame();
      if (frame === null) return;
      connection.partner.dials = 0;
      this.parts.onNotification(connection.partner.sid, frame);
    }
  }

  private drop(link: LinkId): void {
    this.forget(link);
    this.parts.links.close(link);
  }

  /**
   * What was said on it last may be lost: in a round it is said again. A connection that held for a
   * while was lost for good, and is dialed at once: a server that died is known to be unreachable
   * then. One that has just begun may be about to be replaced by the other side.
   */
  private forget(link: LinkId): void {
    const connection = this.connections.get(link);
    this.connections.delete(link);
    const partner = connection?.partner;
    if (connection === undefined || partner?.link !== link) return;
    partner.link = null;
    partner.isOwed = this.isRound;
    const isYoung = this.nowMs - connection.beganMs < this.pauseMs(0);
    partner.redialMs = isYoung ? this.nowMs + this.pauseMs(partner.dials) : this.nowMs;
    this.maybeForgetStranger(partner);
  }
}
