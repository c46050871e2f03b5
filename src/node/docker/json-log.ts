// What a container has written, out of Docker's json-file format: a JSON object a line, with a piece of output, its stream
// and its time. A long line of output comes in several pieces.
import type { LogOptions } from '../runtime.ts';

interface Entry {
  log?: string;
  stream?: string;
  time?: string;
}

const newline = 10;

export async function* logContents(
  chunks: AsyncIterable<Buffer>,
  { stream, timestamps, sinceMs }: Pick<LogOptions, 'stream' | 'timestamps' | 'sinceMs'>,
): AsyncIterable<Uint8Array> {
  let begun = Buffer.alloc(0);
  /** By stream: whether its next piece begins a line. */
  const beginsLine = new Map<string, boolean>();
  for await (const chunk of chunks) {
    const bytes = begun.length > 0 ? Buffer.concat([begun, chunk]) : chunk;
    const end = bytes.lastIndexOf(newline) + 1;
    begun = Buffer.from(bytes.subarray(end));
    let text = '';
    for (const line of bytes.toString('utf8', 0, end).split('\n')) {
      const { log, stream: from = '', time = '' } = entryIn(line);
      if (!log || (stream !== 'all' && from !== stream)) continue;
      if (sinceMs !== undefined && Date.parse(time) < sinceMs) continue;
      text += timestamps && beginsLine.get(from) !== false ? `${inNanoseconds(time)} ${log}` : log;
      beginsLine.set(from, log.endsWith('\n'));
    }
    if (text !== '') yield Buffer.from(text);
  }
}

/** Docker leaves out zeros at the end; people sort by these times, and line them up. */
function inNanoseconds(time: string): string {
  return time.replace(/(?:\.(\d+))?Z$/, (_, digits = '') => `.${String(digits).padEnd(9, '0')}Z`);
}

/** What a host that lost its power left half written is passed over. */
function entryIn(line: string): Entry {
  if (line === '') return {};
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return {};
  }
}
