import { badRequest } from '../../machinery/status-error.ts';
import { anonymousUser, authenticatedGroup, unauthenticatedGroup } from '../auth/authenticator.ts';
import type { Attributes, Authorizer } from '../auth/authorizer.ts';
import { parseServiceAccountName, serviceAccountGroups } from '../auth/service-account-name.ts';
import type { UserInfo } from '../registry/kind.ts';
import { authorize } from './authorize.ts';

/** Whom a request wants to act as, as its headers say. */
interface Wanted {
  user: string;
  uid: string;
  groups: string[];
  extra: Record<string, string[]>;
}

const extraPrefix = 'impersonate-extra-';

/** The key of an extra attribute: percent signs are decoded where they can be. */
function extraKey(header: string): string {
  const key = header.slice(extraPrefix.length);
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function readHeaders(rawHeaders: readonly string[]): Wanted {
  const wanted: Wanted = { user: '', uid: '', groups: [], extra: Object.create(null) };
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (!name.startsWith('impersonate-')) continue;
    const value = rawHeaders[i + 1] as string;
    if (name === 'impersonate-user') wanted.user ||= value;
    else if (name === 'impersonate-uid') wanted.uid ||= value;
    else if (name === 'impersonate-group') wanted.groups.push(value);
    else if (name.startsWith(extraPrefix)) {
      const key = extraKey(name);
      wanted.extra[key] = [...(wanted.extra[key] ?? []), value];
    }
  }
  return wanted;
}

function describe({ groups, extra, uid }: Wanted): string {
  const parts = [...groups.map((g) => `group ${g}`), ...Object.keys(extra).map((k) => `extra ${k}`)];
  return `requested ${[...parts, ...(uid ? [`uid ${uid}`] : [])].join(', ')} without impersonating a user`;
}

const acting = (resource: string, name: string, more: Partial<Attributes> = {}): Attributes => ({
  isResource: true,
  verb: 'impersonate',
  group: '',
  version: '',
  namespace: '',
  resource,
  subresource: '',
  name,
  path: '',
  ...more,
});

/** All that the caller must be allowed to impersonate. */
function demands({ user, uid, groups, extra }: Wanted): Attributes[] {
  const account = parseServiceAccountName(user);
  const group = 'authentication.k8s.io';
  const version = 'v1';
  return [
    account
      ? acting('serviceaccounts', account.name, { namespace: account.namespace })
      : acting('users', user),
    ...groups.map((name) => acting('groups', name)),
    ...Object.entries(extra).flatMap(([subresource, values]) =>
      values.map((value) => acting('userextras', value, { group, version, subresource })),
    ),
    ...(uid ? [acting('uids', uid, { group, version })] : []),
  ];
}

function becomes({ user, uid, groups, extra }: Wanted): UserInfo {
  const account = parseServiceAccountName(user);
  const all = account && groups.length === 0 ? serviceAccountGroups(account.namespace) : [...groups];
  if (user === anonymousUser.name) {
    if (!all.includes(unauthenticatedGroup)) all.push(unauthenticatedGroup);
  } else if (!all.includes(authenticatedGroup) && !all.includes(unauthenticatedGroup)) {
    all.push(authenticatedGroup);
  }
  return { name: user, groups: all, ...(uid && { uid }), extra };
}

/** The user a request acts as: who sent it, or whom its Impersonate headers name, if the sender may do that. */
export function impersonate(
  rawHeaders: readonly string[],
  sender: UserInfo,
  authorizer: Authorizer,
): UserInfo {
  const wanted = readHeaders(rawHeaders);
  if (!wanted.user) {
    if (wanted.groups.length > 0 || wanted.uid || Object.keys(wanted.extra).length > 0) {
      throw badRequest(describe(wanted));
    }
    return sender;
  }
  for (const demand of demands(wanted)) authorize(authorizer, sender, demand);
  return becomes(wanted);
}
