import { DurationError, parseDuration } from '../../machinery/duration.ts';
import { badRequest } from '../../machinery/status-error.ts';

function parse(text: string): number {
  try {
    return parseDuration(text) / 1e6;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`);
  }
}

/** How long a request may take: what its `timeout` asks for, up to the most there is. Throws for what is no time. */
export function deadlineMs(query: URLSearchParams, maximumMs: number): number {
  const asked = query.get('timeout');
  if (!asked) return maximumMs;
  const ms = parse(asked);
  return ms > 0 && ms < maximumMs ? ms : maximumMs;
}
