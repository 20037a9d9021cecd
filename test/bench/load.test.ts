/** The load generator with tiny inputs, against our server inside this process. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLoad } from '../../native-free-bench/load/driver.ts';
import { startLoad } from '../../native-free-bench/load/start.ts';
import { type LoadSpec, operationNames } from '../../native-free-bench/load/workload.ts';
import { type EmbeddedServer, startServer } from '../../src/index.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { freePort } from '../support/free-port.ts';

const tiny: Omit<LoadSpec, 'ports' | 'operation'> = {
  host: '127.0.0.1',
  connections: 2,
  depth: 4,
  keys: 20,
  dataBytes: 100,
  warmupSeconds: 0,
  seconds: 0,
  operations: 200,
};

describe('the load generator', () => {
  let server: EmbeddedServer;

  beforeAll(async () => {
    server = await startServer({ port: await freePort(), placement: 'inline' });
  });

  afterAll(() => server.close());

  it.each(operationNames)('gets a right reply to every %s', async (operation) => {
    const result = await runLoad({ ...tiny, ports: [server.port], operation });
    expect(result.firstError).toBeNull();
    expect(result).toMatchObject({ operation, ops: 200, errors: 0, connections: 2, depth: 4 });
    expect(result.p50Us).toBeGreaterThan(0);
    expect(result.p999Us).toBeGreaterThanOrEqual(result.p50Us);
  });

  it('measures for a time, with hundreds of requests in flight', async () => {
    const { operations: _, ...timed } = tiny;
    const spec: LoadSpec = { ...timed, ports: [server.port], operation: 'get', seconds: 0.2 };
    const result = await runLoad({ ...spec, depth: 300, serverPids: [process.pid] });
    expect(result.errors).toBe(0);
    expect(result.ops).toBeGreaterThan(300);
    expect(result.serverCpuUs).not.toBeNull();
  });

  it('runs in a process of its own', async () => {
    const result = await startLoad({ ...tiny, ports: [server.port], operation: 'set' });
    expect(result).toMatchObject({ ops: 200, errors: 0 });
  });
});

/** Answers every request with the header that `answer` makes, and accepts every session. */
async function startStub(answer: (xid: number, type: number) => [number, number]): Promise<Server> {
  const onFrame = (socket: Socket, payload: Buffer, isFirst: boolean): void => {
    const reply = Buffer.alloc(isFirst ? 41 : 20);
    reply.writeInt32BE(reply.byteLength - 4, 0);
    if (isFirst) {
      reply.writeInt32BE(10_000, 8);
      reply.writeInt32BE(16, 20);
    } else {
      const [xid, err] = answer(payload.readInt32BE(0), payload.readInt32BE(4));
      reply.writeInt32BE(xid, 4);
      reply.writeInt32BE(err, 16);
    }
    socket.write(reply);
    if (!isFirst && payload.readInt32BE(4) === OpCode.closeSession) socket.end();
  };
  const stub = createServer((socket) => {
    let rest = Buffer.alloc(0);
    let isFirst = true;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.byteLength >= 4 && rest.byteLength >= 4 + rest.readInt32BE(0)) {
        const end = 4 + rest.readInt32BE(0);
        onFrame(socket, rest.subarray(4, end), isFirst);
        isFirst = false;
        rest = rest.subarray(end);
      }
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => stub.listen(port, '127.0.0.1', resolve));
  return stub;
}

describe('the load generator against a server that is wrong', () => {
  const spec = { ...tiny, keys: 0, operations: 8 };

  async function loadStub(
    operation: LoadSpec['operation'],
    answer: (xid: number, type: number) => [number, number],
  ): Promise<{ errors: number; firstError: string | null }> {
    const stub = await startStub(answer);
    const { port } = stub.address() as { port: number };
    try {
      return await runLoad({ ...spec, ports: [port], operation });
    } finally {
      stub.close();
    }
  }

  it('counts error codes', async () => {
    const result = await loadStub('get', (xid, type) => [xid, type === OpCode.getData ? -101 : 0]);
    expect(result).toMatchObject({ errors: 8, firstError: 'error code -101' });
  });

  it('counts replies out of order', async () => {
    const result = await loadStub('exists', (xid, type) => [type === OpCode.exists ? 77 : xid, 0]);
    expect(result.errors).toBe(8);
    expect(result.firstError).toContain('xid 77');
  });

  it('counts replies of the wrong length', async () => {
    const result = await loadStub('get', (xid) => [xid, 0]);
    expect(result).toMatchObject({ errors: 8, firstError: '20 bytes, not 192' });
  });

  it('counts a right answer as no error', async () => {
    const result = await loadStub('ping', (xid) => [xid, 0]);
    expect(result).toMatchObject({ errors: 0, ops: 8 });
  });
});
