/**
 * Texts of the words about the server and its connections: srvr, stat, cons, conf, envi, dirs,
 * isro. Exact to the byte, since tools parse them. Pure functions of the facts.
 */
import { assert } from '../base/assert.ts';
import { hex64 } from '../base/zxid.ts';
import { javaDouble, roundedAverage } from './java-text.ts';
import type { ConfFacts, ConnectionFacts, QuorumConfFacts, ServerFacts } from './server-facts.ts';

/** Apache `StatCommand` for `srvr`. */
export function srvrText(facts: ServerFacts): string {
  return headText(facts) + statsText(facts);
}

/** Apache `StatCommand` for `stat`: the same with a brief line for each connection. */
export function statText(facts: ServerFacts): string {
  const clients = facts.connections.map((connection) => `${briefLine(connection)})\n`);
  return `${headText(facts)}Clients:\n${clients.join('')}\n${statsText(facts)}`;
}

function headText({ version, state }: ServerFacts): string {
  const readOnly = 'READ-ONLY mode; serving only read-only clients\n';
  return `Zookeeper version: ${version}\n${state === 'readOnly' ? readOnly : ''}`;
}

/** Apache `ServerStats.toString`, the node count, and the proposal sizes of a leader. */
function statsText({ stats, mode }: ServerFacts): string {
  const { min, average, max } = stats.latency;
  const lines = [
    `Latency min/avg/max: ${min}/${javaDouble(roundedAverage(average))}/${max}`,
    `Received: ${stats.packetsReceived}`,
    `Sent: ${stats.packetsSent}`,
    `Connections: ${stats.aliveConnections}`,
    `Outstanding: ${stats.outstandingRequests}`,
    `Zxid: ${hex64(stats.lastProcessedZxid)}`,
    `Mode: ${mode}`,
    `Node count: ${stats.nodeCount}`,
  ];
  if (mode === 'leader' && stats.proposals !== null) {
    const { last, min: least, max: most } = stats.proposals;
    lines.push(`Proposal sizes last/min/max: ${last}/${least}/${most}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Apache `ConsCommand`: every connection in full, then an empty line. */
export function consText({ connections }: ServerFacts): string {
  return `${connections.map((connection) => `${fullLine(connection)}\n`).join('')}\n`;
}

/** Without the closing bracket, since the full line goes on. */
function briefLine(connection: ConnectionFacts): string {
  const { remoteAddress, interestOps, outstandingRequests } = connection;
  const { packetsReceived, packetsSent } = connection;
  const counts = `queued=${outstandingRequests},recved=${packetsReceived},sent=${packetsSent}`;
  return ` ${remoteAddress}[${interestOps.toString(16)}](${counts}`;
}

/** Apache `ServerCnxn.dumpConnectionInfo`. */
function fullLine(connection: ConnectionFacts): string {
  const { session } = connection;
  if (session === null) return `${briefLine(connection)})`;
  const fields = [
    briefLine(connection),
    `sid=${hex64(session.id)}`,
    `lop=${session.lastOperation}`,
    `est=${session.establishedMs}`,
    `to=${session.timeoutMs}`,
    ...(session.lastCxid >= 0 ? [`lcxid=0x${session.lastCxid.toString(16)}`] : []),
    `lzxid=${hex64(session.lastZxid)}`,
    `lresp=${session.lastResponseMs}`,
    `llat=${session.lastLatencyMs}`,
    `minlat=${session.minLatencyMs}`,
    `avglat=${session.averageLatencyMs}`,
    `maxlat=${session.maxLatencyMs})`,
  ];
  return fields.join(',');
}

/** Apache `ZooKeeperServer.dumpConf` and what quorum members add. */
export function confText({ conf, directories, state }: ServerFacts): string {
  assert(directories !== null, 'conf needs the sizes of the directories');
  const lines = [
    `clientPort=${conf.clientPort}`,
    `secureClientPort=${conf.secureClientPort}`,
    `dataDir=${conf.dataDir}`,
    `dataDirSize=${directories.dataBytes}`,
    `dataLogDir=${conf.dataLogDir}`,
    `dataLogSize=${directories.logBytes}`,
    ...confLimits(conf),
    `serverId=${conf.serverId}`,
    ...(conf.quorum === null ? [] : confQuorum(conf.quorum)),
  ];
  const text = `${lines.join('\n')}\n`;
  if (conf.quorum === null || state === 'readOnly') return text;
  return `${text}membership: \n${conf.quorum.membership}`;
}

function confLimits(conf: ConfFacts): string[] {
  return [
    `tickTime=${conf.tickTime}`,
    `maxClientCnxns=${conf.maxClientCnxns}`,
    `minSessionTimeout=${conf.minSessionTimeout}`,
    `maxSessionTimeout=${conf.maxSessionTimeout}`,
    `clientPortListenBacklog=${conf.clientPortListenBacklog}`,
  ];
}

function confQuorum(quorum: QuorumConfFacts): string[] {
  return [
    `initLimit=${quorum.initLimit}`,
    `syncLimit=${quorum.syncLimit}`,
    `electionAlg=${quorum.electionAlg}`,
    `electionPort=${quorum.electionPorts.join('|')}`,
    `quorumPort=${quorum.quorumPorts.join('|')}`,
    `peerType=${quorum.peerType === 'observer' ? 1 : 0}`,
  ];
}

/** Apache `EnvCommand`. */
export function enviText({ environment }: ServerFacts): string {
  return `Environment:\n${environment.map(([key, value]) => `${key}=${value}\n`).join('')}`;
}

/** Apache `DirsCommand`. */
export function dirsText({ directories }: ServerFacts): string {
  assert(directories !== null, 'dirs needs the sizes of the directories');
  return `datadir_size: ${directories.dataBytes}\nlogdir_size: ${directories.logBytes}\n`;
}

/** Apache `IsroCommand`: no newline. */
export function isroText({ state }: ServerFacts): string {
  if (state === 'notServing') return 'null';
  return state === 'readOnly' ? 'ro' : 'rw';
}
