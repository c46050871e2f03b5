// Structured log lines on stderr: time, level, part of the program, message, then key=value pairs.
import { inspect } from 'node:util';

export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Fields = Record<string, unknown>;

export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** The same log for a part of the program. */
  named(part: string): Log;
}

const rank: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 };

export function createLog(options: { level?: Level; part?: string; write?: (line: string) => void } = {}): Log {
  const { level = 'info', part = 'wherry', write = (line: string) => process.stderr.write(line) } = options;
  const at =
    (lineLevel: Level) =>
    (message: string, fields: Fields = {}) => {
      if (rank[lineLevel] < rank[level]) return;
      const pairs = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => ` ${key}=${formatValue(value)}`);
      write(`${new Date().toISOString()} ${lineLevel.padEnd(5)} ${part}: ${message}${pairs.join('')}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    named: (name) => createLog({ level, part: name, write }),
  };
}

function formatValue(value: unknown): string {
  const text =
    value instanceof Error
      ? value.message
      : typeof value === 'string'
        ? value
        : inspect(value, { breakLength: Infinity });
  return /^[\w./:@+,-]+$/.test(text) ? text : JSON.stringify(text);
}
