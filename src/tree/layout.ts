/**
 * Every offset and every size of the shared tree, in one place. This file holds numbers and
 * drawings only; whoever reads or writes shared memory takes them from here.
 *
 *   TreeMemory
 *   ├── control       counters, sequence lock, stripes, walkers, list heads of the allocator
 *   ├── directories   hash -> index table (paths, ACL lists); ACL id -> chunk of entries
 *   ├── units         four words of bookkeeping for each 4 KiB unit of the segments
 *   └── segments[]    node records, data blocks, ACL entries, index tables
 *
 * A **ref** names a 16-byte granule: `segment = ref >>> segmentShift`, the rest is the granule in
 * that segment. An int32 so reaches 32 GiB. 0 is "none": unit 0 is never given away.
 * Words are native int32; little-endian machines only (asserted in tree-memory.ts).
 */

// --- Granules, units, segments --------------------------------------------------------------

export const granuleShift = 4;
export const granuleBytes = 1 << granuleShift;
/** `word = granule << granuleWordShift`. */
export const granuleWordShift = granuleShift - 2;
export const unitShift = 12;
export const unitBytes = 1 << unitShift;
/** `unit = ref >>> unitGranuleShift`. */
export const unitGranuleShift = unitShift - granuleShift;
export const segmentBytesMin = 1 << 20;
export const segmentBytesMax = 1 << 30;
export const treeBytesMax = 2 ** 35;
/** Behind each segment, so that the header of any granule can be read without a bounds check. */
export const segmentGuardBytes = 128;

// --- Node record ----------------------------------------------------------------------------
//
//   byte 0                                          64                 64 + path padded to 4
//   ├── header, 16 words ───────────────────────────┼── path, UTF-8 ───┼── image ────────────┤
//
//   header   0 link         next node with the same hash; next free; next deferred block
//            1 prevSibling  (deferred: the ticket)
//            2 nextSibling  4 parent      survive removal while a walk goes on: the walker that
//            3 firstChild                 stands on a removed node finds its way back with them
//            5 childCount
//            6 pathLength (24 bits) | flags << 24
//            7 imageRef     0: the image is in the record; else it is in a block of its own
//            8 aclId        9 cversion (raw)      10, 11 ephemeralOwner (raw)
//           12 CRC state after the path           13 after path and data
//           14 digest of the node                 15 hash of the path
//
//   image    exactly what getData answers: 4 length | data | 68 Stat, all big-endian, and so one
//            copy serves a reply. The Stat is as clients see it: cversion is 2 * raw - children,
//            the owner of containers and TTL nodes is 0.
//
//   A block of its own begins with two words (link, ticket), then the image.

export const nodeHeaderBytes = 64;
export const Node = {
  link: 0,
  prevSibling: 1,
  nextSibling: 2,
  firstChild: 3,
  parent: 4,
  childCount: 5,
  pathAndFlags: 6,
  imageRef: 7,
  aclId: 8,
  cversion: 9,
  ownerHi: 10,
  ownerLo: 11,
  pathCrc: 12,
  dataCrc: 13,
  digest: 14,
  hash: 15,
} as const;
export const nodeHeaderWords = 16;

export const pathLengthMask = 0xffffff;
/** Longest path that a record can hold; ops must refuse longer ones before they become txns. */
export const pathBytesMax = pathLengthMask;
export const NodeFlag = {
  alive: 1 << 24,
  outsideDigest: 1 << 25,
  readableByAnyone: 1 << 26,
} as const;

/** First two words of every block that can wait for a walk to end. */
export const Block = { link: 0, ticket: 1 } as const;
export const imageBlockHeaderBytes = 8;
/** Records longer than this put their image into a block of its own. */
export const recordBytesMax = 4096;
/**
 * Data longer than this is never overwritten while a walk goes on, it gets a new block: so the
 * walker copies it without a lock, and no value is too long to be seen whole.
 */
export const overwriteBytesMax = 2048;

/** Offsets in the wire Stat (`org.apache.zookeeper.data.Stat`). */
export const Stat = {
  czxid: 0,
  mzxid: 8,
  ctime: 16,
  mtime: 24,
  version: 32,
  cversion: 36,
  aversion: 40,
  ephemeralOwner: 44,
  dataLength: 52,
  numChildren: 56,
  pzxid: 60,
} as const;
export const statBytes = 68;
/** Length of the data, in front, and Stat, behind. */
export const imageFrameBytes = 4 + statBytes;

