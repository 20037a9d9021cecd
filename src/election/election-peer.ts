/**
 * The election of a server (Apache `QuorumCnxManager` and `FastLeaderElection` as one): who is
 * connected to whom, and who is to lead. It answers those who look for a leader for as long as
 * the server lives.
 */
import type { Epoch } from '../base/zxid.ts';
import type { Election, ElectionParts, Standing, Vote } from '../zab/election-ports.ts';
import type { LinkId } from '../zab/peer-ports.ts';
import type { ServerId } from '../zab/quorum-verifier.ts';
import { ElectionLinks } from './election-links.ts';
import { FastLeaderElection } from './fast-leader-election.ts';
import { decodeNotification, encodeNotification } from './notification.ts';

export class ElectionPeer implements Election {
  private readonly links: ElectionLinks;
  private readonly rounds: FastLeaderElection;

  constructor({ view, settings, links, newLink, listener, logger }: ElectionParts) {
    this.links = new ElectionLinks({
      ...{ view, settings, links, newLink, logger },
      news: () => {
        const { news } = this.rounds;
        return news === null ? null : encodeNotification(news.state, news.vote, view.text);
      },
      onNotification: (from, bytes) => this.rounds.onNotification(from, decodeNotification(bytes)),
    });
    this.rounds = new FastLeaderElection({
      ...{ view, settings },
      tell: (to) => this.links.tell(to),
      isUnreachable: (server) => this.links.isUnreachable(server),
      onDecided: (vote) => {
        this.links.endRound();
        listener.onDecided(Number(vote.leader) as ServerId, vote);
      },
      onLooking: (server) => listener.onLookingPeer(server),
    });
  }

  open(nowMs: number): void {
    this.links.open(nowMs);
  }

  look(nowMs: number, standing: Standing): void {
    this.links.beginRound(nowMs);
    this.rounds.look(nowMs, standing);
  }

  established(epoch: Epoch): void {
    this.rounds.established(epoch);
  }

  leave(): void {
    this.rounds.leave();
    this.links.endRound();
  }

  close(): void {
    this.rounds.leave();
    this.links.close();
  }

  get currentVote(): Vote | null {
    return this.rounds.currentVote;
  }

  tick(nowMs: number): void {
    this.links.tick(nowMs);
    this.rounds.tick(nowMs);
  }

  nextDeadlineMs(): number {
    return Math.min(this.links.nextDeadlineMs(), this.rounds.nextDeadlineMs());
  }

  owns(link: LinkId): boolean {
    return this.links.owns(link);
  }

  onListenFailed(reason: string): void {
    this.links.onListenFailed(reason);
  }

  onAccepted(link: LinkId): void {
    this.links.onAccepted(link);
  }

  onDialed(link: LinkId): void {
    this.links.onDialed(link);
  }

  onBytes(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    this.links.onBytes(link, bytes, start, end);
  }

  onSent(link: LinkId, bytes: number): void {
    this.links.onSent(link, bytes);
  }

  onClosed(link: LinkId): void {
    this.links.onClosed(link);
    this.rounds.onUnreachable();
  }
}
