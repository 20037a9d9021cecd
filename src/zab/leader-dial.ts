/**
 * How a learner reaches its leader, who may have decided a moment later and not listen yet: a few
 * tries, each at the next of the leader's addresses, within a budget of time (Apache
 * `Learner.connectToLeader`, with 5 tries and the whole pause between them). The first pauses are
 * short, since that moment often is; together they are as long as Apache's.
 */
import type { EnsembleMember } from './ensemble-view.ts';
import type { LinkId } from './peer-ports.ts';
import type { RoleParts } from './role-ports.ts';

const triesPerAddressMax = 8;
/** It doubles with each try, up to the setting. */
const firstPauseMs = 10;

export class LeaderDial {
  /** The link that is being dialed. */
  link: LinkId | null = null;
  private readonly parts: RoleParts;
  private readonly leader: EnsembleMember;
  private readonly giveUpMs: number;
  private retryMs = Number.POSITIVE_INFINITY;
  private tries = 0;

  constructor(parts: RoleParts, leader: EnsembleMember) {
    this.parts = parts;
    this.leader = leader;
    const { settings } = parts;
    const ticks = settings.connectToLearnerMasterLimitTicks || settings.initLimitTicks;
    this.giveUpMs = parts.now() + ticks * settings.tickTimeMs;
  }

  /** Tries the next address. False when there is no try left. */
  next(): boolean {
    const { parts, leader } = this;
    const leftMs = this.giveUpMs - parts.now();
    const address = leader.quorum[this.tries % leader.quorum.length];
    if (address === undefined || leftMs <= 0) return false;
    if (this.tries >= triesPerAddressMax * leader.quorum.length) return false;
    this.tries++;
    this.retryMs = Number.POSITIVE_INFINITY;
    this.link = parts.newLink();
    const { syncLimitTicks, tickTimeMs } = parts.settings;
    const timeoutMs = Math.min(leftMs, syncLimitTicks * tickTimeMs);
    parts.links.dial(this.link, address.host, address.port, timeoutMs);
    return true;
  }

  onFailed(): void {
    const { parts, leader, tries } = this;
    const rounds = Math.floor((tries - 1) / leader.quorum.length);
    this.link = null;
    this.retryMs =
      parts.now() + Math.min(firstPauseMs * 2 ** rounds, parts.settings.leaderConnectRetryMs);
  }

  nextDeadlineMs(): number {
    return this.retryMs;
  }
}
