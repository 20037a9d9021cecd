/** Finding path and data of a setData request, in place and as values. */
import { OpCode, requestHeader, setDataRequest } from '../../../src/jute/proto.ts';
import { JuteReader } from '../../../src/jute/reader.ts';
import { JuteWriter } from '../../../src/jute/writer.ts';
import { benchPaths, type Subject } from '../subject.ts';

const frames = 64;
const dataBytes = 100;

function setDataFrames(): Uint8Array[] {
  const data = new Uint8Array(dataBytes).fill(7);
  return benchPaths(frames).map((path, xid) => {
    const writer = new JuteWriter();
    requestHeader.write(writer, { xid, type: OpCode.setData });
    setDataRequest.write(writer, { path: path.toString(), data, version: -1 });
    return writer.finish().slice();
  });
}

export const requests: Subject = {
  name: 'jute/reader',
  prepare: () => {
    const all = setDataFrames();
    const views = all.map((bytes) => new DataView(bytes.buffer));
    const reader = new JuteReader();
    return [
      {
        name: 'setData request, header, path and data',
        operations: frames,
        run() {
          let sum = 0;
          for (let i = 0; i < frames; i++) {
            const bytes = all[i]!;
            reader.reset(bytes, views[i]!, 0, bytes.byteLength);
            sum += reader.readInt() + reader.readInt();
            const pathBytes = reader.readLength();
            sum += pathBytes + bytes[reader.skip(pathBytes)]!;
            const length = reader.readLength();
            sum += length + bytes[reader.skip(length)]! + reader.readInt();
          }
          return sum;
        },
        reference() {
          let sum = 0;
          for (const bytes of all) {
            const input = new JuteReader(bytes);
            const { xid, type } = requestHeader.read(input);
            const { path, data, version } = setDataRequest.read(input);
            sum += xid + type + path!.length + path!.charCodeAt(0);
            sum += data!.byteLength + data![0]! + version;
          }
          return sum;
        },
      },
    ];
  },
};
