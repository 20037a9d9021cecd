/** Servers that we start ourselves and fill with znodes. */
import { readdirSync, rmSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.ts';
import type { ServerProcess } from '../../test/support/server-process.ts';
import { processRssBytes } from '../load/process-usage.ts';
import { type OwnContender, type RunningServer, runningOf } from './contender.ts';
import { checkedLoad, limitsOf, whereOf } from './load-cases.ts';
import type { Turn } from './own-scenario.ts';
import type { BenchSize } from './size.ts';

/** No snapshot but those at the start: far more transactions than a bench makes. */
export const noSnapshots = { snapCount: String(2 ** 30) };
export const nodeDataBytes = 100;

/** More than any server here takes for a znode. */
const hugeBytesPerNode = 1000;
const snapshotLimitMs = 300_000;
const connections = 8;
const depth = 64;

/** Creates `nodes` znodes of 100 bytes each. */
export async function createNodes(
  server: RunningServer,
  nodes: number,
  size: BenchSize,
): Promise<void> {
  await checkedLoad({
    ...whereOf(server),
    ...{ mix: { create: 1 }, connections, depth, keys: 0, dataBytes: nodeDataBytes },
    ...limitsOf(size),
    ...{ seed: size.seed, warmupSeconds: 0, seconds: 0, requests: nodes },
  });
}

export interface OwnServerOptions {
  readonly settings?: Record<string, string>;
  /** It prints its pauses, which costs it a little memory. */
  readonly tellsPauses?: boolean;
}

/** A server and its directory for as long as somebody measures it; it may be started again. */
export class OwnServer {
  process: ServerProcess;
  running: RunningServer;
  private readonly contender: OwnContender;
  private readonly runtimeArgs: readonly string[];

  private constructor(
    contender: OwnContender,
    process: ServerProcess,
    runtimeArgs: readonly string[],
  ) {
    this.contender = contender;
    this.process = process;
    this.running = runningOf(process);
    this.runtimeArgs = runtimeArgs;
  }

  static async start(contender: OwnContender, options: OwnServerOptions = {}): Promise<OwnServer> {
    const { settings = {}, tellsPauses = false } = options;
    const runtimeArgs = tellsPauses ? contender.pauseArgs : [];
    const process = await contender.start({ settings, runtimeArgs });
    return new OwnServer(contender, process, runtimeArgs);
  }

  get rssBytes(): number {
    return processRssBytes(this.process.pid);
  }

  /** Kills it and starts it on the same directory. Returns how long it took until it served, ms. */
  async restart(settings: Record<string, string> = {}): Promise<number> {
    const { dataDir } = this.process;
    await this.process.kill();
    const { runtimeArgs } = this;
    this.process = await this.contender.start({ dataDir, settings, runtimeArgs });
    this.running = runningOf(this.process);
    return this.process.startMs;
  }

  /** Names of the snapshots that are whole. */
  get snapshots(): string[] {
    return this.snapshotsBegun.filter((name) => /^snapshot\.[0-9a-f]+$/.test(name));
  }

  /** Those that are being written as well. */
  get snapshotsBegun(): string[] {
    const names = readdirSync(join(this.process.dataDir, 'version-2'));
    return names.filter((name) => name.startsWith('snapshot.'));
  }

  /** Resolves when there is a whole snapshot that is not among these. */
  async newSnapshot(before: readonly string[]): Promise<void> {
    const isNew = () => (this.snapshots.some((name) => !before.includes(name)) ? true : null);
    await eventually('a new snapshot', isNew, snapshotLimitMs);
  }

  /** Ends it and removes its directory. */
  async release(): Promise<void> {
    await this.process.kill();
    rmSync(this.process.dataDir, { recursive: true, force: true });
  }
}

/** Huge states are for servers whose memory has no fixed limit, and once in a run. */
export function hasRoomFor(
  { name }: OwnContender,
  { step, about }: Turn<{ readonly nodes: number }>,
): boolean {
  const hasMemory = freemem() > step.nodes * hugeBytesPerNode;
  return about.repeat === 0 && name === 'ringkeeper' && hasMemory;
}
