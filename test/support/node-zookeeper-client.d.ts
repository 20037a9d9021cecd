/** As much of node-zookeeper-client as tests use. */
declare module 'node-zookeeper-client' {
  import type { EventEmitter } from 'node:events';

  type Callback<T> = (error: Error | null, result: T) => void;

  export interface Client extends EventEmitter {
    connect(): void;
    close(): void;
    getSessionId(): Buffer;
    create(path: string, data: Buffer, mode: number, callback: Callback<string>): void;
    exists(path: string, callback: Callback<{ ephemeralOwner: Buffer } | null>): void;
    getData(path: string, callback: Callback<Buffer>): void;
  }

  const zookeeper: {
    createClient(connectString: string, options?: { sessionTimeout?: number }): Client;
  };
  export default zookeeper;
}
