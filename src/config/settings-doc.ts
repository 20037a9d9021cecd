/**
 * Renders docs/configuration.md from the settings table, so that the two cannot part. Pure text.
 */
import type { Setting } from './setting.ts';
import { keyFamilies, propertyOf, type SettingKey, settingSections } from './settings.ts';

const introduction = `# Configuration

This page is made from the settings table in \`src/config\`; edit the rows there.

A server reads \`zoo.cfg\`, a file in the syntax of \`java.util.Properties\`, and after it,
the later one winning:

1. the configuration file; without one, the defaults for a server without a file (see below) and
   the variables \`ZOO_*\` of the official container image,
2. \`-Dname=value\` flags out of the variables \`SERVER_JVMFLAGS\` and \`JVMFLAGS\`, then those of
   the command line; names with or without \`zookeeper.\`, and every key can be set so,
3. environment variables \`RINGKEEPER_<KEY>\`, the key in capitals and without dots, for example
   \`RINGKEEPER_TICK_TIME=2000\` or \`RINGKEEPER_AUTOPURGE_PURGEINTERVAL=0\`,
4. options of the command line such as \`--port\`.

In Apache ZooKeeper a value in zoo.cfg wins over a \`-D\` flag; here the flag wins.

Status: *works*; *no effect*: accepted, and nothing depends on it here; *not yet*: accepted, and not
supported by this release. The server says at start which of your settings have no effect. Keys that
would protect the server and are not supported yet are refused instead. An unknown key is no error,
as in Apache ZooKeeper, but it is reported with the name that was probably meant.

**Differences from Apache ZooKeeper.** \`autopurge.purgeInterval\` is 1 hour by default, not 0: old
snapshots and logs are purged unless you switch it off. Properties that Apache reads only as \`-D\`
flags (\`jute.maxbuffer\`, \`znode.container.*\` and others without a prefix) can stand in zoo.cfg.

**Without a configuration file** the server uses the directory \`./data\`, listens on
127.0.0.1:2181, ticks every 2000 ms and answers the four-letter words ruok, srvr, stat, conf, cons,
envi, dirs, isro, mntr and wchs.

**Members of an ensemble** are named by
\`server.<id>=<host>:<quorum port>:<election port>[:<role>]\`, several addresses joined by \`|\`,
then optionally \`;[<client host>:]<client port>\`; hosts that are IPv6 addresses in brackets.
\`group.<n>=<id>:<id>\` and \`weight.<id>=<n>\` make hierarchical quorums. This release runs
standalone servers: more than one voter is refused.
`;

/** The whole text of docs/configuration.md. */
export function renderSettingsDoc(): string {
  const sections = Object.entries(settingSections).map(([title, rows]) => {
    const lines = Object.entries(rows as Record<string, Setting<unknown>>).map(settingLine);
    return [`## ${title}`, '', ...tableHead, ...lines, ''].join('\n');
  });
  const families = keyFamilies.map(
    ({ prefix, status, means }) => `| \`${prefix}<n>\` | ${means} | ${shortStatus(status)} |`,
  );
  const familyTable = ['## Keys with a number or a name', '', '| key | meaning | status |'];
  familyTable.push('|---|---|---|', ...families, '');
  return [introduction, ...sections, familyTable.join('\n')].join('\n');
}

const tableHead = [
  '| key | property | allowed | default | meaning | status |',
  '|---|---|---|---|---|---|',
];

function settingLine([name, row]: [string, Setting<unknown>]): string {
  const { kind, details, initial } = row;
  const property = propertyOf(name as SettingKey);
  const names = [name, ...(details.aliases ?? [])].map((each) => `\`${each}\``).join(', ');
  const plain = kind.show(initial);
  const fallback = details.shownDefault ?? (plain === '' ? 'none' : plain);
  const unit = details.unit === undefined ? '' : `; ${details.unit}`;
  const floor = details.atLeast === undefined ? '' : `, raised to ${details.atLeast} if lower`;
  const ceiling = details.atMost === undefined ? '' : `, lowered to ${details.atMost} if higher`;
  const cells = [
    names,
    property === null || property === name ? '' : `\`${property}\``,
    `${kind.allowed}${floor}${ceiling}${unit}`,
    fallback,
    details.means,
    shortStatus(details.status ?? 'not yet') + (details.refuseWhileMissing ? ' (refused)' : ''),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function shortStatus(status: string): string {
  return status === 'accepted, no effect' ? 'no effect' : status;
}
