/**
 * An `ElectionPeer` behind real sockets, without the peer around it: its port for learners only
 * listens, and notes who comes to follow.
 */
import { ElectionPeer } from '../../../src/election/election-peer.ts';
import { type LinkListener, PeerLinks } from '../../../src/net/peer-links.ts';
import type { Standing } from '../../../src/zab/election-ports.ts';
import type { LinkId, ListenerName } from '../../../src/zab/peer-ports.ts';
import { majorityOf, type ServerId } from '../../../src/zab/quorum-verifier.ts';
import { electionSettings, silentLogger } from '../../election/election-world.ts';

export interface MemberPorts {
  readonly quorum: number;
  readonly election: number;
}

/** FOLLOWERINFO: type, zxid, length of the LearnerInfo, and its first field, the server's id. */
const followerInfo = 11;
const sidOffset = 4 + 8 + 4;

export class LiveElection implements LinkListener {
  private readonly election: ElectionPeer;
  private readonly links = new PeerLinks(this);
  private readonly decisions = new Inbox<number>();
  private readonly followers = new Inbox<number>();
  private timer: NodeJS.Timeout | undefined;
  private dialed = 0;

  constructor(self: number, ports: ReadonlyMap<number, MemberPorts>) {
    const host = '127.0.0.1';
    const members = new Map(
      [...ports].map(([id, { quorum, election }]) => [
        id as ServerId,
        {
          ...{ id: id as ServerId, role: 'participant' as const },
          ...{ quorum: [{ host, port: quorum }], election: [{ host, port: election }] },
        },
      ]),
    );
    const lines = [...ports].map(([id, { quorum, election }]) => {
      return `server.${id}=${host}:${quorum}:${election}:participant\n`;
    });
    this.election = new ElectionPeer({
      view: {
        ...{ self: self as ServerId, members, verifier: majorityOf([...members.keys()]) },
        ...{ version: 0n as never, text: new TextEncoder().encode(`${lines.join('')}version=0`) },
      },
      settings: electionSettings,
      links: this.links,
      newLink: () => ++this.dialed as LinkId,
      listener: {
        onDecided: (leader) => this.decisions.put(leader),
        onLookingPeer: () => {},
      },
      logger: silentLogger,
    });
    this.links.listen('quorum', host, (ports.get(self) as MemberPorts).quorum);
    this.hear(() => this.election.open(performance.now()));
  }

  look(standing: Standing): void {
    this.hear(() => {
      this.election.leave();
      this.election.look(performance.now(), standing);
    });
  }

  /** The leader that is decided next. */
  decision(): Promise<number> {
    return this.decisions.take();
  }

  /** Who comes next to follow this server. */
  follower(): Promise<number> {
    return this.followers.take();
  }

  close(): void {
    clearTimeout(this.timer);
    this.election.close();
    this.links.destroy();
  }

  onListening(): void {}
  onListenFailed(_name: ListenerName, reason: string): void {
    throw new Error(reason);
  }
  onAccepted(name: ListenerName, link: LinkId): void {
    if (name === 'election') this.hear(() => this.election.onAccepted(link));
  }
  onDialed(link: LinkId): void {
    this.hear(() => this.election.onDialed(link));
  }
  onBytes(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    if (this.election.owns(link)) {
      this.hear(() => this.election.onBytes(link, bytes, start, end));
      return;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
    if (view.byteLength < sidOffset + 8 || view.getInt32(0) !== followerInfo) return;
    this.followers.put(Number(view.getBigInt64(sidOffset)));
  }
  onSent(link: LinkId, bytes: number): void {
    this.hear(() => this.election.onSent(link, bytes));
  }
  onClosed(link: LinkId): void {
    this.hear(() => this.election.onClosed(link));
  }

  private hear(happening: () => void): void {
    this.election.tick(performance.now());
    happening();
    clearTimeout(this.timer);
    const waitMs = this.election.nextDeadlineMs() - performance.now();
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.timer = setTimeout(() => this.hear(() => {}), Math.max(waitMs, 1));
  }
}

/** What happens, for those who wait for it. */
class Inbox<T> {
  private readonly items: T[] = [];
  private waiting: ((item: T) => void) | null = null;

  put(item: T): void {
    if (this.waiting === null) this.items.push(item);
    else this.waiting(item);
    this.waiting = null;
  }

  take(): Promise<T> {
    const item = this.items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }
}
