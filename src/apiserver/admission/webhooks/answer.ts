import { parseJson } from '../../../machinery/exact-json.ts';
import { goQuote } from '../../../machinery/go-text.ts';

/** A server has answered, with a code that is no success. */
export class AnsweredError extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** The JSON of an answer. Throws an Error in the words of upstream's client; an AnsweredError where the code is no success. */
export function readAnswer({ status, text }: { status: number; text: string }): unknown {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    value = undefined;
  }
  if (status >= 200 && status < 300) {
    if (value === undefined) throw new Error(`couldn't get version/kind; json parse error: invalid JSON`);
    return value;
  }
  const said = value as { kind?: string; message?: string } | undefined;
  const isStatus = said?.kind === 'Status' && said.message;
  throw new AnsweredError(isStatus || statusText(status, text), status);
}

/** What upstream's client makes of a code. */
function statusText(status: number, text: string): string {
  const body = text.trim();
  switch (status) {
    case 400:
      return 'the server rejected our request for an unknown reason';
    case 401:
      return 'the server has asked for the client to provide credentials';
    case 403:
      return body || 'forbidden';
    case 404:
      return 'the server could not find the requested resource';
    case 405:
      return 'the server does not allow this method on the requested resource';
    case 429:
      return 'the server has received too many requests and has asked us to try again later';
    case 503:
      return 'the server is currently unable to handle the request';
    default: {
      if (status < 500)
        return 'the server responded with the status code but did not return more information';
      return `an error on the server (${goQuote(body || 'unknown')}) has prevented the request from succeeding`;
    }
  }
}
