/** One media type that a client takes. */
export interface Clause {
  type: string;
  subtype: string;
  quality: number;
  params: Record<string, string>;
}

function parseClause(text: string): Clause {
  const [full = '', ...rest] = text.split(';').map((part) => part.trim());
  const [type = '', subtype = ''] = full.toLowerCase().split('/');
  const params: Record<string, string> = Object.create(null);
  for (const param of rest) {
    const at = param.indexOf('=');
    if (at > 0) params[param.slice(0, at).toLowerCase()] = param.slice(at + 1).replace(/^"(.*)"$/, '$1');
  }
  const quality = params.q === undefined ? 1 : Number(params.q) || 0;
  return { type, subtype, quality, params };
}

/** The clauses of an Accept header, most wanted first. */
export function parseAccept(header: string): Clause[] {
  const wildcards = (c: Clause) => Number(c.type === '*') + Number(c.subtype === '*');
  return header
    .split(',')
    .map(parseClause)
    .sort((a, b) => b.quality - a.quality || wildcards(a) - wildcards(b));
}

/** Whether a clause of an Accept header takes this media type. */
export const accepts = (clause: Clause, mediaType: string) => {
  const [type, subtype] = mediaType.split('/');
  if (clause.type === '*') return clause.subtype === '*';
  return clause.type === type && (clause.subtype === subtype || clause.subtype === '*');
};
