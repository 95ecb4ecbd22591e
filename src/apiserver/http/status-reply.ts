import type { Status } from '../../api/meta/v1.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { BodyTooLarge } from '../../platform/http.ts';
import type { Log } from '../../platform/log.ts';

/** The answer to whatever went wrong. Bugs are logged with their stack and told to nobody. */
export function statusOf(error: unknown, log: Log): Status {
  if (error instanceof StatusError) return error.status;
  if (error instanceof BodyTooLarge) {
    const message = `Request entity too large: limit is ${error.limitBytes}`;
    return new StatusError(413, 'RequestEntityTooLarge', message).status;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return new StatusError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout')
      .status;
  }
  log.error('a request failed unexpectedly', { error });
  return new StatusError(500, 'InternalError', 'Internal error occurred: unexpected failure, see the log')
    .status;
}
