/** What each kind of fault does to the world, and how it ends. */
import { type Fault, whoLeads } from './ensemble-plan.ts';
import { hostOf } from './ensemble-settings.ts';
import type { EnsembleWorld } from './ensemble-world.ts';
import type { Member } from './member.ts';

/** How much longer a disk takes that stalls. */
const stallUs = 300_000;

type MemberFault = Extract<Fault, { readonly member: number }>;

export function strike(world: EnsembleWorld, fault: Fault): void {
  switch (fault.kind) {
    case 'power of all':
      for (const member of world.members) {
        member.powerOff(fault.policy);
        world.bootLater(member, 100 + 50 * member.index);
      }
      return;
    case 'cut':
      cut(world, hostOf(memberAt(world, fault.from)?.index ?? 0), hostOf(fault.to), fault.forMs);
      return;
    default: {
      // Faults of members that the plan has no more do nothing.
      const member = memberAt(world, fault.member);
      if (member !== undefined) strikeMember(world, member, fault);
    }
  }
}

function memberAt({ members }: EnsembleWorld, place: number): Member | undefined {
  if (place !== whoLeads) return members[place];
  return members.find(({ process }) => process?.leads) ?? members[0];
}

function strikeMember(world: EnsembleWorld, member: Member, fault: MemberFault): void {
  switch (fault.kind) {
    case 'kill':
      member.kill();
      world.bootLater(member, fault.forMs);
      return;
    case 'stop':
      member.stop();
      world.bootLater(member, fault.forMs);
      return;
    case 'power':
      member.powerOff(fault.policy);
      world.bootLater(member, fault.forMs);
      return;
    case 'wipe':
      if (!world.isHeldByAllBut(member)) return;
      member.wipe();
      world.bootLater(member, 100);
      return;
    case 'pause':
      member.pause();
      after(world, fault.forMs, () => member.goOn());
      return;
    case 'clock':
      member.clock.jump(fault.byMs);
      return;
    case 'isolate':
      isolate(world, member, fault);
      return;
    default:
      strikeDisk(world, member, fault);
  }
}

type DiskFault = Extract<Fault, { kind: 'crash in effect' | 'disk fails' | 'disk stalls' }>;

function strikeDisk(world: EnsembleWorld, member: Member, fault: DiskFault): void {
  const { disk } = member;
  switch (fault.kind) {
    case 'crash in effect':
      disk.crashAt = { effect: disk.effects + fault.after, moment: fault.moment };
      member.plannedEnd = { how: fault.policy, forMs: fault.forMs };
      return;
    case 'disk fails':
      disk.failures.set(disk.effects + fault.after, fault.code);
      member.plannedEnd = { how: 'kill', forMs: fault.forMs };
      return;
    case 'disk stalls':
      member.stallUs = stallUs;
      after(world, fault.forMs, () => {
        member.stallUs = 0;
      });
  }
}

function isolate(
  world: EnsembleWorld,
  { index, host }: Member,
  { way, forMs }: Extract<Fault, { kind: 'isolate' }>,
): void {
  for (const other of world.members) {
    if (other.index === index) continue;
    if (way !== 'in') cut(world, host, other.host, forMs);
    if (way !== 'out') cut(world, other.host, host, forMs);
  }
}

function cut(world: EnsembleWorld, from: string, to: string, forMs: number): void {
  world.net.cut(from, to);
  after(world, forMs, () => world.net.heal(from, to));
}

function after({ timeline }: EnsembleWorld, forMs: number, end: () => void): void {
  timeline.after(forMs * 1000, end);
}
