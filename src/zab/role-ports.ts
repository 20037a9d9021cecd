/** How the peer and the role that it plays speak to each other: types alone. */
import type { Logger } from '../base/ports.ts';
import type { Epoch } from '../base/zxid.ts';
import type { DurableState } from './durable-state.ts';
import type { EnsembleView, PeerSettings } from './ensemble-view.ts';
import type {
  LeaderCounts,
  LearnerRequest,
  LinkId,
  LinkOutput,
  PeerMeter,
  Replica,
  SyncRequest,
} from './peer-ports.ts';
import type { TxnHistory } from './txn-history.ts';

/** What a role is given. */
export interface RoleParts {
  readonly view: EnsembleView;
  readonly settings: PeerSettings;
  readonly links: LinkOutput;
  readonly replica: Replica;
  readonly durable: DurableState;
  readonly history: TxnHistory;
  readonly logger: Logger;
  readonly meter: PeerMeter;
  readonly newLink: () => LinkId;
  /** Monotonic ms of this duty cycle. */
  readonly now: () => number;
  /** The epoch is established, and this server is a part of it. */
  readonly onEstablished: (epoch: Epoch) => void;
  /** The highest epoch that a server has promised to another leader, as far as is known here. */
  readonly laterEpoch: () => number;
  readonly onLaterEpoch: (epoch: number) => void;
  /** The role is over; the peer closes it when the call that is under way has returned. */
  readonly leave: (reason: string) => void;
}

/** A server that leads or learns. Nothing is called any more after `close`. */
export interface Role {
  readonly ready: boolean;
  /** Null for a learner, and before the leader is established. */
  counts(): LeaderCounts | null;
  start(): void;
  tick(nowMs: number): void;
  nextDeadlineMs(): number;
  onListenFailed(reason: string): void;
  onAccepted(link: LinkId): void;
  onDialed(link: LinkId): void;
  onBytes(link: LinkId, bytes: Uint8Array, start: number, end: number): void;
  onSent(link: LinkId, bytes: number): void;
  onClosed(link: LinkId): void;
  /** `DurableState` knows already. */
  onSynced(): void;
  flush(): void;
  propose(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void;
  forward(request: LearnerRequest): void;
  sync(sessionIdHi: number, sessionIdLo: number, cxid: number, request: SyncRequest): void;
  revalidate(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void;
  close(): void;
}
