/**
 * Reads that the front answers itself, from request bytes to reply bytes, out of the shared tree.
 * Data, Stat and the zxid of a reply come from one observation: the tree's sequence lock tells
 * whether the keeper wrote meanwhile, and then the read starts over or takes the ring.
 */
import { Identities } from '../auth/identity.ts';
import type { SchemeTable } from '../auth/schemes.ts';
import { ErrorCode } from '../base/error-codes.ts';
import {
  fastReadChildrenMax,
  fastReadTriesMax,
  replyHeaderBytes,
  requestHeaderBytes,
} from '../base/limits.ts';
import { JuteError } from '../jute/jute-error.ts';
import { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { type ReadContext, type ReadOp, readElsewhere } from '../ops/contexts.ts';
import type { SharedStatus } from '../state/shared-status.ts';
import type { TreeView } from '../tree/tree-view.ts';

export class FrontReads {
  private readonly tree: TreeView;
  private readonly status: SharedStatus;
  private readonly reader = new JuteReader();
  private readonly context: { -readonly [K in keyof ReadContext]: ReadContext[K] };

  constructor(tree: TreeView, schemes: SchemeTable, status: SharedStatus) {
    this.tree = tree;
    this.status = status;
    this.context = { tree, schemes, identities: Identities.none, nodesMax: fastReadChildrenMax };
  }

  /**
   * Appends a whole reply frame to `out`. Returns false, with `out` as it was, when the keeper has
   * to answer instead. The request is `bytes[start..end)`, its header included.
   */
  tryRead(
    op: ReadOp,
    identities: Identities,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    out: JuteWriter,
  ): boolean {
    const { tree, reader } = this;
    const mark = out.offset;
    this.context.identities = identities;
    for (let tries = 0; tries < fastReadTriesMax; tries++) {
      const sequence = tree.beginRead();
      if (sequence < 0) continue;
      out.offset = mark;
      out.reserve(4 + replyHeaderBytes);
      reader.reset(bytes, view, start + requestHeaderBytes, end);
      const err = this.attempt(op, out);
      const zxidHi = tree.lastZxidHi;
      const zxidLo = tree.lastZxidLo;
      if (!tree.endRead(sequence) || err === torn) continue;
      if (this.status.readGateClosed || err === readElsewhere) break;
      if (err !== ErrorCode.ok) out.offset = mark + 4 + replyHeaderBytes;
      writeReplyHeader(out, mark, view.getInt32(start), zxidHi, zxidLo, err);
      return true;
    }
    out.offset = mark;
    return false;
  }

  private attempt(op: ReadOp, out: JuteWriter): number {
    try {
      return op(this.context, this.reader, out);
    } catch (error) {
      if (error instanceof JuteError) return ErrorCode.marshallingError;
      // A torn value led out of bounds; the sequence lock decides, and a second try is made.
      if (error instanceof RangeError) return torn;
      throw error;
    }
  }
}

/** No error code: the observation met a value that was being written. */
const torn = 2;

/** Fills in the length and the ReplyHeader of the frame that begins at `mark`. */
export function writeReplyHeader(
  out: JuteWriter,
  mark: number,
  xid: number,
  zxidHi: number,
  zxidLo: number,
  err: number,
): void {
  const { view } = out;
  view.setInt32(mark, out.offset - mark - 4);
  view.setInt32(mark + 4, xid);
  view.setInt32(mark + 8, zxidHi);
  view.setInt32(mark + 12, zxidLo);
  view.setInt32(mark + 16, err);
}
