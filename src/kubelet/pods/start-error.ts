/** Why a container did not start: the reason and message that its waiting state shows. */
export class StartError extends Error {
  readonly reason: string;
  /** When it is worth trying again; the pod's own rhythm decides where absent. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'StartError';
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}
