import type { PathMux, PlainAnswer } from '../corridor/plain-routes.ts';

/** What Go's file server writes of a directory without entries. */
const emptyListing = '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n</pre>\n';

/**
 * `/logs/`: upstream shows the files below /var/log of the machine that its server runs on. This server writes
 * its log to standard error and has no such files, so there is a directory, and nothing in it.
 */
export function serveLogs(mux: PathMux): void {
  mux.handle('/logs', ({ path }) => (path.endsWith('/') ? listing : moved));
  mux.handle('/logs/', () => missing);
}

const listing: PlainAnswer = { contentType: 'text/html; charset=utf-8', body: emptyListing };
const moved: PlainAnswer = { code: 301, headers: { location: 'logs/' } };
const missing: PlainAnswer = {
  code: 404,
  contentType: 'text/plain; charset=utf-8',
  headers: { 'x-content-type-options': 'nosniff' },
  body: '404 page not found\n',
};
