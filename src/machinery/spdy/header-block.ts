import { constants, createInflate, type Inflate } from 'node:zlib';
import { SpdyError, type SpdyHeaders } from './frames.ts';

const maxBlockBytes = 64 * 1024;

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** What both ends of SPDY/3 agree is known before the first header: common names, each with its length, then common values. */
const dictionary = Buffer.concat([
  ...(
    'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow ' +
    'authorization cache-control connection content-base content-encoding content-language content-length ' +
    'content-location content-md5 content-range content-type date etag expect expires from host if-match ' +
    'if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma ' +
    'proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade ' +
    'user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie ' +
    'keep-alive origin'
  )
    .split(' ')
    .map((name) => lengthPrefixed(name.replace('_', ' '))),
  Buffer.from(
    '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
      '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
      '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
      'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
      'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
      'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.',
  ),
]);

/** The start of a zlib stream that uses the dictionary: method, flags, the dictionary's Adler-32. */
const zlibHead = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2]);
/** An empty stored block, which makes a zlib reader hand out all that came before. */
const syncFlush = Buffer.from([0, 0, 0, 0xff, 0xff]);

function storedBlock(bytes: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(bytes.length, 1);
  head.writeUInt16LE(~bytes.length & 0xffff, 3);
  return Buffer.concat([head, bytes, syncFlush]);
}

function plainBlock(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers);
  const count = Buffer.alloc(4);
  count.writeUInt32BE(entries.length);
  const pairs = entries.flatMap(([name, value]) => [
    lengthPrefixed(name.toLowerCase()),
    lengthPrefixed(value),
  ]);
  return Buffer.concat([count, ...pairs]);
}

/** Encodes the header blocks of one direction of a connection, in the order in which they are sent. */
export class HeaderEncoder {
  #begun = false;

  /** The few headers of a stream are not worth compressing: they go into the zlib stream as they are. */
  encode(headers: SpdyHeaders): Buffer {
    const block = plainBlock(headers);
    if (block.length >= maxBlockBytes) throw new SpdyError('too many headers');
    const head = this.#begun ? [] : [zlibHead];
    this.#begun = true;
    return Buffer.concat([...head, storedBlock(block)]);
  }
}

function parseBlock(block: Buffer): SpdyHeaders {
  const headers: SpdyHeaders = Object.create(null);
  let at = 4;
  const text = () => {
    const end = at + 4 + block.readUInt32BE(at);
    const value = block.toString('utf8', at + 4, end);
    if (end > block.length) throw new RangeError('past the end');
    at = end;
    return value;
  };
  try {
    for (let left = block.readUInt32BE(0); left > 0; left--) {
      const name = text();
      headers[name] = text().replaceAll('\0', ', ');
    }
  } catch {
    throw new SpdyError('a header block is shorter than it tells');
  }
  return headers;
}

/** Decodes the header blocks of one direction of a connection, in the order in which they came. */
export class HeaderDecoder {
  readonly #inflate: Inflate = createInflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
  #plain: Buffer[] = [];
  #plainBytes = 0;

  constructor() {
    this.#inflate.on('error', () => {});
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#plain.push(chunk);
      this.#plainBytes += chunk.length;
      if (this.#plainBytes > maxBlockBytes)
        this.#inflate.destroy(new SpdyError('a header block is too long'));
    });
  }

  /** Must not be called again before the last call is over. */
  async decode(block: Buffer): Promise<SpdyHeaders> {
    this.#plain = [];
    this.#plainBytes = 0;
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error) => reject(new SpdyError(`a header block cannot be read: ${error.message}`));
      this.#inflate.once('error', fail);
      this.#inflate.write(block, (error) => {
        this.#inflate.off('error', fail);
        if (error) fail(error);
        else resolve();
      });
    });
    return parseBlock(Buffer.concat(this.#plain));
  }

  close(): void {
    this.#inflate.destroy();
  }
}
