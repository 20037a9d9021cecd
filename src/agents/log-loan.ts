/**
 * The end of the log while it is lent to the ensemble's thread, with what the log agent must know
 * and what it must be asked for: a snapshot after so many txns, so many bytes. The cells belong to
 * the one who has the log at the moment, see `src/ring/loan.ts`.
 */
import type { Loan } from '../ring/loan.ts';
import type { LogEnd } from '../storage/txn-log-writer.ts';

const Cell = {
  fileHi: 0,
  fileLo: 1,
  position: 2,
  roomEnd: 3,
  lastHi: 4,
  lastLo: 5,
  txnsLeft: 6,
  bytesLeft: 7,
  syncMs: 8,
} as const;

export class LogLoan implements LogEnd {
  readonly loan: Loan;
  private readonly cells: Float64Array;

  constructor(loan: Loan) {
    this.loan = loan;
    this.cells = loan.cells;
  }

  get fileHi(): number {
    return this.cells[Cell.fileHi]!;
  }

  set fileHi(half: number) {
    this.cells[Cell.fileHi] = half;
  }

  get fileLo(): number {
    return this.cells[Cell.fileLo]!;
  }

  set fileLo(half: number) {
    this.cells[Cell.fileLo] = half;
  }

  get position(): number {
    return this.cells[Cell.position]!;
  }

  set position(position: number) {
    this.cells[Cell.position] = position;
  }

  get roomEnd(): number {
    return this.cells[Cell.roomEnd]!;
  }

  set roomEnd(position: number) {
    this.cells[Cell.roomEnd] = position;
  }

  get lastHi(): number {
    return this.cells[Cell.lastHi]!;
  }

  set lastHi(half: number) {
    this.cells[Cell.lastHi] = half;
  }

  get lastLo(): number {
    return this.cells[Cell.lastLo]!;
  }

  set lastLo(half: number) {
    this.cells[Cell.lastLo] = half;
  }

  /** Txns that may be written before the log has to look whether a snapshot is due. */
  get txnsLeft(): number {
    return this.cells[Cell.txnsLeft]!;
  }

  set txnsLeft(txns: number) {
    this.cells[Cell.txnsLeft] = txns;
  }

  /** The same for bytes of payloads. */
  get bytesLeft(): number {
    return this.cells[Cell.bytesLeft]!;
  }

  set bytesLeft(bytes: number) {
    this.cells[Cell.bytesLeft] = bytes;
  }

  /** How long a sync has taken lately. The one cell that may be read by others: it is a hint. */
  get syncMs(): number {
    return this.cells[Cell.syncMs]!;
  }

  set syncMs(ms: number) {
    this.cells[Cell.syncMs] = ms;
  }
}
