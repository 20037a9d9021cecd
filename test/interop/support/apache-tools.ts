/** Apache's offline tools, run on files of a server that has stopped. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { apacheClassPath } from '../../../native-free-bench/apache/jars.ts';

/** What a tool prints, without the lines of its logger; rejects when it fails. */
async function run(tool: string, ...args: string[]): Promise<string> {
  const java = ['-cp', await apacheClassPath(), `org.apache.zookeeper.server.${tool}`, ...args];
  const { stdout } = await promisify(execFile)('java', java, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.replace(/^\d{4}-\d\d-\d\d .* (INFO|WARN) .*\n/gm, '');
}

/** `TxnLogToolkit`: every txn of a log, and complaints about those that are damaged. */
export function dumpLog(path: string): Promise<string> {
  return run('persistence.TxnLogToolkit', '--dump', path);
}

/** `SnapshotFormatter`: the Stat of every node by its path, as text under the tool's own names. */
export async function formatSnapshot(
  path: string,
): Promise<Record<string, Record<string, string>>> {
  const [, nodes = ''] = (await run('SnapshotFormatter', path)).split(/^ZNode Details .*$/m);
  const [text = ''] = nodes.split(/^Session Details/m);
  const found: Record<string, Record<string, string>> = {};
  for (const block of text.split(/^----$/m)) {
    const [name = '', ...lines] = block.trim().split('\n');
    if (!name.startsWith('/')) continue;
    const stat = lines.map((line) => line.split('=').map((part) => part.trim()));
    found[name] = Object.fromEntries(stat.filter((parts) => parts.length === 2));
  }
  return found;
}

/** `SnapshotComparer` with thresholds of nothing: its words on every difference. */
export function compareSnapshots(left: string, right: string): Promise<string> {
  const thresholds = ['--bytes', '0', '--nodes', '0'];
  return run('SnapshotComparer', '--left', left, '--right', right, ...thresholds);
}
