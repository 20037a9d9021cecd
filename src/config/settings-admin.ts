/**
 * Settings of the four-letter words, the admin server, metrics and the audit log. Rows only.
 */
import { flag, integer, key, list, long, oneOf, path, port, property, text } from './setting.ts';

const works = 'works';
const noEffect = 'accepted, no effect';
const quiet = true;

const defaultProvider = 'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider';
const prometheusProvider = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider';

export const adminSettings = {
  '4lw.commands.whitelist': property(list, [], {
    means: 'Four-letter words that are answered besides srvr; * stands for all.',
    status: works,
    shownDefault: 'srvr only; more without a configuration file',
  }),
  'admin.enableServer': property(flag, true, {
    means: 'The admin server listens for HTTP.',
    quiet,
  }),
  'admin.serverAddress': property(text, '0.0.0.0', {
    means: 'Address of the admin server.',
    quiet,
  }),
  'admin.serverPort': property(port, 8080, {
    means: 'Port of the admin server.',
    unit: 'port',
    quiet,
  }),
  'admin.idleTimeout': property(integer, 30_000, {
    means: 'An HTTP connection without requests is closed after this time.',
    unit: 'ms',
    quiet,
  }),
  'admin.commandURL': property(path, '/commands', {
    means: 'Path under which the commands stand.',
    quiet,
  }),
  'admin.httpVersion': property(integer, 11, {
    means: 'HTTP version of the Java server with TLS.',
    status: noEffect,
  }),
  'admin.portUnification': property(flag, false, {
    means: 'The admin port accepts both HTTPS and HTTP.',
    quiet,
  }),
  'admin.forceHttps': property(flag, false, {
    means: 'The admin port accepts HTTPS only.',
    quiet,
  }),
  'admin.needClientAuth': property(flag, false, {
    means: 'The admin port demands a client certificate.',
    quiet,
  }),
  'admin.rateLimiterIntervalInMS': property(integer, 300_000, {
    means: 'Time between two snapshots, and between two restores, that the admin server allows.',
    unit: 'ms',
    quiet,
  }),
  'admin.snapshot.enabled': property(flag, true, {
    means: 'The admin server takes snapshots on demand.',
    quiet,
  }),
  'admin.restore.enabled': property(flag, true, {
    means: 'The admin server restores from a snapshot.',
    quiet,
  }),
  'metricsProvider.className': key(oneOf(defaultProvider, prometheusProvider), defaultProvider, {
    means: 'How metrics are published: with the words and commands only, or to Prometheus too.',
  }),
  'metricsProvider.httpHost': key(text, '0.0.0.0', {
    means: 'Address for Prometheus.',
    quiet,
  }),
  'metricsProvider.httpPort': key(port, 7000, {
    means: 'Port for Prometheus.',
    unit: 'port',
    quiet,
  }),
  'metricsProvider.exportJvmInfo': key(flag, true, {
    means: 'Prometheus also gets figures about the process itself.',
    quiet,
  }),
  'metricsProvider.numWorkerThreads': key(integer, 1, {
    means: 'Threads of the Java provider.',
    status: noEffect,
  }),
  'metricsProvider.maxQueueSize': key(integer, 1_000_000, {
    means: 'Queue of the Java provider.',
    status: noEffect,
  }),
  'metricsProvider.workerShutdownTimeoutMs': key(long, 1000, {
    means: 'How long the Java provider drains.',
    unit: 'ms',
    status: noEffect,
  }),
  'audit.enable': property(flag, false, {
    means: 'Changes are written to the audit log.',
  }),
  'audit.impl.class': property(text, 'org.apache.zookeeper.audit.Slf4jAuditLogger', {
    means: 'Class of the audit log of the Java server.',
    status: noEffect,
  }),
  'jvm.pause.monitor': key(flag, false, {
    means: 'Pauses of the process are measured and reported.',
  }),
  'jvm.pause.info-threshold.ms': key(long, 1000, {
    means: 'A longer pause is reported.',
    unit: 'ms',
    quiet,
  }),
  'jvm.pause.warn-threshold.ms': key(long, 10_000, {
    means: 'A longer pause is a warning.',
    unit: 'ms',
    quiet,
  }),
  'jvm.pause.sleep.time.ms': key(long, 500, {
    means: 'Time between two looks.',
    unit: 'ms',
    quiet,
  }),
  'jmx.log4j.disable': property(flag, false, {
    means: 'JMX beans of the logger of the Java server.',
    status: noEffect,
  }),
  controllerPort: property(integer, 0, {
    means: 'Port of a variant of the Java server for tests.',
    status: noEffect,
  }),
};
