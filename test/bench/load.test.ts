/** The load generator with tiny inputs, against our server inside this process. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLoad } from '../../native-free-bench/load/driver.ts';
import { startLoad } from '../../native-free-bench/load/start.ts';
import {
  type Address,
  type LoadSpec,
  type OperationName,
  operationNames,
} from '../../native-free-bench/load/workload.ts';
import { type EmbeddedServer, startServer } from '../../src/index.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { freePort } from '../support/free-port.ts';

const tiny: Omit<LoadSpec, 'servers' | 'mix'> = {
  connections: 2,
  depth: 4,
  keys: 20,
  dataBytes: 100,
  warmupSeconds: 0,
  seconds: 0,
  requests: 200,
  seed: 1,
};

function at(port: number): Address {
  return { host: '127.0.0.1', port };
}

describe('the load generator', () => {
  let server: EmbeddedServer;

  beforeAll(async () => {
    server = await startServer({ port: await freePort(), placement: 'inline' });
  });

  afterAll(() => server.close());

  it.each(operationNames)('gets a right reply to every %s', async (operation) => {
    const result = await runLoad({ ...tiny, servers: [at(server.port)], mix: { [operation]: 1 } });
    expect(result.firstError).toBeNull();
    expect(result).toMatchObject({ ops: 200, errors: 0, connections: 2, depth: 4 });
    expect(result.p50Us).toBeGreaterThan(0);
    expect(result.p999Us).toBeGreaterThanOrEqual(result.p50Us);
  });

  it('measures for a time, with hundreds of requests in flight', async () => {
    const { requests: _, ...timed } = tiny;
    const spec: LoadSpec = { ...timed, servers: [at(server.port)], mix: { get: 1 }, seconds: 0.2 };
    const result = await runLoad({ ...spec, depth: 300, serverPids: [process.pid] });
    expect(result.errors).toBe(0);
    expect(result.ops).toBeGreaterThan(300);
    expect(result.serverCpuUs).not.toBeNull();
  });

  it('keeps a rate of its own in an open loop, and counts from when requests were due', async () => {
    const spec = { ...tiny, servers: [at(server.port)], mix: { get: 9, set: 1 } };
    const result = await runLoad({ ...spec, ratePerSecond: 5000 });
    expect(result).toMatchObject({ loop: 'open', ops: 200, errors: 0 });
    expect(result.perOperation.map(({ operation }) => operation)).toEqual(['get', 'set']);
    expect(result.latenessP99Us).not.toBeNull();
  });

  it('chooses keys of any size by Zipf, and lists many children', async () => {
    const mix = { get: 4, set: 1, multi: 1, getChildren: 1, createDeleteEphemeral: 1 };
    const load = { ...tiny, mix, children: 300, multiOperations: 10, keyChoice: 'zipf' } as const;
    for (const dataBytes of [0, 3, 100_000]) {
      const result = await runLoad({ ...load, servers: [at(server.port)], dataBytes });
      expect(result.firstError).toBeNull();
      expect(result.ops).toBe(200);
    }
  });

  it('runs in several processes, which start together and make one result', async () => {
    const { requests: _, ...timed } = tiny;
    const spec = { ...timed, servers: [at(server.port)], mix: { get: 1 }, seconds: 0.3 };
    const result = await startLoad({ ...spec, processes: 2, serverPids: [process.pid] });
    expect(result).toMatchObject({ processes: 2, errors: 0 });
    const { opsPerSecond, serverCores } = result.series;
    expect(opsPerSecond.length).toBeGreaterThan(0);
    expect(serverCores).toHaveLength(opsPerSecond.length);
    expect(result.perOperation).toMatchObject([{ operation: 'get', ops: result.ops }]);
    expect(result.latencyUs.at(-1)).toEqual([100, result.maxUs]);
  });

  it('says why a session could not be opened', async () => {
    const settings = { maxClientCnxns: 1 };
    const strict = await startServer({ port: await freePort(), placement: 'inline', settings });
    const load = startLoad({ ...tiny, servers: [at(strict.port)], mix: { exists: 1 } });
    await expect(load).rejects.toThrow('of 2 could not be opened');
    await strict.close();
  });

  it('runs in a process of its own', async () => {
    const result = await startLoad({ ...tiny, servers: [at(server.port)], mix: { set: 1 } });
    expect(result).toMatchObject({ ops: 200, errors: 0 });
  });
});

/**
 * Answers every request with the header that `answer` makes, and those for data with `body` too;
 * accepts every session.
 */
async function startStub(
  answer: (xid: number, type: number) => [number, number],
  body: Buffer = Buffer.alloc(0),
): Promise<Server> {
  const onFrame = (socket: Socket, payload: Buffer, isFirst: boolean): void => {
    const isGet = !isFirst && payload.readInt32BE(4) === OpCode.getData;
    const reply = Buffer.concat([Buffer.alloc(isFirst ? 41 : 20), isGet ? body : Buffer.alloc(0)]);
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
  const spec = { ...tiny, keys: 0, requests: 8 };

  async function loadStub(
    operation: OperationName,
    answer: (xid: number, type: number) => [number, number],
    body?: Buffer,
  ): Promise<{ errors: number; firstError: string | null }> {
    const stub = await startStub(answer, body);
    const { port } = stub.address() as { port: number };
    try {
      return await runLoad({ ...spec, servers: [at(port)], mix: { [operation]: 1 } });
    } finally {
      stub.close();
    }
  }

  it('counts error codes', async () => {
    const result = await loadStub('get', (xid, type) => [xid, type === OpCode.getData ? -101 : 0]);
    expect(result).toMatchObject({ errors: 8, firstError: 'error code -101 to get' });
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

  it('counts values of another key', async () => {
    const body = Buffer.alloc(4 + 100 + 68, 7);
    body.writeInt32BE(100);
    const result = await loadStub('get', (xid) => [xid, 0], body);
    expect(result).toMatchObject({ errors: 8, firstError: 'a value of another key' });
  });

  it('counts a right answer as no error', async () => {
    const result = await loadStub('ping', (xid) => [xid, 0]);
    expect(result).toMatchObject({ errors: 0, ops: 8 });
  });
});
