// Docker's two stream formats: JSON texts one after the other, and output of a container cut into frames.
import type { OutputPiece } from '../runtime.ts';

/** The JSON texts of a stream, one a line. */
export async function* jsonLines(stream: AsyncIterable<Uint8Array>): AsyncIterable<Record<string, unknown>> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim()) yield JSON.parse(line) as Record<string, unknown>;
  }
  if (rest.trim()) yield JSON.parse(rest) as Record<string, unknown>;
}

const headerSize = 8;
const standardError = 2;

/** A stream of frames: each has a header of stream (1 byte), three zeros and the length (4 bytes). */
export async function* outputPieces(stream: AsyncIterable<Uint8Array>): AsyncIterable<OutputPiece> {
  let header = Buffer.alloc(0);
  let left = 0;
  let from: OutputPiece['from'] = 'stdout';
  for await (const piece of stream) {
    let chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    while (chunk.length > 0) {
      if (left === 0) {
        const missing = headerSize - header.length;
        header = Buffer.concat([header, chunk.subarray(0, missing)]);
        chunk = chunk.subarray(missing);
        if (header.length < headerSize) break;
        left = header.readUInt32BE(4);
        from = header[0] === standardError ? 'stderr' : 'stdout';
        header = Buffer.alloc(0);
        continue;
      }
      const bytes = chunk.subarray(0, left);
      left -= bytes.length;
      chunk = chunk.subarray(bytes.length);
      yield { from, bytes };
    }
  }
}

/** The content of both streams, in the order in which it was written. */
export async function* frameContents(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const { bytes } of outputPieces(stream)) yield bytes;
}
