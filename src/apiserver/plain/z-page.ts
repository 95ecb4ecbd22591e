import { notAcceptable } from '../../machinery/status-error.ts';
import type { PathMux, PlainAnswer } from '../corridor/plain-routes.ts';
import { accepts, mediaTypes, parseAccept } from '../http/negotiate.ts';
import { standardCodecs } from '../http/standard-codecs.ts';

/** A page on which the server tells of itself: an object of `config.k8s.io`, or text for people. */
export interface ZPage {
  /** Of the object; the path is the same in lower case. */
  kind: string;
  /** What the object has beside its type and name. */
  fields(): object;
  /** What stands below the heading. */
  text(): string;
}

const component = 'apiserver';

/** Versions of the objects; the older one is served with a warning. */
const versions = new Set(['v1alpha1', 'v1beta1']);
const deprecated = 'v1alpha1';

/** How it is to be written: an object of this version, or text for people. */
type Format = { encoding: 'json' | 'yaml'; version: string } | 'text';

const structured = ['json', 'yaml'] as const;
const plainText = 'text/plain';

/** Throws 406 where the client takes nothing that there is. What wants an object says which. */
function formatOf(kind: string, accept: string | undefined): Format {
  if (!accept?.trim()) return 'text';
  for (const clause of parseAccept(accept)) {
    const { as, g, v } = clause.params;
    const isKnown = as === kind && g === 'config.k8s.io' && v !== undefined && versions.has(v);
    const encoding = structured.find((candidate) => accepts(clause, mediaTypes[candidate]));
    if (encoding && isKnown) return { encoding, version: v };
    if (accepts(clause, plainText) && as === undefined && g === undefined && v === undefined) return 'text';
  }
  const offered = [...structured.map((encoding) => mediaTypes[encoding]), plainText];
  throw notAcceptable(`only the following media types are accepted: ${offered.join(', ')}`);
}

/** Serves a page as upstream's components do. */
export function serveZPage(mux: PathMux, page: ZPage): void {
  mux.handle(`/${page.kind.toLowerCase()}`, (x) => written(page, formatOf(page.kind, x.header('accept'))));
}

function written({ kind, fields, text }: ZPage, format: Format): PlainAnswer {
  const name = kind.toLowerCase();
  if (format === 'text')
    return { contentType: 'text/plain; charset=utf-8', body: `${headingOf(name)}${text()}` };
  const { encoding, version } = format;
  const apiVersion = `config.k8s.io/${version}`;
  const object = { kind, apiVersion, metadata: { name: component }, ...fields() };
  const warning = `299 - "This version of the ${name} endpoint is deprecated. Please use a newer version."`;
  return {
    contentType: mediaTypes[encoding],
    headers: version === deprecated ? { warning } : {},
    body: encoding === 'json' ? `${JSON.stringify(object)}\n` : standardCodecs.yaml(object),
  };
}

const headingOf = (name: string) => `
${component} ${name}
Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.
`;
