/** A logger that keeps what it is told, for tests that look at warnings. */
import type { Logger, LogLevel } from '../../src/base/ports.ts';

export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

export class RecordingLogger implements Logger {
  readonly entries: LogEntry[] = [];

  trace(fields: object, message: string): void {
    this.add('trace', fields, message);
  }
  debug(fields: object, message: string): void {
    this.add('debug', fields, message);
  }
  info(fields: object, message: string): void {
    this.add('info', fields, message);
  }
  warn(fields: object, message: string): void {
    this.add('warn', fields, message);
  }
  error(fields: object, message: string): void {
    this.add('error', fields, message);
  }
  fatal(fields: object, message: string): void {
    this.add('fatal', fields, message);
  }
  child(): Logger {
    return this;
  }

  private add(level: LogLevel, fields: object, message: string): void {
    this.entries.push({ level, message, fields: fields as Record<string, unknown> });
  }
}
