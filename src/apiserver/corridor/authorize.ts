import { goQuote } from '../../machinery/go-text.ts';
import { forbidden, StatusError } from '../../machinery/status-error.ts';
import { type Attributes, type Authorizer, decided } from '../auth/authorizer.ts';
import type { RequestNotes } from '../auth/authenticator.ts';
import type { UserInfo } from '../registry/kind.ts';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string) => text.replace(/[&<>]/g, (c) => escapes[c] as string);

function forbiddenMessage(user: UserInfo, a: Attributes): string {
  const who = `User ${goQuote(user.name)} cannot ${a.verb}`;
  if (!a.isResource) return `${who} path ${goQuote(a.path)}`;
  const resource = a.subresource ? `${a.resource}/${a.subresource}` : a.resource;
  const what = `${who} resource ${goQuote(resource)} in API group ${goQuote(a.group)}`;
  return a.namespace ? `${what} in the namespace ${goQuote(a.namespace)}` : `${what} at the cluster scope`;
}

/** The answer to a user who may not do this. */
export function forbiddenError(user: UserInfo, a: Attributes, reason: string): StatusError {
  const message = escaped(forbiddenMessage(user, a));
  const why = reason ? `${message}: ${reason}` : message;
  return forbidden({ group: a.group, resource: a.resource, name: a.name }, why);
}

/** The answer where it could not be found out whether this may be done. */
function failedError({ path }: Attributes, error: string): StatusError {
  const message = escaped(`Internal Server Error: ${goQuote(path)}: ${error}`);
  return new StatusError(500, 'InternalError', message);
}

/**
 * Throws 403 unless the user may do what the request asks, 500 where that could not be found out; a promise only where an
 * authorizer has to be waited for. `notes` are those of an audited request.
 */
export function authorize(
  authorizer: Authorizer,
  user: UserInfo,
  attributes: Attributes,
  notes?: Pick<RequestNotes, 'annotate'>,
): void | Promise<void> {
  return decided(authorizer.authorize(user, attributes), ({ verdict, reason, error }) => {
    const isAllowed = verdict === 'allow';
    const isKnown = isAllowed || error === undefined;
    if (isKnown) notes?.annotate('authorization.k8s.io/decision', isAllowed ? 'allow' : 'forbid');
    notes?.annotate('authorization.k8s.io/reason', isKnown ? reason : 'internal error');
    if (isAllowed) return;
    throw isKnown ? forbiddenError(user, attributes, reason) : failedError(attributes, error as string);
  });
}
