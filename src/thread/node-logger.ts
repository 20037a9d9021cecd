/**
 * The logger port on pino. Each thread writes lines of its own with synchronous writes, so that
 * the last words of a process that stops are not lost.
 */
import { type DestinationStream, destination, pino } from 'pino';
import type { Logger, LogLevel } from '../base/ports.ts';

export interface LoggerOptions {
  readonly level: LogLevel | 'silent';
  /** 'text' is made for people, 'json' for machines. */
  readonly format: 'text' | 'json';
}

export function nodeLogger(options: LoggerOptions, thread: string): Logger {
  const out = destination({ fd: 2, sync: true });
  const stream: DestinationStream = options.format === 'json' ? out : textStream(out);
  return pino({ level: options.level, base: { thread } }, stream) as Logger;
}

/** `2026-01-02T03:04:05.678Z - INFO  [keeper] - message {fields}`, as ZooKeeper's log reads. */
function textStream(out: DestinationStream): DestinationStream {
  return {
    write(line: string) {
      const { level, time, thread, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
      const label = (pino.levels.labels[level as number] ?? 'info').toUpperCase().padEnd(5);
      const rest = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '';
      const at = new Date(time as number).toISOString();
      out.write(`${at} - ${label} [${thread as string}] - ${msg as string}${rest}\n`);
    },
  };
}
