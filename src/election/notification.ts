/**
 * Election notifications as they lie on the wire (Apache `FastLeaderElection.buildMsg` and its
 * `WorkerReceiver`), without the length in front. The sender is not in it: the connection tells.
 *
 * ```
 *  0  int   state            20  long  electionEpoch     40  int  length of the config
 *  4  long  leader           28  long  peerEpoch         44  the sender's config as UTF-8 text
 * 12  long  zxid             36  int   version
 * ```
 */
import { assert } from '../base/assert.ts';
import { asZxid } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import { JuteReader } from '../jute/reader.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { Vote } from '../zab/election-ports.ts';
import type { RoleName } from '../zab/peer-ports.ts';

export interface Notification {
  readonly state: RoleName;
  readonly vote: Vote;
  /** Of the format: 0 for servers that did not send one, 2 for those that send their config. */
  readonly version: number;
  /** The sender's committed config; null where the format has none. */
  readonly config: Uint8Array | null;
}

export const notificationVersion = 2;

const stateNames: readonly RoleName[] = ['looking', 'following', 'leading', 'observing'];
/** Servers before 3.4 end behind electionEpoch, those before 3.5 have four bytes of no meaning. */
const lengthWithoutPeerEpoch = 28;
const lengthWithoutVersion = 40;

/**
 * Throws a JuteError for what Apache's server drops: a length that no version sends, a config that
 * does not fit, an unknown state. Bytes behind the config are ignored. `config` is a view.
 */
export function decodeNotification(bytes: Uint8Array): Notification {
  const reader = new JuteReader(bytes);
  const state = stateNames[reader.readInt()];
  if (state === undefined) throw new JuteError('unknown state in a notification');
  const leader = reader.readLong();
  const zxid = asZxid(reader.readLong());
  const electionEpoch = reader.readLong();
  const isShort = bytes.byteLength === lengthWithoutPeerEpoch;
  const peerEpoch = isShort ? zxid >> 32n : reader.readLong();
  const vote = { leader, zxid, electionEpoch, peerEpoch };
  const version = isShort || bytes.byteLength === lengthWithoutVersion ? 0 : reader.readInt();
  return { state, vote, version, config: version < 2 ? null : decodeConfig(reader) };
}

function decodeConfig(reader: JuteReader): Uint8Array {
  const length = reader.readLength();
  if (length < 0) throw new JuteError('negative length of the config');
  const at = reader.skip(length);
  return reader.bytes.subarray(at, at + length);
}

/** The current format. Apache's receiver dies of a config that it cannot parse: never empty. */
export function encodeNotification(state: RoleName, vote: Vote, config: Uint8Array): Uint8Array {
  assert(config.byteLength > 0, 'a notification carries the config');
  const writer = new JuteWriter(44 + config.byteLength);
  writer.writeInt(stateNames.indexOf(state));
  writer.writeLong(vote.leader);
  writer.writeLong(vote.zxid);
  writer.writeLong(vote.electionEpoch);
  writer.writeLong(vote.peerEpoch);
  writer.writeInt(notificationVersion);
  writer.writeBuffer(config);
  return writer.finish();
}
