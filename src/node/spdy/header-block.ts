// The headers of a stream: names and values, compressed with the dictionary that SPDY/3 prescribes. All blocks of a
// connection are one compressed text, so that none may be left out. Ours are always empty.
import { createInflate } from 'node:zlib';
import { SpdyFault } from './frames.ts';

export type Headers = ReadonlyMap<string, string>;

const words =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow ' +
  'authorization cache-control connection content-base content-encoding content-language content-length content-location ' +
  'content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match ' +
  'if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range ' +
  'referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get ' +
  'status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin';
const text =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative ' +
  'Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal ' +
  'Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, ' +
  'Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,' +
  'application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8' +
  'charset=iso-8859-1,utf-,*,enq=0.';

export const headerDictionary = Buffer.concat([
  ...words.split(' ').map((word) => withLength(word.replace('_', ' '))),
  Buffer.from(text),
]);

export function withLength(word: string): Buffer {
  const bytes = Buffer.from(word);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A block may be small and its text without bounds. */
const longestTextBytes = 64 * 1024;

export class HeaderReader {
  readonly #inflate = createInflate({ dictionary: headerDictionary });
  #pieces: Buffer[] = [];
  #size = 0;
  #fail: ((error: Error) => void) | undefined;

  constructor() {
    this.#inflate.on('data', (piece: Buffer) => {
      this.#size += piece.length;
      if (this.#size <= longestTextBytes) {
        this.#pieces.push(piece);
        return;
      }
      this.#fail?.(new SpdyFault('the headers of a stream are too long'));
      this.#inflate.destroy();
    });
    this.#inflate.on('error', (error: Error) => this.#fail?.(error));
  }

  /** One block after the other. Throws SpdyFault. */
  async read(block: Buffer): Promise<Headers> {
    this.#pieces = [];
    this.#size = 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#fail = reject;
    this.#inflate.write(block, (error) => (error ? reject(error) : resolve()));
    try {
      await promise;
    } catch (error) {
      throw error instanceof SpdyFault
        ? error
        : new SpdyFault('the headers of a stream are not compressed as they should be');
    }
    return parseHeaders(Buffer.concat(this.#pieces));
  }

  close(): void {
    this.#inflate.destroy();
  }
}

function parseHeaders(bytes: Buffer): Headers {
  let offset = 0;
  const number = (): number => {
    if (offset + 4 > bytes.length) throw new SpdyFault('the headers of a stream are cut off');
    offset += 4;
    return bytes.readUInt32BE(offset - 4);
  };
  const word = (): string => {
    const length = number();
    if (length > bytes.length - offset) throw new SpdyFault('the headers of a stream are cut off');
    offset += length;
    return bytes.toString('utf8', offset - length, offset);
  };
  const headers = new Map<string, string>();
  for (let left = number(); left > 0; left -= 1) {
    const name = word().toLowerCase();
    headers.set(name, word());
  }
  return headers;
}

/**
 * An empty block: a count of no names, stored as it is, and a block of nothing, without which Go's reader does not give out
 * the one before. The first one begins the compressed text.
 */
const stored = Buffer.from([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
const beginning = Buffer.from([0x78, 0x01]);

export function emptyHeaders({ isFirst }: { isFirst: boolean }): Buffer {
  return isFirst ? Buffer.concat([beginning, stored]) : stored;
}
