/** What a client of a simulated ensemble asks for: a bit of everything, on few paths. */
import { CreateFlag } from '../../../src/jute/proto.ts';
import { openAcl } from '../../processor/harness.ts';
import type { SimClient } from '../sim-client.ts';
import type { SimRandom } from '../sim-ports.ts';
import type { ClientBook } from './oracle/client-book.ts';

/** Those of which clients share the nodes. */
export const sharedPaths = ['/a', '/b', '/a/x', '/a/y', '/b/x', '/seq'];

const recursive = 1;

export interface RequestParts {
  readonly client: SimClient;
  readonly book: ClientBook;
  readonly random: SimRandom;
  /** Of the client among the others. */
  readonly index: number;
  /** What it writes, different each time. */
  readonly data: string;
  /** What is committed already. */
  readonly committed: bigint;
}

/** One request, of any kind. */
export function askSomething(parts: RequestParts): void {
  const { client, random, index, data } = parts;
  const path = random.pick(sharedPaths);
  switch (random.below(16)) {
    case 0:
    case 1:
      client.create(path, { data });
      return;
    case 2:
    case 3:
    case 4:
      client.setData(path, data);
      return;
    case 5:
      client.create(`${path}/e-`, { data, flags: CreateFlag.ephemeralSequential });
      return;
    case 6:
      client.create(`/own${index}-`, { data, flags: CreateFlag.persistentSequential });
      return;
    case 7:
      client.delete(path);
      return;
    case 8:
      client.multi([
        { kind: 'setData', path, data },
        { kind: 'create', path: `/m${data}`, data },
      ]);
      return;
    case 9:
    case 10:
      read(parts, path, true);
      return;
    case 11:
      client.addWatch(path, recursive);
      parts.book.onAsk(client.lastXid, { kind: 'watch below', path });
      return;
    case 12:
      sync(parts);
      return;
    case 13:
      client.setAcl(path, [...openAcl]);
      return;
    case 14:
      // The first part is undone when the second cannot be.
      client.multi([
        { kind: 'create', path: `/n${data}`, data },
        { kind: 'check', path, version: random.below(4) },
      ]);
      return;
    default:
      if (random.chance(1, 8)) client.closeSession();
      else read(parts, path, false);
  }
}

function read({ client, book }: RequestParts, path: string, watches: boolean): void {
  client.getData(path, watches);
  book.onAsk(client.lastXid, { kind: 'read', path, watches });
}

function sync({ client, book, committed }: RequestParts): void {
  client.sync();
  book.onAsk(client.lastXid, { kind: 'sync', committed });
}
