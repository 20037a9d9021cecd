/**
 * A network of its own for each member: a network namespace with one interface, all of which hang
 * on a bridge in a namespace that stands between them. Links go down and packets are lost in the
 * kernel; nobody is told. Nothing of it can be seen from outside: clients come in through doors,
 * and all is gone with the processes that hold the namespaces. Needs Linux, util-linux, iproute2
 * and the right to make namespaces.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { MemberPlace } from './ensemble-member.ts';
import type { MemberNetwork, PeerAddress } from './member-network.ts';
import { projectRoot } from './project-root.ts';
import type { ServerCommand } from './server-process.ts';
import { TcpProxy } from './tcp-proxy.ts';

const addressOf = (id: number) => `10.99.0.${id}`;
/** What goes to this one arrives nowhere. */
const nobodysMac = '02:00:00:00:00:01';
const holder = ['-n', 'sh', '-c', 'echo open; read line'];

export class NetworkNamespaces implements MemberNetwork {
  private readonly held: ChildProcess[] = [];
  private readonly proxies: TcpProxy[] = [];
  private readonly namespaces = new Map<number, number>();
  private bridge = 0;
  private readonly lost: { from: number; to: number }[] = [];
  private readonly down: number[] = [];

  /** Whether this machine and this user can have them. */
  static get isAvailable(): boolean {
    return spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'type', 'veth']).status === 0;
  }

  async open(places: readonly MemberPlace[]): Promise<void> {
    this.bridge = await this.hold('unshare', holder);
    run(this.bridge, 'ip link add bridge type bridge');
    run(this.bridge, 'ip link set bridge up');
    for (const { id, clientPort, dataDir } of places) {
      const namespace = await this.hold('unshare', holder);
      this.namespaces.set(id, namespace);
      run(this.bridge, `ip link add to${id} type veth peer name eth0 netns ${namespace}`);
      run(this.bridge, `ip link set to${id} master bridge up`);
      run(namespace, 'ip link set lo up');
      run(namespace, `ip address add ${addressOf(id)}/24 dev eth0`);
      run(namespace, 'ip link set eth0 up');
      await this.openDoor(namespace, clientPort, `${dataDir}.door`);
    }
  }

  addressOf(_from: MemberPlace, { id, ports }: MemberPlace): PeerAddress {
    return { host: addressOf(id), ports };
  }

  inside(id: number, { command, args, ...rest }: ServerCommand): ServerCommand {
    return {
      ...rest,
      command: 'nsenter',
      args: [...enter(this.namespaceOf(id)), command, ...args],
    };
  }

  cut(from: number, to: number): void {
    const neighbour = `${addressOf(to)} lladdr ${nobodysMac} nud permanent dev eth0`;
    run(this.namespaceOf(from), `ip neighbour replace ${neighbour}`);
    this.lost.push({ from, to });
  }

  /** Its link is down. */
  isolate(member: number): void {
    run(this.bridge, `ip link set to${member} down`);
    this.down.push(member);
  }

  heal(): void {
    for (const { from, to } of this.lost.splice(0)) {
      run(this.namespaceOf(from), `ip neighbour delete ${addressOf(to)} dev eth0`);
    }
    for (const member of this.down.splice(0)) run(this.bridge, `ip link set to${member} up`);
  }

  async close(): Promise<void> {
    for (const proxy of this.proxies) await proxy.close();
    const gone = this.held.map((child) => once(child, 'exit'));
    for (const child of this.held) child.stdin?.end();
    await Promise.all(gone);
  }

  private async openDoor(namespace: number, port: number, path: string): Promise<void> {
    const door = [join(projectRoot, 'test/support/namespace-door.mjs'), path, String(port)];
    await this.hold('nsenter', [...enter(namespace), process.execPath, ...door]);
    this.proxies.push(await TcpProxy.listen(port, path));
  }

  /** Starts a process that ends with its input, and resolves when it says that it is ready. */
  private async hold(command: string, args: readonly string[]): Promise<number> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.held.push(child);
    await once(child.stdout, 'data');
    return child.pid as number;
  }

  private namespaceOf(id: number): number {
    const namespace = this.namespaces.get(id);
    if (namespace === undefined) throw new Error(`there is no member ${id}`);
    return namespace;
  }
}

function enter(namespace: number): string[] {
  return ['-t', String(namespace), '-n', '--'];
}

function run(namespace: number, command: string): void {
  execFileSync('nsenter', [...enter(namespace), ...command.split(' ')]);
}
