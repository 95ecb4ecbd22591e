import { goQuote } from '../../machinery/go-text.ts';
import { forbidden, StatusError } from '../../machinery/status-error.ts';
import type { Attributes, Authorizer } from '../auth/authorizer.ts';
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

/** Throws 403 unless the user may do what the request asks. `notes` are those of an audited request. */
export function authorize(
  authorizer: Authorizer,
  user: UserInfo,
  attributes: Attributes,
  notes?: Pick<RequestNotes, 'annotate'>,
): void {
  const { verdict, reason } = authorizer.authorize(user, attributes);
  const isAllowed = verdict === 'allow';
  notes?.annotate('authorization.k8s.io/decision', isAllowed ? 'allow' : 'forbid');
  notes?.annotate('authorization.k8s.io/reason', reason);
  if (!isAllowed) throw forbiddenError(user, attributes, reason);
}
