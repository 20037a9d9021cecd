/**
 * Settings that Apache's server does not have. All begin with `ringkeeper.` and are read strictly.
 * Rows only.
 */
import { frontsMax } from '../base/limits.ts';
import { flag, integerBetween, oneOf, own } from './setting.ts';

const works = 'works';

export const ringkeeperSettings = {
  'ringkeeper.placement': own(oneOf('auto', 'threads', 'paired', 'inline'), 'auto', {
    means: 'Which agents share a thread; auto chooses by the number of cores.',
    status: works,
  }),
  'ringkeeper.treeMemoryMb': own(integerBetween(0, 1_048_576), 0, {
    means: 'Memory for the znode tree; above it creates are refused. 0 chooses by the machine.',
    unit: 'MiB',
    status: works,
  }),
  'ringkeeper.logLevel': own(oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal'), 'info', {
    means: 'Messages below this level are not logged.',
    status: works,
  }),
  'ringkeeper.logFormat': own(oneOf('text', 'json'), 'text', {
    means: 'Log lines for people, or one JSON object a line.',
    status: works,
  }),
  'ringkeeper.recovery.truncateCorruptTail': own(flag, false, {
    means:
      'On a standalone server: a damaged last record of the log is cut off at start; otherwise the start is refused.',
    status: works,
    aliases: ['recovery.truncateCorruptTail'],
  }),
  'ringkeeper.snapshot.digestMismatch': own(oneOf('refuse', 'warn'), 'refuse', {
    means: 'What happens at start when the loaded tree does not match its recorded digest.',
    status: works,
  }),
  'ringkeeper.quorumSync': own(flag, true, {
    means: 'A leader makes sure that it still leads before it answers a sync.',
    status: works,
  }),
  'ringkeeper.loneWrites': own(flag, true, {
    means:
      'Where syncs are fast and little is going on, a write is brought to the disk by the thread that decided on it, without waking another.',
    status: works,
  }),
  'ringkeeper.fronts': own(integerBetween(1, frontsMax), 1, {
    means: 'Threads that serve client connections and answer their plain reads.',
    unit: 'count',
    status: works,
  }),
};
