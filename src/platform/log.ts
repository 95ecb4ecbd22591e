import type { Clock } from './clock.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Record<string, unknown>;

/** Where a component says what it does. Messages are constant text; what varies goes into the fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that puts `component` in front of what it says. */
  named(component: string): Log;
}

/** One line of a log, before it is written anywhere. */
export interface LogLine {
  timeMs: number;
  level: LogLevel;
  component: string;
  message: string;
  fields: LogFields;
}

const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A log that hands every line at or above `level` to `write`. */
export function createLog(
  options: { clock: Clock; level: LogLevel; write(line: LogLine): void },
  component = '',
): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (order[level] < order[options.level]) return;
      options.write({ timeMs: options.clock.now(), level, component, message, fields });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    named: (name) => createLog(options, component ? `${component}/${name}` : name),
  };
}

/** A log that says nothing. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  named: () => silentLog,
};

/** One line of text a person can read: time, level, component, message, then `key=value` fields. */
export function formatLogLine(line: LogLine): string {
  const fields = Object.entries(line.fields).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  const time = new Date(line.timeMs).toISOString();
  return `${time} ${line.level.toUpperCase().padEnd(5)} ${line.component}: ${line.message}${fields.join('')}`;
}

function formatValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.stack ?? value.message);
  if (typeof value === 'string') return /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? String(value);
}