/** Offsets in `StatPersisted`, as snapshots hold it. The first 36 bytes are those of the Stat. */
export const Persisted = {
  czxid: 0,
  mzxid: 8,
  ctime: 16,
  mtime: 24,
  version: 32,
  cversion: 36,
  aversion: 40,
  ephemeralOwner: 44,
  pzxid: 52,
} as const;
export const persistedBytes = 60;

// --- ACL entry ------------------------------------------------------------------------------
//
//   link (same hash) | ticket | id | uses | hash | length (-1: not resolved) | flags | bytes

export const Acl = { link: 0, ticket: 1, id: 2, uses: 3, hash: 4, length: 5, flags: 6 } as const;
export const aclHeaderBytes = 28;
export const aclReadableByAnyone = 1;
/** ACL ids stand in chunks of one unit: entry ref, or `-1 - next free id` while it is free. */
export const aclChunkShift = 10;
export const aclChunksMax = 1 << 18;

// --- Index ----------------------------------------------------------------------------------
//
//   hash   31 ...... 20 19 ............ 0        A full table splits in two, by one more bit of
//          └ slot ────┘ └ directory ───┘         the hash; the directory doubles when it must.
//                                                Growth so costs one table, never all of them.
//   directory[hash & mask] ──► table: 4096 slots of (hash, ref of the first node with that hash)
//
//   All 32 bits serve as an address in the end, and nodes of equal hash share a slot (they are
//   chained by `link`): a table at full depth cannot overflow, whatever paths clients choose.

export const indexDepthMax = 20;
export const tableSlotShift = 12;
export const tableSlots = 1 << tableSlotShift;
export const tableBytes = tableSlots * 8;
/** Slots in use above which a table splits. */
export const tableFillMax = (tableSlots * 3) / 4;

/** Word offsets in `directories`. */
export const Directory = {
  paths: 0,
  acls: 1 << indexDepthMax,
  aclIds: 2 << indexDepthMax,
} as const;
export const directoryBytes = (Directory.aclIds + aclChunksMax) * 4;

// --- Units ----------------------------------------------------------------------------------
//
//   Four words a unit. Word 0 is `kind | value << 4`:
//     free   n      first and last unit of a free run of n units; first: 1 next, 2 previous run
//     run    n      first unit of a run in use; an index table keeps 1 fill and 2 depth there
//     inner         last unit of a run in use
//     span   c, i   i-th of the 16 units of a span of blocks of class c
//            unit 0:  1 blocks in use   2 first free block   3 blocks never used begin here
//            unit 1:  1 next, 2 previous span of the class with a free block

export const unitWordShift = 2;
export const UnitKind = { free: 1, run: 2, inner: 3, span: 4 } as const;
export const unitKindMask = 15;
export const unitValueShift = 4;
export const spanUnits = 16;
export const spanBytes = spanUnits * unitBytes;
/** Class of a span unit: bits 4-11 of word 0; its place in the span: bits 12-15. */
export const spanClassMask = 255;
export const spanPlaceShift = 12;

// --- Control --------------------------------------------------------------------------------
//
//   words    0..   constants                    32..   the observation (one cache line)
//           64..   walks                       128..   allocator, index, ACL ids
//         1024..   stripes: 1024 sequence locks, one for the nodes of `ref & 1023`

export const Control = {
  segmentShift: 0,
  segmentCount: 1,
  hashSeed: 2,

  sequence: 32,
  zxidHi: 33,
  zxidLo: 34,
  digestHi: 35,
  digestLo: 36,
  nodeCount: 37,
  dataBytesHi: 38,
  dataBytesLo: 39,
  root: 40,

  /** Walkers that registered, the number of the last one, and how often the tree was cleared. */
  walkersActive: 64,
  walkTicket: 65,
  generation: 66,
  walkTickets: 80,

  deferredFirst: 128,
  deferredLast: 129,
  deferredBlocks: 130,
  unitsFree: 131,
  unitsTotal: 132,
  pathIndexMask: 136,
  aclIndexMask: 137,
  aclIdNext: 138,
  aclIdFree: 139,
  freeRuns: 160,
  partialSpans: 256,
  freeBlocks: 512,

  stripes: 1024,
} as const;
export const walkersMax = 16;
export const runBuckets = 32;
export const stripeCount = 1024;
export const stripeMask = stripeCount - 1;
export const controlBytes = (Control.stripes + stripeCount) * 4;
