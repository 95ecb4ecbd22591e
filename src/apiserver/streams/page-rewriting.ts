import { Readable, Transform } from 'node:stream';
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib';
import type { HttpHeaders, ReplyHeaders } from '../../platform/http.ts';
import { LinkRewriter, type PageOrigin, throughProxy } from './link-rewriter.ts';

/** How a page can be unpacked and packed again. */
const codings: Record<string, (() => [unpack: Transform, pack: Transform]) | undefined> = {
  gzip: () => [createGunzip(), createGzip()],
  deflate: () => [createInflateRaw(), createDeflateRaw()],
};

/** An answer as it goes back to the client. */
export interface ReturnedAnswer {
  headers: ReplyHeaders;
  body: Readable;
}

/** Makes the links of a backend's answer lead through the proxy: that of a redirect, or those of a page of HTML. */
export function withLinksThroughProxy(answer: ReturnedAnswer, origin: PageOrigin): ReturnedAnswer {
  const { location } = answer.headers;
  if (typeof location === 'string' && location !== '') {
    answer.headers.location = throughProxy(location, origin);
    return answer;
  }
  return isPage(answer.headers) ? rewrittenPage(answer, origin) : answer;
}

function isPage(headers: HttpHeaders | ReplyHeaders): boolean {
  return (
    String(headers['content-type'] ?? '')
      .split(';')[0]
      ?.trim() === 'text/html'
  );
}

/** Pages in a coding that is not known stay as they are. */
function rewrittenPage({ headers, body }: ReturnedAnswer, origin: PageOrigin): ReturnedAnswer {
  const coding = String(headers['content-encoding'] ?? '');
  if (coding !== '' && !Object.hasOwn(codings, coding)) return { headers, body };
  const { 'content-length': _, ...rest } = headers;
  const links = linkStream(origin);
  const [unpack, pack] = codings[coding]?.() ?? [];
  const stages = [body, ...(unpack ? [unpack] : []), links, ...(pack ? [pack] : [])];
  return { headers: rest, body: chained(stages) };
}

function linkStream(origin: PageOrigin): Transform {
  const rewriter = new LinkRewriter((link) => throughProxy(link, origin));
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) =>
      done(null, Buffer.from(rewriter.push(chunk.toString('latin1')), 'latin1')),
    flush: (done) => done(null, Buffer.from(rewriter.end(), 'latin1')),
  });
}

/** One stream after the other; where one breaks off, the last does too. */
function chained(stages: Readable[]): Readable {
  return stages.reduce((from, to) => {
    from.on('error', (error) => to.destroy(error));
    from.on('close', () => from.readableEnded || to.destroy());
    to.on('close', () => from.destroy());
    return from.pipe(to as Transform);
  });
}
