/** The simulated network is one that TCP could be. */
import { describe, expect, it } from 'vitest';
import type { LinkListener } from '../../../src/net/peer-links.ts';
import type { LinkId } from '../../../src/zab/peer-ports.ts';
import { type NetQuality, SimNet, type SimProcessNet } from './sim-net.ts';
import { Timeline } from './timeline.ts';

const quality: NetQuality = {
  ...{ latencyMinUs: 100, latencyMaxUs: 3000 },
  ...{ pieceBytesMax: 7, windowBytes: 64 },
};
const second = 1_000_000;

class Process implements LinkListener {
  readonly heard: string[] = [];
  readonly net: SimProcessNet;
  text = '';
  sent = 0;

  constructor(net: SimNet, host: string) {
    this.net = net.boot(host, this);
  }

  onListening(name: string, port: number): void {
    this.heard.push(`listening ${name} ${port}`);
  }
  onListenFailed(name: string, reason: string): void {
    this.heard.push(`failed ${name} ${reason}`);
  }
  onAccepted(name: string, link: LinkId): void {
    this.heard.push(`accepted ${name} ${link}`);
  }
  onDialed(link: LinkId): void {
    this.heard.push(`dialed ${link}`);
  }
  onBytes(_link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    this.text += Buffer.from(bytes.subarray(start, end)).toString();
  }
  onSent(_link: LinkId, bytes: number): void {
    this.sent += bytes;
  }
  onClosed(link: LinkId): void {
    this.heard.push(`closed ${link}`);
  }

  write(link: number, text: string): void {
    const bytes = Buffer.from(text);
    this.net.write(link as LinkId, bytes, 0, bytes.length);
  }
}

function pair(isListening = true) {
  const timeline = new Timeline();
  const net = new SimNet(timeline, 5, quality);
  const run = (us = second) => timeline.run(timeline.nowUs + us);
  const [a, b] = [new Process(net, 'a'), new Process(net, 'b')];
  if (isListening) b.net.listen('quorum', null, 2888);
  run();
  a.net.dial(1 as LinkId, 'b', 2888, 5000);
  return { net, run, a, b };
}

const long = Array.from({ length: 100 }, (_, i) => `piece ${i};`).join('');

describe('two processes', () => {
  it('get the bytes of each other in order, and the end behind them', () => {
    const { run, a, b } = pair();
    run();
    expect(a.heard).toEqual(['dialed 1']);
    expect(b.heard).toEqual(['listening quorum 2888', 'accepted quorum -1']);
    b.write(-1, 'back');
    run();
    a.write(1, long);
    a.net.close(1 as LinkId);
    run();
    expect(b.text).toBe(long);
    expect(b.heard.at(-1)).toBe('closed -1');
    expect(a.text).toBe('back');
    expect(a.heard).toEqual(['dialed 1']);
  });

  it('hear how much has left', () => {
    const { net, run, a, b } = pair();
    run();
    net.cut('a', 'b');
    a.write(1, long);
    run();
    expect(a.sent).toBe(quality.windowBytes);
    net.healAll();
    run();
    expect(a.sent).toBe(long.length);
    expect(b.text).toBe(long);
  });

  it('wait while a direction is cut, and lose nothing', () => {
    const { net, run, a, b } = pair();
    run();
    net.cut('b', 'a');
    a.write(1, 'there');
    b.write(-1, 'back');
    run();
    expect([a.text, b.text]).toEqual(['', 'there']);
    net.heal('b', 'a');
    run();
    expect(a.text).toBe('back');
  });
});

describe('who dials', () => {
  it('is refused where nobody listens', () => {
    const { run, a } = pair(false);
    run(10_000);
    expect(a.heard).toEqual(['closed 1']);
  });

  it('gives up when nothing comes back, and not before', () => {
    const { net, run, a, b } = pair();
    net.cut('b', 'a');
    run(4.9 * second);
    expect(a.heard).toEqual([]);
    run();
    expect(a.heard).toEqual(['closed 1']);
    expect(b.heard).toHaveLength(1);
  });

  it('gets through when the cut is healed in time', () => {
    const { net, run, a } = pair();
    net.cut('a', 'b');
    run(2 * second);
    net.healAll();
    run();
    expect(a.heard).toEqual(['dialed 1']);
  });

  it('finds a port taken by another process of the host', () => {
    const { net, run } = pair();
    const second = new Process(net, 'b');
    second.net.listen('quorum', null, 2888);
    run();
    expect(second.heard).toEqual(['failed quorum port 2888 is taken']);
  });
});

describe('the end of one', () => {
  it('is heard behind what its kernel had', () => {
    const { net, run, a, b } = pair();
    run();
    net.cut('a', 'b');
    a.write(1, long);
    run(1);
    a.net.die('no process');
    net.healAll();
    run();
    expect(b.text).toBe(long.slice(0, quality.windowBytes));
    expect(b.heard.at(-1)).toBe('closed -1');
  });

  it('is not heard when the power fails, until the machine is back and is asked', () => {
    const { net, run, a, b } = pair();
    run();
    a.net.die('no power');
    b.write(-1, 'hello?');
    run(60 * second);
    expect(b.heard.at(-1)).toBe('accepted quorum -1');
    const again = new Process(net, 'a');
    run();
    expect(b.heard.at(-1)).toBe('closed -1');
    expect(again.heard).toEqual([]);
  });
});
