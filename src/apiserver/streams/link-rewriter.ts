/** Where a page was asked for, and where it came from. */
export interface PageOrigin {
  /** What stands before the backend's own paths at this server; without a slash at its end. */
  prefix: string;
  /** Host and port of the backend. */
  backendHost: string;
  /** Host and port that the client asked. */
  clientHost: string;
}

const urlParts = /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/s;

/** A link of a backend's answer as it leads through the proxy again: links to other hosts and relative ones stay. */
export function throughProxy(link: string, { prefix, backendHost, clientHost }: PageOrigin): string {
  const [, host = '', path = '', rest = ''] = urlParts.exec(link) ?? [];
  const isElsewhere = host !== '' && host !== backendHost && host !== clientHost;
  if (isElsewhere || !path.startsWith('/')) return link;
  const origin =
    host === clientHost && host !== '' ? link.slice(0, link.length - path.length - rest.length) : '';
  return `${origin}${path.startsWith(prefix) ? path : prefix + path}${rest}`;
}

/** The attributes that hold links, by element. */
const linkAttributes: Record<string, readonly string[]> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

/** Elements whose text is no markup, whatever it looks like. */
const rawElements = new Set(
  'iframe noembed noframes noscript plaintext script style textarea title xmp'.split(' '),
);

/** A tag that is longer than this is left as it is. */
const longestTag = 64 * 1024;
const startTag = /^<([a-zA-Z][^\s/>]*)/;
/** A name is only looked for where one begins: from each of its letters on, a long one would take as long as its square. */
const attribute = /(?<![^\s"'<>/=])([^\s"'<>/=]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/g;

/** Rewrites the links of a page that comes in pieces, of which each character stands for a byte. */
export class LinkRewriter {
  readonly #rewrite: (link: string) => string;
  #kept = '';
  #raw = '';

  constructor(rewrite: (link: string) => string) {
    this.#rewrite = rewrite;
  }

  /** What can be said of the page so far, beyond what was said before. */
  push(piece: string): string {
    const page = this.#kept + piece;
    let out = '';
    let at = 0;
    while (at < page.length) {
      const end = this.#tokenEnd(page, at);
      if (end < 0) {
        if (page.length - at <= longestTag) break;
        out += page.slice(at);
        at = page.length;
      } else {
        out += this.#token(page.slice(at, end));
        at = end;
      }
    }
    this.#kept = page.slice(at);
    return out;
  }

  /** The rest. */
  end(): string {
    const rest = this.#kept;
    this.#kept = '';
    return rest;
  }

  /** Where the token that begins here ends; negative where that has not come yet. */
  #tokenEnd(page: string, at: number): number {
    if (this.#raw) return this.#rawEnd(page, at);
    if (page[at] !== '<') {
      const next = page.indexOf('<', at);
      return next < 0 ? page.length : next;
    }
    if (page.startsWith('<!--', at)) return after(page, '-->', at + 4);
    if ('<!--'.startsWith(page.slice(at))) return -1;
    const second = page[at + 1] as string;
    if (/[!?/]/.test(second)) return after(page, '>', at + 1);
    return /[a-zA-Z]/.test(second) ? tagEnd(page, at + 1) : at + 1;
  }

  /** Raw text ends before the tag that closes its element; what may be the beginning of that has to wait. */
  #rawEnd(page: string, at: number): number {
    const closing = `</${this.#raw}`;
    const close = indexOfTag(page, closing, at);
    if (close > at) return close;
    if (close < 0) return page.length - at >= closing.length ? page.length - closing.length + 1 : -1;
    const end = after(page, '>', at);
    if (end > 0) this.#raw = '';
    return end;
  }

  #token(text: string): string {
    const name = this.#raw ? undefined : startTag.exec(text)?.[1]?.toLowerCase();
    if (name === undefined) return text;
    if (rawElements.has(name) && !text.endsWith('/>')) this.#raw = name;
    const names = Object.hasOwn(linkAttributes, name) ? linkAttributes[name] : undefined;
    if (!names) return text;
    const rest = text.slice(name.length + 1);
    return `<${text.slice(1, name.length + 1)}${rest.replace(
      attribute,
      (whole, key: string, is: string, value: string) =>
        names.includes(key.toLowerCase()) ? `${key}${is}${this.#value(value)}` : whole,
    )}`;
  }

  #value(value: string): string {
    const quote = /^["']/.exec(value)?.[0] ?? '';
    return `${quote}${this.#rewrite(quote ? value.slice(1, -1) : value)}${quote}`;
  }
}

/** Where a tag stands, in letters of either case; the rest of the page is not looked at, since this is asked for each tag. */
function indexOfTag(page: string, tag: string, from: number): number {
  for (let at = page.indexOf('</', from); at >= 0; at = page.indexOf('</', at + 1)) {
    if (page.slice(at, at + tag.length).toLowerCase() === tag) return at;
  }
  return -1;
}

function after(page: string, text: string, from: number): number {
  const found = page.indexOf(text, from);
  return found < 0 ? -1 : found + text.length;
}

/** A tag ends at the first bracket that is not quoted. */
function tagEnd(page: string, from: number): number {
  let quote = '';
  for (let i = from; i < page.length; i++) {
    const c = page[i] as string;
    if (quote) {
      if (c === quote) quote = '';
    } else if (c === '>') return i + 1;
    else if ((c === '"' || c === "'") && /=\s*$/.test(page.slice(Math.max(from, i - 8), i))) quote = c;
  }
  return -1;
}
