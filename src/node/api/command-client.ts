// The client of an exec or an attach: the streams of a command as it sees them, whatever protocol carries them.
import type { Readable, Writable } from 'node:stream';
import type { Status } from '../../api/status.ts';
import type { JoinedStreams, TerminalSize } from '../runtime.ts';
import { Refusal } from './route.ts';

export interface CommandClient {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  onResize(heard: (size: TerminalSize) => void): void;
  /** Aborted when the client is not there any more. */
  readonly gone: AbortSignal;
  /** Tells how the command ended, behind all output, and closes the connection. */
  finish(result: CommandResult): Promise<void>;
}

/** As Kubernetes sends it, without kind and version. */
export type CommandResult = Pick<Status, 'metadata' | 'status' | 'message' | 'reason' | 'details' | 'code'>;

/** What the client asks to be joined; throws the refusal of what makes no sense. */
export function wantedStreams(query: URLSearchParams): JoinedStreams {
  const isSet = (name: string) => query.get(name) === '1';
  const tty = isSet('tty');
  // A terminal has one output.
  const wanted = { stdin: isSet('input'), stdout: isSet('output'), stderr: isSet('error') && !tty, tty };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr)
    throw new Refusal(400, 'you must specify at least 1 of stdin, stdout, stderr');
  return wanted;
}

/** The result as the older protocols tell it: what went wrong, as a text. */
export function resultText({ status, message = '' }: CommandResult): string {
  return status === 'Success' ? '' : message;
}

/** Reads the terminal's sizes, JSON objects one after the other. */
export function sizeReader(heard: (size: TerminalSize) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    rest += text;
    for (const [object] of rest.matchAll(/\{[^{}]*\}/g)) {
      const size = parseSize(object);
      if (size) heard(size);
    }
    rest = rest.slice(rest.lastIndexOf('}') + 1).slice(-longestSize);
  };
}

const longestSize = 256;

function parseSize(text: string): TerminalSize | undefined {
  try {
    // Written as it may be: Go reads names in any case, and clients rely on it.
    const sizes = Object.entries(JSON.parse(text) as object).map(([name, value]) => [
      name.toLowerCase(),
      Number(value),
    ]);
    const { width: columns = 0, height: rows = 0 } = Object.fromEntries(sizes) as { width?: number; height?: number };
    return Number.isInteger(columns) && Number.isInteger(rows) && columns > 0 && rows > 0
      ? { columns, rows }
      : undefined;
  } catch {
    return undefined;
  }
}
