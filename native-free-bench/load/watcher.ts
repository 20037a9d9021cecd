/**
 * Sessions that watch one node, many of them in a process: each costs little more than its socket,
 * so that the time until the last one is told is the server's and not ours.
 */
import { connect, type Socket } from 'node:net';
import { EventType, OpCode, pathWatchRequest, Xid } from '../../src/jute/proto.ts';
import {
  encodeConnectRequest,
  encodeRecord,
  encodeRequest,
} from '../../test/support/raw-client.ts';
import { framed } from '../../test/support/raw-socket.ts';
import { ReplyFrames } from './reply-frames.ts';
import type { Address } from './workload.ts';

const sessionTimeoutMs = 40_000;

export class Watcher {
  /** Called with each notification; it must say that data has changed. */
  onNotified: () => void = () => {};
  private socket!: Socket;
  private waiting: { resolve(): void; reject(error: Error): void } | null = null;
  private hasSession = false;
  private isEnding = false;
  private readonly onError: (error: Error) => void;
  private readonly frames = new ReplyFrames((view, at) => this.onFrame(view, at));

  private constructor(onError: (error: Error) => void) {
    this.onError = onError;
  }

  /** `onError` hears of what goes wrong while nobody waits. */
  static async open({ host, port }: Address, onError: (error: Error) => void): Promise<Watcher> {
    const watcher = new Watcher(onError);
    const callback = (count: number) => {
      watcher.frames.push(count);
      return true;
    };
    const onread = { buffer: ReplyFrames.readBuffer, callback };
    const socket = connect({ host, port, noDelay: true, onread });
    watcher.socket = socket;
    socket.on('error', (error) => watcher.fail(error));
    socket.on('close', () => watcher.fail(new Error('connection closed')));
    await watcher.ask(framed(encodeConnectRequest({ timeoutMs: sessionTimeoutMs })));
    return watcher;
  }

  /** Resolves when the server knows that this session watches the data of the node. */
  watch(path: string): Promise<void> {
    const body = encodeRecord(pathWatchRequest, { path, watch: true });
    return this.ask(framed(encodeRequest(1, OpCode.getData, body)));
  }

  /** Ends session and connection. */
  async close(): Promise<void> {
    this.isEnding = true;
    if (this.socket.destroyed) return;
    await this.ask(framed(encodeRequest(2, OpCode.closeSession, new Uint8Array(0))));
    this.socket.destroy();
  }

  private ask(frame: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(frame);
    });
  }

  private onFrame(view: DataView, at: number): void {
    if (!this.hasSession) {
      this.hasSession = true;
      if (view.getInt32(at + 8) <= 0) this.fail(new Error('the server refused the session'));
      else this.take()?.resolve();
      return;
    }
    const err = view.getInt32(at + 16);
    if (view.getInt32(at + 4) === Xid.notification) this.onEvent(view.getInt32(at + 20));
    else if (err === 0) this.take()?.resolve();
    else this.fail(new Error(`error code ${err}`));
  }

  private onEvent(type: number): void {
    if (type === EventType.nodeDataChanged) this.onNotified();
    else this.fail(new Error(`a notification of type ${type}`));
  }

  private take(): typeof this.waiting {
    const { waiting } = this;
    this.waiting = null;
    return waiting;
  }

  private fail(error: Error): void {
    const waiting = this.take();
    if (waiting !== null && this.isEnding) waiting.resolve();
    else if (waiting !== null) waiting.reject(error);
    else if (!this.isEnding) this.onError(error);
  }
}
