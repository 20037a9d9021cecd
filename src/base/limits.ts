/**
 * Every limit of the server that is not a setting, with the relations between them asserted.
 * Sizes are bytes unless the name says otherwise; times are milliseconds.
 */
import { assert } from './assert.ts';

const kib = 1024;
const mib = 1024 * kib;

/** Apache's default of `jute.maxbuffer`: the longest frame, inclusive. */
export const frameBytesMaxDefault = 0xfffff;
/** `jute.maxbuffer` and its extra size may be this at the most: a txn of both fits on a ring. */
export const frameBytesMaxHighest = 128 * mib;
/** Header fields that precede a request or reply body: xid + type, xid + zxid + err. */
export const requestHeaderBytes = 8;
export const replyHeaderBytes = 16;
/** Frames of a connection that may be in flight to the keeper before its socket is paused. */
export const inFlightPerConnectionMax = 4096;
/** Requests that the keeper holds uncommitted; beyond it its ring fills and fronts slow down. */
export const outstandingMax = 16_384;
/** Slots of the session table: memory is touched only for those in use. */
export const sessionsMax = 1 << 20;
/** Bytes queued for a client that does not read; beyond it the connection is closed. */
export const outboundBytesPerConnectionMax = 64 * mib;
/** Bytes queued on a connection above which it is not served any more; with many slow ones, less. */
export const outboundBytesHighWater = 4 * mib;
export const outboundBytesLowWater = 64 * kib;
/** Bytes queued on all connections of a front; beyond it those with twice their share close. */
export const outboundBytesTotalMax = 512 * mib;
/** Bytes of answers to one connection after which the keeper asks the front whether to go on. */
export const repliedBytesMax = 256 * kib;
/** Fronts of a server. */
export const frontsMax = 64;
/** Addresses whose connections a front counts for the others; those of further ones it does not. */
export const addressesPerFrontMax = 1 << 16;
/** The shared read buffer of all client sockets of a front. */
export const socketReadBytes = 64 * kib;
/** Piece in which a reply that is longer than a ring record travels. */
export const replyPieceBytes = 256 * kib;
/** Rings between agents: at least this long, and several of the longest frames. */
export const ringBytesMin = 1 * mib;
export const ringBytesDefault = 4 * mib;
/** Bytes that the log gathers into one write and one fsync at the most. */
export const logBatchBytesMax = 4 * mib;
/** Txns that the thread which decided on them may write to the log by itself. */
export const loneTxnsMax = 8;
/** It does so where a sync takes no longer than this. */
export const loneSyncMsMax = 1;
/** Nodes that a read on the front may visit before it hands over to the keeper. */
export const fastReadChildrenMax = 10_000;
/** Tries of a lock-free read before the front hands the request to the keeper. */
export const fastReadTriesMax = 8;
/** TTLs fit into the low 40 bits of an ephemeral owner (Apache `EphemeralType.TTL`). */
export const ttlMsMax = 2 ** 40 - 1;
/** Lines about quotas in the log are not closer together than this. */
export const quotaLogIntervalMs = 1000;
/** Digest history of the `hash` word: one entry each 128 txns, last 1024 kept (Apache). */
export const digestHistoryEvery = 128;
export const digestHistoryMax = 1024;
/** Bytes written to a learner that have not left yet; beyond it the leader closes the link. */
export const linkBacklogBytesMax = 256 * mib;
/** Bytes written to a learner above which the leader's snapshot waits. */
export const linkBacklogHighWater = 4 * mib;
/** Bytes that a learner holds unread while it waits for its disk; beyond it, it leaves the leader. */
export const linkUnreadBytesMax = 256 * mib;
/** A leader steps down at this counter, long before the 32 bits are used up. */
export const zxidCounterMax = 0xffff0000;
/** Txns that a server keeps in memory for learners: forgotten before their count allows it. */
export const commitLogBytesMax = 64 * mib;
/** As much may be kept for learners that are being sent a snapshot. */
export const commitLogHeldBytesMax = 128 * mib;
/** Snapshots that a leader sends at a time; a tree bears twice as many walks, jobs included. */
export const snapshotStreamsMax = 8;
/** Txns that a snapshot may have met while it was walked, and whose digests may be wrong behind it. */
export const fuzzyTxnsMax = 1_000_000;
/** Longest piece of a link's stream, or of a snapshot for the log, in one record of a ring. */
export const linkPieceBytes = 64 * kib;
/** Longest address on an election connection, and longest notification (Apache). */
export const electionAddressBytesMax = 2048;
export const notificationBytesMax = 512 * kib;
/** Servers that dial for elections and are not in the configuration. */
export const electionStrangersMax = 64;
/** Bytes on their way to one of them above which it is told the newest alone, later. */
export const electionUnsentBytesMax = 64 * kib;
/** Longest pause before a server that is needed for a decision is dialed again. */
export const electionRedialMsMax = 2000;
/** Connections of other servers that a listener holds at a time. */
export const linkAcceptedMax = 1024;
/** How long a connection that was closed here may take to send what it still has. */
export const linkLingerMs = 2000;

assert(ringBytesDefault >= 2 * (frameBytesMaxDefault + kib), 'a ring holds the longest frame');
assert(replyPieceBytes * 2 <= ringBytesMin, 'a reply piece fits into the smallest ring');
assert(commitLogHeldBytesMax < linkBacklogBytesMax, 'a learner can be sent the whole history');
assert(zxidCounterMax + outstandingMax < 0xffffffff, 'a leader steps down before its counter ends');
assert(outboundBytesLowWater < outboundBytesHighWater, 'many slow clients get less room than one');
assert(outboundBytesHighWater < outboundBytesPerConnectionMax, 'a slow client is paused first');
