/** A request as bytes: what goes over a connection. */
export interface WireRequest {
  method: string;
  /** Path and query. */
  target: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Uint8Array;
}

/** The answer, or as much of one that goes on as came before the client went away. */
export interface WireReply {
  code: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** A way to an API server. Rejects where no answer comes. */
export interface Channel {
  send(request: WireRequest): Promise<WireReply>;
}

/** For reports: what was sent, and no more of it than a person reads. */
export function describe({ method, target, headers, body }: WireRequest): string {
  const bytes = Buffer.from(body);
  const text = bytes.toString('latin1').replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
  const cut = text.length > 1500 ? `${text.slice(0, 1500)}… (${bytes.length} bytes)` : text;
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value.slice(0, 200)}`);
  return [`${method} ${target.slice(0, 1000)}`, ...head, '', cut].join('\n');
}
