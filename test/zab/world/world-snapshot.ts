/** The state of a simulated replica, a list of txns, as the snapshot stream of a tree: a node each. */
import { JuteReader } from '../../../src/jute/reader.ts';
import { JuteWriter } from '../../../src/jute/writer.ts';
import { readTxn, type WorldTxn } from './txns.ts';

const statBytes = 60;

/** Without "BenWasHere". */
export function writeSnapshot(txns: readonly WorldTxn[]): Uint8Array {
  const out = new JuteWriter();
  out.writeInt(1);
  out.writeLong(7n);
  out.writeInt(4000);
  out.writeInt(1);
  out.writeLong(1n);
  out.writeInt(1);
  out.writeInt(31);
  out.writeString('world');
  out.writeString('anyone');
  for (const [index, txn] of txns.entries()) {
    out.writeString(index === 0 ? '' : `/t${index}`);
    out.writeBuffer(txn.bytes);
    out.writeLong(-1n);
    out.writeRaw(new Uint8Array(statBytes));
  }
  out.writeString('/');
  return out.finish().slice();
}

export function readSnapshot(bytes: Uint8Array): WorldTxn[] {
  const reader = new JuteReader(bytes);
  reader.skip(reader.readInt() * 12);
  for (let acls = reader.readInt(); acls > 0; acls--) {
    reader.skip(8);
    for (let entries = reader.readInt(); entries > 0; entries--) {
      reader.skip(4);
      reader.skipBuffer();
      reader.skipBuffer();
    }
  }
  const txns: WorldTxn[] = [];
  while (reader.readString() !== '/') {
    const data = reader.readBuffer() as Uint8Array;
    txns.push(readTxn(data, 0, data.byteLength));
    reader.skip(8 + statBytes);
  }
  if (reader.remaining() !== 0) throw new Error('bytes behind the snapshot');
  return txns;
}
