import { goQuote } from '../../machinery/go-text.ts';
import { badRequest, internalError, StatusError, type StatusReason } from '../../machinery/status-error.ts';

/** What a server's bare status code means, as upstream tells it on. */
const meanings: Record<number, [reason: StatusReason, message: string]> = {
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  409: ['Conflict', 'the server reported a conflict'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
};

/** What a kubelet says went wrong with a log, in the terms of the API. */
export function kubeletError(code: number, text: string, pod: string): StatusError {
  if (code === 400) return badRequest(text);
  if (code === 500) return internalError(text);
  const [reason, message] = meanings[code] ?? unknown(code, text);
  return new StatusError(code, reason, `${message} ( pods/log ${pod})`, { name: pod, kind: 'pods/log' });
}

function unknown(code: number, text: string): [StatusReason, string] {
  if (code === 403) return ['Forbidden', text];
  if (code > 500)
    return [
      'InternalError',
      `an error on the server (${goQuote(text)}) has prevented the request from succeeding`,
    ];
  return ['', `the server responded with the status code ${code} but did not return more information`];
}
