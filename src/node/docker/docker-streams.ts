// Docker's two stream formats: JSON texts one after the other, and output of a container cut into frames.

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

/** The content of a stream of frames: each has a header of stream (1 byte), three zeros and the length (4 bytes). */
export async function* frameContents(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let header = Buffer.alloc(0);
  let left = 0;
  for await (const piece of stream) {
    let chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    while (chunk.length > 0) {
      if (left === 0) {
        const missing = headerSize - header.length;
        header = Buffer.concat([header, chunk.subarray(0, missing)]);
        chunk = chunk.subarray(missing);
        if (header.length < headerSize) break;
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const content = chunk.subarray(0, left);
      left -= content.length;
      chunk = chunk.subarray(content.length);
      yield content;
    }
  }
}
