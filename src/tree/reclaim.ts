/**
 * When may memory be used again? At once, unless a walk goes on: then a removed block keeps its
 * content until every walk that may stand on it has ended. Holds both ends of that agreement: the
 * walker's registration and the writer's queue of deferred blocks.
 *
 * Why it is safe. A walker takes a ticket, announces itself, and then waits until it has seen an
 * even sequence number. Any section that opens after that finds it announced, and defers. Any
 * section that closed before that had unlinked its blocks already: the walker cannot find them.
 */
import { assert } from '../base/assert.ts';
import type { Allocator } from './allocator.ts';
import { Acl, Block, Control, granuleWordShift, walkersMax } from './layout.ts';
import type { MappedTree } from './tree-memory.ts';

/** Announces a walker; returns its place. Throws when there are too many at a time. */
export function announceWalk(control: Int32Array): number {
  const ticket = Atomics.add(control, Control.walkTicket, 1) + 1;
  for (let place = 0; place < walkersMax; place++) {
    if (Atomics.compareExchange(control, Control.walkTickets + place, 0, ticket) === 0) {
      Atomics.add(control, Control.walkersActive, 1);
      return place;
    }
  }
  throw new Error(`more than ${walkersMax} walks of one tree at a time`);
}

export function endWalk(control: Int32Array, place: number): void {
  Atomics.store(control, Control.walkTickets + place, 0);
  Atomics.sub(control, Control.walkersActive, 1);
}

/** Deferred blocks that a section gives back at the most, so that no section is long for it. */
const releasesPerSection = 64;

/** The writer's side: a queue of blocks through `Block.link`, in the order of their removal. */
export class Reclaimer {
  private readonly map: MappedTree;
  private readonly control: Int32Array;
  private readonly allocator: Allocator;
  private readonly releaseAclId: (id: number) => void;
  private active = 0;
  private ticket = 0;
  /** What `oldest` was found for: it cannot grow while neither of the two changes. */
  private oldestActive = -1;
  private oldestTicket = 0;
  private oldest = 0;

  /** `releaseAclId` is called when the entry of an ACL list is given back. */
  constructor(map: MappedTree, allocator: Allocator, releaseAclId: (id: number) => void) {
    this.map = map;
    this.control = map.control;
    this.allocator = allocator;
    this.releaseAclId = releaseAclId;
  }

  /**
   * Begins a section, after its odd sequence number is stored; returns the number of walkers.
   * The load is half of that store's fence: no write of the section may come before both.
   */
  beginSection(): number {
    this.active = Atomics.load(this.control, Control.walkersActive);
    if (this.active !== 0) this.ticket = Atomics.load(this.control, Control.walkTicket);
    if (this.control[Control.deferredFirst] !== 0) this.release();
    return this.active;
  }

  /** Takes back a block that nothing in the tree points to any more. */
  retire(ref: number): void {
    if (this.active === 0) this.allocator.free(ref);
    else this.defer(ref, this.ticket);
  }

  /** The same for an ACL entry: its id must not name another list before the entry is gone. */
  retireAcl(ref: number): void {
    if (this.active === 0) this.giveBackAcl(ref);
    else this.defer(ref, -this.ticket);
  }

  private defer(ref: number, ticket: number): void {
    const words = this.wordsOf(ref);
    const at = this.wordAt(ref);
    words[at + Block.link] = 0;
    words[at + Block.ticket] = ticket;
    const last = this.control[Control.deferredLast] as number;
    if (last === 0) this.control[Control.deferredFirst] = ref;
    else this.wordsOf(last)[this.wordAt(last) + Block.link] = ref;
    this.control[Control.deferredLast] = ref;
    this.control[Control.deferredBlocks]! += 1;
  }

  private release(): void {
    if (this.active !== this.oldestActive || this.ticket !== this.oldestTicket) this.findOldest();
    for (let count = 0; count < releasesPerSection; count++) {
      const ref = this.control[Control.deferredFirst] as number;
      if (ref === 0) return;
      const words = this.wordsOf(ref);
      const at = this.wordAt(ref);
      const ticket = words[at + Block.ticket] as number;
      if (this.active !== 0 && Math.abs(ticket) >= this.oldest) return;
      const next = words[at + Block.link] as number;
      this.control[Control.deferredFirst] = next;
      if (next === 0) this.control[Control.deferredLast] = 0;
      this.control[Control.deferredBlocks]! -= 1;
      if (ticket < 0) this.giveBackAcl(ref);
      else this.allocator.free(ref);
    }
  }

  /** The smallest ticket of the walks that go on; a smaller one than that would do no harm. */
  private findOldest(): void {
    this.oldestActive = this.active;
    this.oldestTicket = this.ticket;
    this.oldest = Number.POSITIVE_INFINITY;
    for (let place = 0; place < walkersMax; place++) {
      const ticket = Atomics.load(this.control, Control.walkTickets + place);
      if (ticket !== 0) this.oldest = Math.min(this.oldest, ticket);
    }
  }

  private giveBackAcl(ref: number): void {
    const id = this.wordsOf(ref)[this.wordAt(ref) + Acl.id] as number;
    assert(id > 0, 'an ACL entry has an id');
    this.allocator.free(ref);
    this.releaseAclId(id);
  }

  private wordsOf(ref: number): Int32Array {
    return this.map.words[ref >>> this.map.segmentShift] as Int32Array;
  }

  private wordAt(ref: number): number {
    return (ref & this.map.segmentMask) << granuleWordShift;
  }
}
