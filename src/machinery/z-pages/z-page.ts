import { accepts, parseAccept } from '../accept.ts';
import { notAcceptable } from '../status-error.ts';
import { yamlText } from '../yaml-text.ts';

/** A page on which a program tells of itself: an object of `config.k8s.io`, or text for people. */
export interface ZPage {
  /** What the program is called. */
  component: string;
  /** Of the object; the path is the same in lower case. */
  kind: string;
  /** What the object has beside its type and name. */
  fields(): object;
  /** What stands below the heading. */
  text(): string;
}

/** Versions of the objects; the older one is served with a warning. */
const versions = new Set(['v1alpha1', 'v1beta1']);
const deprecated = 'v1alpha1';

/** How it is to be written: an object of this version, or text for people. */
type Format = { encoding: 'json' | 'yaml'; version: string } | 'text';

const structured = ['json', 'yaml'] as const;
const mediaTypes = { json: 'application/json', yaml: 'application/yaml' };
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

/** A page as it is sent. */
export interface WrittenZPage {
  contentType: string;
  headers: Record<string, string>;
  body: string;
}

/** Writes a page as upstream's components do, in a form that the client takes. Throws a NotAcceptable where it takes none. */
export function writtenZPage(
  { component, kind, fields, text }: ZPage,
  accept: string | undefined,
): WrittenZPage {
  const format = formatOf(kind, accept);
  const name = kind.toLowerCase();
  if (format === 'text') {
    const body = `${headingOf(component, name)}${text()}`;
    return { contentType: 'text/plain; charset=utf-8', headers: {}, body };
  }
  const { encoding, version } = format;
  const object = { kind, apiVersion: `config.k8s.io/${version}`, metadata: { name: component }, ...fields() };
  const warning = `299 - "This version of the ${name} endpoint is deprecated. Please use a newer version."`;
  return {
    contentType: mediaTypes[encoding],
    headers: version === deprecated ? { warning } : {},
    body: encoding === 'json' ? `${JSON.stringify(object)}\n` : yamlText(object),
  };
}

const headingOf = (component: string, name: string) => `
${component} ${name}
Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.
`;
