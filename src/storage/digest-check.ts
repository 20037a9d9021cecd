/**
 * Compares the tree that a replay makes with the digests that the logs and the snapshot carry. It
 * judges digests only; which records are compared, and when, is for `log-replay.ts` to say.
 */
import type { Logger } from '../base/ports.ts';
import { joinHalves, type Zxid } from '../base/zxid.ts';
import { RecoveryError, type RecoverySink, restoreAdvice } from './recovery-sink.ts';

/** A record whose digest is not that of the tree, as long as no later one fits again. */
interface Doubt {
  readonly file: string;
  readonly offset: number;
  readonly zxid: Zxid;
  readonly message: string;
}

export class DigestCheck {
  private readonly state: RecoverySink;
  private readonly logger: Logger;
  private readonly ignoreMismatch: boolean;
  private doubt: Doubt | null = null;

  constructor(state: RecoverySink, logger: Logger, ignoreMismatch: boolean) {
    this.state = state;
    this.logger = logger;
    this.ignoreMismatch = ignoreMismatch;
  }

  /**
   * Notes what does not fit. It is no fault of the tree when a later txn has the digest of the
   * tree again: of a container that a client asks for with another flag, Apache expects another
   * owner than it then has, and so logs a digest that is nobody's.
   */
  compare(expected: bigint, file: string, offset: number, zxid: Zxid): void {
    const { hi, lo } = this.state.treeDigest();
    const found = joinHalves(hi, lo);
    if (found === expected) {
      this.dispelDoubt(zxid);
      return;
    }
    const message = `the tree has digest ${found}, the server that wrote this had ${expected}`;
    if (!this.ignoreMismatch) this.doubt ??= { file, offset, zxid, message };
    else this.logger.error({ file, offset, zxid: `0x${zxid.toString(16)}` }, message);
  }

  /** Throws `RecoveryError` for the first of the records that nothing has cleared. */
  settle(): void {
    if (this.doubt === null) return;
    const { file, offset, zxid, message } = this.doubt;
    const why = `${message}: this is not the history that was acknowledged; ${restoreAdvice}`;
    throw new RecoveryError('digest', { file, offset, zxid }, why);
  }

  private dispelDoubt(now: Zxid): void {
    if (this.doubt === null) return;
    const { file, offset, zxid, message } = this.doubt;
    this.doubt = null;
    this.logger.warn(
      { file, offset, zxid: `0x${zxid.toString(16)}` },
      `${message}; at 0x${now.toString(16)} both have the same again`,
    );
  }
}
