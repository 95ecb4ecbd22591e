import { type FieldError, forbiddenField, invalid, notSupported } from '../../machinery/field-error.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { type ContinueToken, decodeContinue } from './continue-token.ts';
import { boolean, checkOptions, integer } from './request-options.ts';

/** What a list says besides its selectors. */
export interface ListRequest {
  limit: number;
  /** Where it goes on; absent where it begins. */
  continued: ContinueToken | undefined;
  /** Absent where the client wants the newest state; 0: any. */
  resourceVersion: number | undefined;
  match: '' | 'Exact' | 'NotOlderThan';
}

/** What a watch says besides its selectors. */
export interface WatchRequest {
  resourceVersion: number | undefined;
  allowBookmarks: boolean;
  /** Whether the current objects come first. */
  initialEvents: boolean;
  /** Whether a bookmark says where the current objects end. */
  markEnd: boolean;
  timeoutSeconds: number | undefined;
}

export function listRequest(query: URLSearchParams): ListRequest {
  integer(query, 'timeoutSeconds');
  const limit = integer(query, 'limit') ?? 0;
  const match = query.get('resourceVersionMatch') ?? '';
  const version = query.get('resourceVersion') ?? '';
  const token = query.get('continue') ?? '';
  checkOptions('ListOptions', listErrors({ match, version, token, initial: query.has('sendInitialEvents') }));
  const continued = token === '' ? undefined : decodeContinue(token);
  if (continued && version !== '' && version !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const resourceVersion = parseRevision(version);
  return {
    // Who takes any state gets all of it, as upstream's cache answers.
    limit: resourceVersion === 0 ? 0 : limit,
    continued,
    resourceVersion,
    match: match as ListRequest['match'],
  };
}

function listErrors(options: {
  match: string;
  version: string;
  token: string;
  initial: boolean;
}): readonly FieldError[] {
  const { match, version, token, initial } = options;
  const field = 'resourceVersionMatch';
  const errors: FieldError[] = [];
  if (match !== '') {
    if (version === '')
      errors.push(forbiddenField(field, `${field} is forbidden unless resourceVersion is provided`));
    if (token !== '') errors.push(forbiddenField(field, `${field} is forbidden when continue is provided`));
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(notSupported(field, match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && version === '0') {
      errors.push(forbiddenField(field, `${field} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (initial) errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return errors;
}

export function watchRequest(query: URLSearchParams): WatchRequest {
  const version = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  const asked = boolean(query.get('sendInitialEvents'));
  checkOptions('ListOptions', watchErrors({ match, token: query.get('continue') ?? '', asked }));
  const legacy = asked === undefined && (version === '' || version === '0');
  const allowBookmarks = boolean(query.get('allowWatchBookmarks')) ?? false;
  return {
    resourceVersion: parseRevision(version),
    allowBookmarks,
    initialEvents: asked ?? legacy,
    markEnd: (asked ?? legacy) && allowBookmarks,
    timeoutSeconds: integer(query, 'timeoutSeconds'),
  };
}

function watchErrors(options: {
  match: string;
  token: string;
  asked: boolean | undefined;
}): readonly FieldError[] {
  const { match, token, asked } = options;
  const field = 'resourceVersionMatch';
  const errors: FieldError[] = [];
  if (asked !== undefined && match !== 'NotOlderThan') {
    errors.push(forbiddenField(field, `sendInitialEvents requires setting ${field} to NotOlderThan`));
  }
  if (match === '') return errors;
  if (asked === undefined) {
    errors.push(
      forbiddenField(field, `${field} is forbidden for watch unless sendInitialEvents is provided`),
    );
  }
  if (match !== 'NotOlderThan') errors.push(notSupported(field, match, ['NotOlderThan']));
  if (token !== '') errors.push(forbiddenField(field, `${field} is forbidden when continue is provided`));
  return errors;
}

const largestRevision = 2n ** 64n - 1n;

/** Reads a resourceVersion; none: undefined. */
export function parseRevision(text: string): number | undefined {
  if (text === '') return undefined;
  const isNumber = /^\d+$/.test(text);
  if (isNumber && BigInt(text) <= largestRevision) return Number(text);
  const why = `strconv.ParseUint: parsing ${goQuote(text)}: ${isNumber ? 'value out of range' : 'invalid syntax'}`;
  const { field, body } = invalid('resourceVersion', text, why);
  throw badRequest(`invalid resource version: ${field}: ${body}`);
}
