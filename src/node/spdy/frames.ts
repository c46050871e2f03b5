// SPDY/3.1's frames, read from bytes as they come and written to bytes. What is large comes in pieces, what is kept is
// bounded: whatever the other side sends, no more than one control frame is held.

/** The other side breaks the protocol: the connection is of no use any more. */
export class SpdyFault extends Error {}

export type Frame =
  /** A piece of a data frame; `isLast` when the other side will say no more on this stream. */
  | { type: 'data'; streamId: number; bytes: Buffer; isLast: boolean }
  | { type: 'open'; streamId: number; headers: Buffer; isLast: boolean }
  | { type: 'headers'; streamId: number; headers: Buffer; isLast: boolean }
  | { type: 'reset'; streamId: number }
  | { type: 'ping'; id: number }
  | { type: 'goAway' }
  /** Nothing that would change what we do. */
  | { type: 'other' };

const types = { open: 1, reply: 2, reset: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;
const version = 3;
const lastFlag = 1;
const headSize = 8;
/** Headers of a few words are all that Kubernetes sends. */
const longestControlBytes = 64 * 1024;

export const resetCodes = { refused: 3, cancel: 5 } as const;

export async function* readFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let kept: Buffer = Buffer.alloc(0);
  let data: { streamId: number; left: number; isLast: boolean } | undefined;
  for await (const chunk of source) {
    let bytes = kept.length > 0 ? Buffer.concat([kept, chunk]) : chunk;
    for (;;) {
      if (data) {
        const piece = bytes.subarray(0, data.left);
        bytes = bytes.subarray(piece.length);
        data.left -= piece.length;
        const isDone = data.left === 0;
        if (piece.length > 0 || isDone)
          yield { type: 'data', streamId: data.streamId, bytes: piece, isLast: isDone && data.isLast };
        if (!isDone) break;
        data = undefined;
      }
      if (bytes.length < headSize) break;
      const length = bytes.readUInt32BE(4) & 0xffffff;
      const isLast = ((bytes[4] ?? 0) & lastFlag) !== 0;
      if (((bytes[0] ?? 0) & 0x80) === 0) {
        data = { streamId: bytes.readUInt32BE(0), left: length, isLast };
        bytes = bytes.subarray(headSize);
        continue;
      }
      if ((bytes.readUInt16BE(0) & 0x7fff) !== version) throw new SpdyFault('a frame is not of SPDY/3');
      if (length > longestControlBytes) throw new SpdyFault(`a control frame of ${length} bytes is too long`);
      if (bytes.length < headSize + length) break;
      yield controlFrame(bytes.readUInt16BE(2), bytes.subarray(headSize, headSize + length), isLast);
      bytes = bytes.subarray(headSize + length);
    }
    kept = bytes;
  }
}

function controlFrame(type: number, body: Buffer, isLast: boolean): Frame {
  const number = (offset: number): number => {
    if (body.length < offset + 4) throw new SpdyFault(`a control frame of type ${type} is cut off`);
    return body.readUInt32BE(offset);
  };
  const streamId = () => number(0) & 0x7fffffff;
  switch (type) {
    case types.open:
      // Between the id and the headers stand a stream that it belongs to, a priority and a slot.
      number(6);
      return { type: 'open', streamId: streamId(), headers: body.subarray(10), isLast };
    case types.headers:
      return { type: 'headers', streamId: streamId(), headers: body.subarray(4), isLast };
    case types.reset:
      return { type: 'reset', streamId: streamId() };
    case types.ping:
      return { type: 'ping', id: number(0) };
    case types.goAway:
      return { type: 'goAway' };
    default:
      return { type: 'other' };
  }
}

export function dataHead(streamId: number, length: number, { isLast }: { isLast: boolean }): Buffer {
  const head = Buffer.alloc(headSize);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt32BE(length, 4);
  head[4] = isLast ? lastFlag : 0;
  return head;
}

/** Data frames say their length in three bytes. */
export const longestDataBytes = 0xffffff;

const control = (type: number, ...numbers: number[]): Buffer => controlWith(type, numbers, Buffer.alloc(0));

function controlWith(type: number, numbers: number[], rest: Buffer): Buffer {
  const frame = Buffer.alloc(headSize + 4 * numbers.length);
  frame.writeUInt16BE(0x8000 | version, 0);
  frame.writeUInt16BE(type, 2);
  frame.writeUInt32BE(4 * numbers.length + rest.length, 4);
  for (const [index, number] of numbers.entries()) frame.writeUInt32BE(number, headSize + 4 * index);
  return Buffer.concat([frame, rest]);
}

export const replyFrame = (streamId: number, headers: Buffer): Buffer => controlWith(types.reply, [streamId], headers);
export const resetFrame = (streamId: number, code: number): Buffer => control(types.reset, streamId, code);
export const pingFrame = (id: number): Buffer => control(types.ping, id);
export const goAwayFrame = (lastStreamId: number, status: number): Buffer =>
  control(types.goAway, lastStreamId, status);
/** The other side may send so many bytes more; stream 0 stands for all together. */
export const windowUpdateFrame = (streamId: number, bytes: number): Buffer =>
  control(types.windowUpdate, streamId, bytes);
