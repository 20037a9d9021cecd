/** Stands where the agents of a member speak to each other, and tells the witnesses what is said. */

import type { Ensemble, EnsembleReplica } from '../../../../src/agents/ensemble-port.ts';
import { joinHalves } from '../../../../src/base/zxid.ts';
import { PacketReader } from '../../../../src/jute/packet-reader.ts';
import { PacketType } from '../../../../src/jute/quorum.ts';
import type { LinkListener } from '../../../../src/net/peer-links.ts';
import type { KeeperOutput } from '../../../../src/processor/keeper-ports.ts';
import type { LinkId, LinkOutput } from '../../../../src/zab/peer-ports.ts';
import type { Durability } from './durability.ts';
import type { Oracle } from './oracle.ts';

export interface Witnesses {
  readonly oracle: Oracle;
  readonly durability: Durability;
}

/** Between the peer and the keeper. */
export function tapReplica(
  { oracle, durability }: Witnesses,
  member: number,
  replica: EnsembleReplica,
  ensemble: Ensemble,
): void {
  const { lead, follow, rest, reload, deliver, commit, onRevalidate } = boundOf(replica);
  replica.lead = (epoch) => {
    oracle.onLead(member, epoch);
    durability.mustHoldAll('D3');
    lead(epoch);
  };
  replica.follow = () => {
    oracle.onFollow(member);
    follow();
  };
  replica.rest = () => {
    oracle.onRest(member);
    rest();
  };
  replica.reload = () => {
    const zxid = reload();
    oracle.onLoaded(member, zxid);
    return zxid;
  };
  replica.deliver = (payload, start, end) => {
    oracle.onDeliver(member, payload.subarray(start, end));
    deliver(payload, start, end);
  };
  replica.commit = (hi, lo) => {
    oracle.onCommit(member, joinHalves(hi, lo));
    durability.onCommit();
    commit(hi, lo);
  };
  replica.onRevalidate = (link, hi, lo, timeoutMs) => {
    const isValid = onRevalidate(link, hi, lo, timeoutMs);
    if (isValid) oracle.onReopen(joinHalves(hi, lo));
    return isValid;
  };
  const { propose } = boundOf(ensemble);
  ensemble.propose = (payload, start, end, hi, lo) => {
    oracle.onPropose(member, payload.subarray(start, end), joinHalves(hi, lo));
    propose(payload, start, end, hi, lo);
  };
}

/** Between the keeper and those who are connected. */
export function tapReplies(oracle: Oracle, member: number, keeper: KeeperOutput): void {
  const { reply, notify, connected } = boundOf(keeper);
  keeper.reply = (cnxnId, frame, start, end) => {
    const view = new DataView(frame.buffer, frame.byteOffset + start + zxidInFrame);
    oracle.onSeen(member, view.getBigInt64(0));
    reply(cnxnId, frame, start, end);
  };
  keeper.notify = (cnxnIds, count, hi, lo, frame, start, end) => {
    oracle.onSeen(member, joinHalves(hi, lo));
    notify(cnxnIds, count, hi, lo, frame, start, end);
  };
  keeper.connected = (cnxnId, answer) => {
    if (answer.valid) {
      oracle.onSeen(member, 0n);
      oracle.onReopen(joinHalves(answer.sessionIdHi, answer.sessionIdLo));
    }
    connected(cnxnId, answer);
  };
}

/** Behind length and xid. */
const zxidInFrame = 8;

/** The link of a learner to its leader, with what it has heard and said there. */
interface Conversation {
  readonly said: PacketReader;
  /** Until the first packet, LEADERINFO, is whole. */
  readonly heard: PacketReader;
  /** The epoch that the leader has proposed; 0 before. */
  proposed: number;
}

const packetBytesMax = 1 << 20;

/** Between a learner and the links to its leaders, which it dials at this port. */
export class PacketTap {
  private readonly durability: Durability;
  private readonly member: number;
  private readonly conversations = new Map<LinkId, Conversation>();

  constructor(durability: Durability, member: number) {
    this.durability = durability;
    this.member = member;
  }

  tap(links: LinkOutput, quorumPort: number): void {
    const { dial, write, close } = boundOf(links);
    links.dial = (link, host, port, timeoutMs) => {
      if (port === quorumPort) this.conversations.set(link, newConversation());
      dial(link, host, port, timeoutMs);
    };
    links.write = (link, bytes, start, end) => {
      const conversation = this.conversations.get(link);
      if (conversation !== undefined) {
        conversation.said.feed(bytes.slice(start, end), 0, end - start);
        while (conversation.said.next()) this.onSaid(conversation);
      }
      write(link, bytes, start, end);
    };
    links.close = (link) => {
      this.conversations.delete(link);
      close(link);
    };
  }

  /** The same listener, overheard. */
  overhear(listener: LinkListener): LinkListener {
    const overheard = boundOf(listener);
    const { onBytes } = overheard;
    return new Proxy(overheard, {
      get: (of, name: keyof LinkListener) => {
        if (name !== 'onBytes') return of[name];
        return (link: LinkId, bytes: Uint8Array, start: number, end: number) => {
          this.onHeard(link, bytes.slice(start, end));
          onBytes(link, bytes, start, end);
        };
      },
    });
  }

  private onHeard(link: LinkId, bytes: Uint8Array): void {
    const conversation = this.conversations.get(link);
    if (conversation === undefined || conversation.proposed > 0) return;
    conversation.heard.feed(bytes, 0, bytes.byteLength);
    if (conversation.heard.next()) conversation.proposed = conversation.heard.zxidHi;
    else conversation.heard.keep();
  }

  private onSaid({ said, proposed }: Conversation): void {
    const { durability, member } = this;
    const { type, zxidHi, zxidLo } = said;
    const zxid = joinHalves(zxidHi, zxidLo);
    switch (type) {
      case PacketType.followerInfo:
      case PacketType.observerInfo:
        durability.onEpochs(member, zxidHi, 0);
        return;
      case PacketType.ackEpoch:
        durability.onEpochs(member, proposed, said.data().readInt());
        if (zxid > 0n) durability.onHistory(member, zxid);
        return;
      case PacketType.ack:
        if (zxidLo === 0) durability.onEpochs(member, zxidHi, zxidHi);
        else durability.onAck(member, zxid);
    }
  }
}

function newConversation(): Conversation {
  const [said, heard] = [new PacketReader(packetBytesMax), new PacketReader(packetBytesMax)];
  return { said, heard, proposed: 0 };
}

function boundOf<T extends object>(target: T): T {
  return new Proxy(target, {
    get: (_target, name: keyof T & string) => {
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
