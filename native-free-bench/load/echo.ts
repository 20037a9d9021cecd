/**
 * A server that is none: it answers each frame of one kind of request with the same reply, patches
 * the xid, and knows nothing else. What it does is what any server in Node must do at the least,
 * so its figures are the reference for reads. It tells its port to the process that started it.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { OpCode } from '../../src/jute/proto.ts';
import { replyHeaderBytes, statBytes } from './requests.ts';
import { valueOfKey } from './values.ts';

const connectReplyBytes = 41;
const dataBytes = Number(process.argv[2]);

const toConnect = frameOf(connectReplyBytes);
toConnect.writeInt32BE(30_000, 8);
toConnect.writeInt32BE(16, 20);
const toOthers = frameOf(replyHeaderBytes);
const toExists = frameOf(replyHeaderBytes + statBytes);
const toGet = frameOf(replyHeaderBytes + 4 + dataBytes + statBytes);
toGet.writeInt32BE(dataBytes, replyHeaderBytes);
toGet.set(valueOfKey(0, dataBytes), replyHeaderBytes + 4);

const server = createServer({ noDelay: true }, serve);
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());

function frameOf(bytes: number): Buffer {
  const frame = Buffer.alloc(bytes);
  frame.writeInt32BE(bytes - 4);
  return frame;
}

function serve(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  let hasSession = false;
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk]);
    const replies: Buffer[] = [];
    let at = 0;
    while (bytes.byteLength - at >= 4 && bytes.byteLength - at >= 4 + bytes.readInt32BE(at)) {
      replies.push(hasSession ? answer(socket, bytes, at) : toConnect);
      hasSession = true;
      at += 4 + bytes.readInt32BE(at);
    }
    rest = bytes.subarray(at);
    socket.write(replies.length === 1 ? replies[0]! : Buffer.concat(replies));
  });
}

function answer(socket: Socket, bytes: Buffer, at: number): Buffer {
  const type = bytes.readInt32BE(at + 8);
  if (type === OpCode.closeSession) socket.end();
  const template = type === OpCode.getData ? toGet : type === OpCode.exists ? toExists : toOthers;
  const reply = Buffer.from(template);
  reply.writeInt32BE(bytes.readInt32BE(at + 4), 4);
  return reply;
}
