/**
 * Runs a peer program against a server of its own and reports how each step went. When the peer
 * asks for it, the server is killed and started again on the same directory and port.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTarget, targetName } from '../../support/target-server.ts';
import { steps } from './steps.ts';

export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
}

export interface PeerReport {
  /** `ok <step>` and `failed <step>: <why>` lines, in order. */
  readonly lines: readonly string[];
  readonly exitCode: number | null;
  /** What the libraries logged. */
  readonly stderr: string;
}

/** Runs the peer to its end. */
export async function runPeer(peer: PeerCommand): Promise<PeerReport> {
  let server = await startTarget();
  const { dataDir, port } = server;
  const child = spawn(peer.command, [...peer.args, server.connectString, '/interop'], {
    env: { ...process.env, ...peer.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  child.on('error', (error) => {
    stderr += error.message;
  });
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines: string[] = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('ok ') || line.startsWith('failed ')) lines.push(line);
      if (line !== 'restart') continue;
      await server.kill();
      server = await startTarget({ dataDir, port });
      child.stdin.write('restarted\n');
    }
    return { lines, exitCode: await exited, stderr };
  } finally {
    child.kill('SIGKILL');
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** A suite with one test a step; `build` returns how to run the peer. */
export function describePeer(name: string, build: () => PeerCommand | Promise<PeerCommand>): void {
  describe(`${name} against ${targetName}`, () => {
    let report: PeerReport = { lines: [], exitCode: null, stderr: '' };

    beforeAll(async () => {
      report = await runPeer(await build());
    });

    afterAll(() => {
      if (report.exitCode !== 0) console.error(report.lines.join('\n'), report.stderr.slice(-8000));
    });

    it.each(steps)('$does', (step) => {
      const line = report.lines.find((each) => each.split(/[ :]/)[1] === step.name);
      expect(line ?? `the peer ended before it: ${report.lines.at(-1)}`).toBe(`ok ${step.name}`);
    });

    it('ends without an error', () => {
      expect(report.exitCode).toBe(0);
    });
  });
}
