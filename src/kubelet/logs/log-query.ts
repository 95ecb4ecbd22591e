/** What a client wants to see of a container's log. */
export interface LogQuery {
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  tailLines?: number;
  limitBytes?: number;
  /** Only what was written since then, epoch milliseconds. */
  sinceMs?: number;
  stream?: 'stdout' | 'stderr';
}

/** Parameters that say something impossible; the message is for the client. */
export class LogQueryError extends Error {
  override readonly name = 'LogQueryError';
}

const isYes = (text: string | null) => text !== null && text !== 'false' && text !== '0';

/** Reads the parameters of a request for logs. Throws LogQueryError. */
export function parseLogQuery(params: URLSearchParams, nowMs: number): LogQuery {
  const tailLines = wholeNumber(params, 'tailLines', 0);
  const limitBytes = wholeNumber(params, 'limitBytes', 1);
  const stream = params.get('stream');
  if (stream && stream !== 'All' && tailLines !== undefined)
    throw new LogQueryError('`tailLines` is set while `stream` is not All');
  return {
    follow: isYes(params.get('follow')),
    previous: isYes(params.get('previous')),
    timestamps: isYes(params.get('timestamps')),
    tailLines,
    limitBytes,
    sinceMs: sinceMs(params, nowMs),
    stream: stream === 'Stdout' ? 'stdout' : stream === 'Stderr' ? 'stderr' : undefined,
  };
}

function wholeNumber(params: URLSearchParams, name: string, least: number): number | undefined {
  const text = params.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new LogQueryError(`Invalid value: ${JSON.stringify(text)}: ${name} must be at least ${least}`);
  return value;
}

function sinceMs(params: URLSearchParams, nowMs: number): number | undefined {
  const seconds = wholeNumber(params, 'sinceSeconds', 1);
  const time = params.get('sinceTime');
  if (seconds !== undefined && time)
    throw new LogQueryError('at most one of `sinceTime` or `sinceSeconds` may be specified');
  if (seconds !== undefined) return nowMs - seconds * 1000;
  if (!time) return undefined;
  const parsed = Date.parse(time);
  if (Number.isNaN(parsed))
    throw new LogQueryError(`Invalid value: ${JSON.stringify(time)}: sinceTime must be RFC 3339`);
  return parsed;
}
