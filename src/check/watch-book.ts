/**
 * Stage H: keeps, along the log, which connection waits for what, and compares the events that
 * were due with those that came. For watches that a read leaves (getData, exists, getChildren), which
 * fire once, and for those of addWatch, which stay; a recorder sets none again on a new connection.
 * Events without a zxid are matched in their order.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { hex64 } from '../base/zxid.ts';
import { addWatchRequest, EventType, OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import type { Findings } from './findings.ts';
import { type Change, parentOf } from './model-tree.ts';
import {
  isAnswered,
  type Notification,
  type Operation,
  pathOf,
  type Run,
  tellOperation,
} from './run.ts';

interface Due extends Change {
  readonly zxid: bigint;
}

/** Of addWatch; 0 is persistent, and not recursive (Apache `AddWatchMode`). */
const recursiveMode = 1;

type Armed = Map<string, Set<number>>;

export class WatchBook {
  private readonly data: Armed = new Map();
  private readonly children: Armed = new Map();
  private readonly persistent: Armed = new Map();
  private readonly recursive: Armed = new Map();
  private readonly due = new Map<number, Due[]>();

  /** A read with its watch flag set was answered. */
  onRead(operation: Operation): void {
    const { type, err, request, line } = operation;
    if (type === OpCode.addWatch && err === 0) {
      const { path, mode } = addWatchRequest.read(new JuteReader(request!));
      arm(mode === recursiveMode ? this.recursive : this.persistent, path!, line);
      return;
    }
    const isExists = type === OpCode.exists;
    const isChildren = type === OpCode.getChildren || type === OpCode.getChildren2;
    if (!isExists && !isChildren && type !== OpCode.getData) return;
    if (err !== 0 && !(isExists && err === ErrorCode.noNode)) return;
    if (request?.at(-1) !== 1) return;
    arm(isChildren ? this.children : this.data, pathOf(operation)!, line);
  }

  onChange(change: Change, zxid: bigint): void {
    const { type, path } = change;
    const lines = new Set<number>();
    if (type !== EventType.nodeChildrenChanged) take(this.data, path, lines);
    const concernsChildren =
      type === EventType.nodeChildrenChanged || type === EventType.nodeDeleted;
    if (concernsChildren) take(this.children, path, lines);
    for (const line of this.persistent.get(path) ?? []) lines.add(line);
    if (type !== EventType.nodeChildrenChanged) this.tellAbove(path, lines);
    for (const line of lines) {
      const due = this.due.get(line);
      if (due === undefined) this.due.set(line, [{ ...change, zxid }]);
      else due.push({ ...change, zxid });
    }
  }

  /** Recursive watches hear of their node and of all below, and never of changed children. */
  private tellAbove(path: string, lines: Set<number>): void {
    if (this.recursive.size === 0) return;
    for (let above = path; ; above = parentOf(above)) {
      for (const line of this.recursive.get(above) ?? []) lines.add(line);
      if (above === '/') return;
    }
  }

  /** After the whole log: what came against what was due, connection by connection. */
  close(run: Run, findings: Findings): void {
    const came = groupByLine(run.notifications);
    const answers = groupByLine(run.operations.filter(isAnswered));
    for (const line of new Set([...this.due.keys(), ...came.keys()])) {
      const notes = came.get(line) ?? [];
      const replies = answers.get(line) ?? [];
      const left = new Set(this.due.get(line));
      for (const note of notes) settle(note, left, findings);
      for (const due of left) checkNotLost(due, replies, findings);
      checkPlaces(notes, replies, findings);
    }
  }
}

function arm(armed: Armed, path: string, line: number): void {
  const lines = armed.get(path);
  if (lines === undefined) armed.set(path, new Set([line]));
  else lines.add(line);
}

function take(armed: Armed, path: string, lines: Set<number>): void {
  for (const line of armed.get(path) ?? []) lines.add(line);
  armed.delete(path);
}

function groupByLine<T extends { readonly line: number; readonly position: number }>(
  items: readonly T[],
): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(item.line);
    if (group === undefined) groups.set(item.line, [item]);
    else group.push(item);
  }
  for (const group of groups.values()) group.sort((a, b) => a.position - b.position);
  return groups;
}

function settle(note: Notification, left: Set<Due>, findings: Findings): void {
  for (const due of left) {
    const isIt = due.type === note.type && due.path === note.path;
    if (!isIt || (note.zxid >= 0n && note.zxid !== due.zxid)) continue;
    left.delete(due);
    return;
  }
  findings.add('H', () => `not due: ${tellNote(note)}`);
}

/** An event may be missing when its connection was lost before it could come. */
function checkNotLost(due: Due, replies: readonly Operation[], findings: Findings): void {
  const witness = replies.find(({ zxid }) => zxid >= due.zxid);
  if (witness === undefined) return;
  findings.add('H', () => {
    const what = `event ${due.type} of ${due.path} at ${hex64(due.zxid)}`;
    return `${what} never came, but ${tellOperation(witness)}`;
  });
}

/** An event leaves before whatever shows its change, and behind the events of earlier changes. */
function checkPlaces(
  notes: readonly Notification[],
  replies: readonly Operation[],
  findings: Findings,
): void {
  let next = 0;
  let seen: Operation | null = null;
  let before: Notification | null = null;
  for (const note of notes) {
    const last = before;
    before = note;
    if (last !== null && note.zxid >= 0n && note.zxid < last.zxid) {
      findings.add('H', () => `${tellNote(note)} came behind ${tellNote(last)}`);
    }
    while (next < replies.length && replies[next]!.position < note.position) {
      const reply = replies[next++]!;
      if (seen === null || reply.zxid > seen.zxid) seen = reply;
    }
    if (note.zxid < 0n || seen === null || seen.zxid < note.zxid) continue;
    const early = seen;
    findings.add('H', () => `${tellNote(note)} came behind ${tellOperation(early)}`);
  }
}

function tellNote({ client, type, path, zxid }: Notification): string {
  return `${client}: event ${type} of ${path} at ${hex64(zxid)}`;
}
