import { badRequest } from '../../machinery/status-error.ts';

/** Where the next page of a list begins, and as of which revision. */
export interface ContinueToken {
  /** -1: go on at the newest revision, since the list's own is gone. */
  revision: number;
  /** The first key of the next page, relative to the prefix of the list. */
  start: string;
  /** How many objects the following pages hold, where that is known. */
  left?: number;
}

/** The token as clients carry it: opaque to them, the form is upstream's. */
export function encodeContinue({ revision, start, left }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start, left })).toString(
    'base64url',
  );
}

/** Reads a token; one that was tampered with is a BadRequest. */
export function decodeContinue(text: string): ContinueToken {
  const { v, rv, start, left } = parse(text);
  if (v !== 'meta.k8s.io/v1')
    throw invalidToken(`: server does not recognize this encoded version ${typeof v === 'string' ? v : ''}`);
  if (!Number.isSafeInteger(rv) || rv === 0) {
    throw invalidToken(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  }
  if (typeof start !== 'string' || start === '') {
    throw invalidToken(': encoded start key empty (version meta.k8s.io/v1)');
  }
  if (start.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw invalidToken(`: ${start}`);
  return { revision: rv as number, start, ...(typeof left === 'number' && { left }) };
}

function parse(text: string): Record<string, unknown> {
  const wrong = text.search(/[^\w-]/);
  const end = text.length % 4 === 1 ? text.length - 1 : -1;
  const at = wrong >= 0 ? wrong : end;
  if (at >= 0) throw invalidToken(`: illegal base64 data at input byte ${at}`);
  const value = readJson(Buffer.from(text, 'base64url').toString());
  if (typeof value !== 'object' || value === null) throw invalidToken('');
  return value as Record<string, unknown>;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const [first] = text.trimStart();
    if (first === undefined) throw invalidToken(': unexpected end of JSON input');
    throw invalidToken(`: invalid character '${first}' looking for beginning of value`);
  }
}

const invalidToken = (why: string) => badRequest(`invalid continue token: continue key is not valid${why}`);
