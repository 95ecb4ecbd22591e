import type { Status } from '../../../api/meta/v1.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { internalError, StatusError } from '../../../machinery/status-error.ts';

/** A webhook could not be asked, or its answer is none. `failurePolicy` says what that means. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  /** What the webhook answered with; 503 where it gave no answer that could be understood. */
  readonly code: number;

  constructor(webhook: string, reason: string, code = 503) {
    super(`failed calling webhook ${goQuote(webhook)}: ${reason}`);
    this.code = code;
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
  const error = StatusError.from({
    ...said,
    code: Math.max(400, said?.code ?? 0),
    message: because ? `${by}: ${because}` : `${by} without explanation`,
  });
  denials.add(error);
  return error;
}

const denials = new WeakSet<object>();

/** Whether an error is a webhook's refusal, not one of the server's own. */
export const isDenial = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && denials.has(error);
