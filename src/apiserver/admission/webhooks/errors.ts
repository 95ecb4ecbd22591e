import type { Status } from '../../../api/meta/v1.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { internalError, StatusError } from '../../../machinery/status-error.ts';

/** A webhook could not be asked, or its answer is none. `failurePolicy` says what that means. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';

  constructor(webhook: string, reason: string) {
    super(`failed calling webhook ${goQuote(webhook)}: ${reason}`);
  }

  /** The answer where the request fails with the webhook. */
  answer(): StatusError {
    return internalError(this.message);
  }
}

/** The answer to a request that a webhook has refused, with what it said. */
export function denied(webhook: string, said: Status | undefined): StatusError {
  const by = `admission webhook ${goQuote(webhook)} denied the request`;
  const { message, reason } = said ?? {};
  const because = message || reason;
  return StatusError.from({
    ...said,
    code: Math.max(400, said?.code ?? 0),
    message: because ? `${by}: ${because}` : `${by} without explanation`,
  });
}
