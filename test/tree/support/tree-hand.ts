/**
 * A tree with a handle for tests: paths are strings, zxids are bigints, ACLs have names. Every
 * call is a section and a txn of its own unless it is made inside `section`.
 */
import { highHalf, joinHalves, lowHalf } from '../../../src/base/zxid.ts';
import { type Acl, aclVector, type Stat, stat } from '../../../src/jute/data.ts';
import { JuteReader } from '../../../src/jute/reader.ts';
import { JuteWriter } from '../../../src/jute/writer.ts';
import { aclIdOpen } from '../../../src/tree/acl-table.ts';
import { plainEphemeralTypes } from '../../../src/tree/ephemeral-type.ts';
import { createTreeMemory, type TreeMemory } from '../../../src/tree/tree-memory.ts';
import type { TreeView } from '../../../src/tree/tree-view.ts';
import { TreeWriter } from '../../../src/tree/tree-writer.ts';

const mib = 1 << 20;

export const acls = {
  open: aclBytes([{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]),
  config: aclBytes([{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]),
  ann: aclBytes([{ perms: 31, id: { scheme: 'digest', id: 'ann:x' } }]),
  bob: aclBytes([
    { perms: 1, id: { scheme: 'digest', id: 'bob:y' } },
    { perms: 2, id: { scheme: 'world', id: 'anyone' } },
  ]),
  read: aclBytes([
    { perms: 4, id: { scheme: 'ip', id: '10.0.0.1' } },
    { perms: 1, id: { scheme: 'world', id: 'anyone' } },
  ]),
} as const;
export type AclName = keyof typeof acls;

export function aclBytes(list: Acl[] | null): Uint8Array {
  const writer = new JuteWriter();
  aclVector.write(writer, list);
  return writer.finish().slice();
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export class TreeHand {
  readonly memory: TreeMemory;
  readonly writer: TreeWriter;
  zxid = 0n;
  private isInSection = false;

  constructor(bytesMax = 4 * mib, segmentBytes = mib, ephemeralTypes = plainEphemeralTypes) {
    this.memory = createTreeMemory({ bytesMax, segmentBytes, hashSeed: 77 });
    this.writer = new TreeWriter(this.memory, ephemeralTypes);
    this.writer.createSystemNodes();
  }

  /** Everything inside is one section with one zxid. */
  section<T>(body: () => T): T {
    if (this.isInSection) return body();
    this.zxid += 1n;
    this.isInSection = true;
    this.writer.openSection();
    const time = this.time();
    this.writer.beginTxn(highHalf(this.zxid), lowHalf(this.zxid), highHalf(time), lowHalf(time));
    try {
      return body();
    } finally {
      this.writer.closeSection(highHalf(this.zxid), lowHalf(this.zxid));
      this.isInSection = false;
    }
  }

  /** Time of the present txn: it does not fit into 32 bits. */
  time(): bigint {
    return 0x1_8000_0000n + this.zxid;
  }

  find(path: string): number {
    return find(this.writer, path);
  }

  mustFind(path: string): number {
    const ref = this.find(path);
    if (ref === 0) throw new Error(`no node ${path}`);
    return ref;
  }

  create(
    path: string,
    data: Uint8Array | string | null = '',
    acl: AclName = 'open',
    owner = 0n,
  ): number {
    return this.section(() => {
      const bytes = typeof data === 'string' ? bytesOf(data) : data;
      const parent = this.mustFind(path.slice(0, path.lastIndexOf('/')));
      const ref = this.writer.create(
        parent,
        ...rangeOf(path),
        bytes,
        0,
        bytes?.length ?? -1,
        this.aclId(acl),
        highHalf(owner),
        lowHalf(owner),
      );
      this.writer.raiseParent(parent, -1);
      return ref;
    });
  }

  remove(path: string): void {
    this.section(() => this.writer.remove(this.mustFind(path)));
  }

  setData(path: string, data: Uint8Array | string | null, version = 1): void {
    const bytes = typeof data === 'string' ? bytesOf(data) : data;
    this.section(() => {
      this.writer.setData(this.mustFind(path), bytes, 0, bytes?.length ?? -1, version);
    });
  }

  setAcl(path: string, acl: AclName, aversion: number): void {
    this.section(() => this.writer.setAcl(this.mustFind(path), this.aclId(acl), aversion));
  }

  aclId(name: AclName): number {
    return this.writer.acls.intern(acls[name], 0, acls[name].length);
  }

  digest(): bigint {
    return BigInt.asUintN(64, joinHalves(this.writer.digestHi, this.writer.digestLo));
  }
}

/** The path somewhere in the middle of other bytes, as requests have it. */
export function rangeOf(path: string): [Uint8Array, number, number] {
  const bytes = bytesOf(`xyz${path}/tail`);
  return [bytes, 3, bytes.length - 5];
}

export function find(view: TreeView, path: string): number {
  return view.find(...rangeOf(path));
}

export function readData(view: TreeView, ref: number): Uint8Array | null {
  const length = view.dataLength(ref);
  if (length === -1) return null;
  const out = new Uint8Array(length);
  view.writeData(ref, out, 0);
  return out;
}

export function readStat(view: TreeView, ref: number): Stat {
  const out = new Uint8Array(68);
  view.writeStat(ref, out, 0);
  return stat.read(new JuteReader(out));
}

export function readPath(view: TreeView, ref: number): string {
  const out = new Uint8Array(view.pathLength(ref));
  view.writePath(ref, out, 0);
  return new TextDecoder().decode(out);
}

export function readChildren(view: TreeView, ref: number): string[] {
  const names: string[] = [];
  for (let child = view.firstChild(ref); child !== 0; child = view.nextSibling(child)) {
    const out = new Uint8Array(view.nameLength(child));
    view.writeName(child, out, 0);
    names.push(new TextDecoder().decode(out));
  }
  return names.sort();
}

export function aclNameOf(view: TreeView, ref: number): AclName | 'unknown' {
  const id = view.aclId(ref);
  if (id === aclIdOpen) return 'open';
  const range = view.acls.bytesOf(id);
  if (range === null) return 'unknown';
  const bytes = range.bytes.slice(range.start, range.end);
  for (const [name, list] of Object.entries(acls)) {
    if (Buffer.compare(bytes, list) === 0) return name as AclName;
  }
  return 'unknown';
}
