import { renderErrors } from '../../machinery/field-error.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { dns1123SubdomainErrors } from '../../machinery/names.ts';
import { anonymousUser, authenticatedGroup, unauthenticatedGroup } from '../auth/authenticator.ts';
import { type Attributes, type Authorizer, privilegedGroup } from '../auth/authorizer.ts';
import { parseServiceAccountName, serviceAccountGroups } from '../auth/service-account-name.ts';
import { domainPath } from '../kinds/shared/validate.ts';
import type { UserInfo } from '../registry/kind.ts';
import { forbiddenError } from './authorize.ts';

/** Whom a request wants to act as, as its headers say. */
export interface Wanted {
  user: string;
  uid: string;
  groups: string[];
  extra: Record<string, string[]>;
}

/** One try of a sender to act as somebody else. */
export interface Attempt {
  wanted: Wanted;
  sender: UserInfo;
  /** What the request is about. */
  asked: Attributes;
  authorizer: Authorizer;
}

/** One way in which somebody may act as another. */
export interface ImpersonationMode {
  name: string;
  /** Whether the way is meant for such a pair; nothing is asked where it is not. */
  applies(attempt: Attempt): boolean;
  /** Whom the request then acts as; rejects with 403 where the sender may not. */
  check(attempt: Attempt): Promise<UserInfo>;
}

const nodePrefix = 'system:node:';

function nodeOf(user: string): string | undefined {
  if (!user.startsWith(nodePrefix)) return undefined;
  const name = user.slice(nodePrefix.length);
  return dns1123SubdomainErrors(name).length === 0 ? name : undefined;
}

const namesAUserAlone = ({ uid, groups, extra }: Wanted) =>
  !uid && groups.length === 0 && Object.keys(extra).length === 0;

const nodeNameKey = 'authentication.kubernetes.io/node-name';

/** Whether the sender is a service account whose token was made for a pod on that node. */
function runsOn(node: string | undefined, { name, extra }: UserInfo): boolean {
  if (!node || !parseServiceAccountName(name)) return false;
  const names = extra?.[nodeNameKey];
  return names?.length === 1 && names[0] === node;
}

/** The group that the API of users and groups is in, for what is asked about constrained impersonation. */
const authentication = { group: 'authentication.k8s.io', version: 'v1' };

const acting = (verb: string, resource: string, more: Partial<Attributes> = {}): Attributes => ({
  isResource: true,
  verb,
  group: '',
  version: 'v1',
  namespace: '',
  resource,
  subresource: '',
  name: '',
  path: '',
  ...more,
});

const withGroup = (groups: readonly string[], group: string) =>
  groups.includes(group) ? groups : [...groups, group];

function becomes({ user, uid, extra }: Wanted, groups: readonly string[]): UserInfo {
  const info = { name: user, ...(uid && { uid }), extra };
  if (user === anonymousUser.name) return { ...info, groups: withGroup(groups, unauthenticatedGroup) };
  if (groups.includes(unauthenticatedGroup)) return { ...info, groups };
  return { ...info, groups: withGroup(groups, authenticatedGroup) };
}

/** What is asked about the name: it is one of a service account or a user, or, as `nodes` says, of a node. */
function nameDemand(verb: string, user: string, { nodes }: { nodes: boolean }): Attributes {
  const account = parseServiceAccountName(user);
  if (account) return acting(verb, 'serviceaccounts', account);
  const node = nodes ? nodeOf(user) : undefined;
  return node ? acting(verb, 'nodes', { name: node }) : acting(verb, 'users', { name: user });
}

/** Rejects with 403 unless the sender may do this, also where that could not be found out. */
async function demand({ sender, authorizer }: Attempt, asked: Attributes): Promise<void> {
  const { verdict, reason } = await authorizer.authorize(sender, asked);
  if (verdict !== 'allow') throw forbiddenError(sender, asked, reason);
}

const extraDemands = (verb: string, extra: Wanted['extra']) =>
  Object.entries(extra).flatMap(([subresource, values]) =>
    values.map((name) => acting(verb, 'userextras', { ...authentication, subresource, name })),
  );

/** Impersonation as it always was: whoever may act as a user may do all that the user may. */
const legacyMode: ImpersonationMode = {
  name: 'legacy',
  applies: () => true,
  async check(attempt) {
    const { wanted } = attempt;
    const { user, uid, groups, extra } = wanted;
    const verb = 'impersonate';
    await demand(attempt, nameDemand(verb, user, { nodes: false }));
    if (uid) await demand(attempt, acting(verb, 'uids', { ...authentication, name: uid }));
    for (const name of groups) await demand(attempt, acting(verb, 'groups', { name }));
    for (const asked of extraDemands(verb, extra)) await demand(attempt, asked);
    const account = parseServiceAccountName(user);
    return becomes(wanted, account && groups.length === 0 ? serviceAccountGroups(account.namespace) : groups);
  },
};

/** From so many on, leave for all of them is asked for first. */
const many = 4;

/** What constrained impersonation asks about a user, as the one that is sent or with another name of a node. */
class ConstrainedCheck {
  readonly #verb: string;
  readonly #attempt: Attempt;

  constructor(mode: string, attempt: Attempt) {
    this.#verb = `impersonate:${mode}`;
    this.#attempt = attempt;
  }

  #about(resource: string, more: Partial<Attributes> = {}): Attributes {
    return acting(this.#verb, resource, { ...authentication, ...more });
  }

  async #ask(asked: Attributes): Promise<void> {
    await demand(this.#attempt, asked);
  }

  async #allows(asked: Attributes): Promise<boolean> {
    const { authorizer, sender } = this.#attempt;
    const { verdict } = await authorizer.authorize(sender, asked);
    return verdict === 'allow';
  }

  #refuse(asked: Attributes, why: string): never {
    throw forbiddenError(this.#attempt.sender, asked, why);
  }

  async name(name?: string): Promise<void> {
    const asked = nameDemand(this.#verb, this.#attempt.wanted.user, { nodes: true });
    await this.#ask({ ...asked, ...authentication, ...(name && { name }) });
  }

  async uid(): Promise<void> {
    const { uid } = this.#attempt.wanted;
    if (uid) await this.#ask(this.#about('uids', { name: uid }));
  }

  async groups(): Promise<void> {
    const { groups } = this.#attempt.wanted;
    if (groups.includes('')) {
      this.#refuse(this.#about('groups'), 'impersonating the empty string group is not allowed');
    }
    if (groups.includes(privilegedGroup)) {
      const asked = this.#about('groups', { name: privilegedGroup });
      this.#refuse(asked, `impersonating the ${privilegedGroup} group is not allowed`);
    }
    if (groups.length >= many && (await this.#allows(this.#about('groups', { name: '*' })))) return;
    for (const name of groups) await this.#ask(this.#about('groups', { name }));
  }

  async extra(): Promise<void> {
    const { extra } = this.#attempt.wanted;
    const wrong = extraError(extra);
    if (wrong) this.#refuse(this.#about('userextras'), wrong);
    const demands = extraDemands(this.#verb, extra);
    const all = this.#about('userextras', { subresource: '*', name: '*' });
    if (demands.length >= many && (await this.#allows(all))) return;
    for (const asked of demands) await this.#ask(asked);
  }
}

function extraError(extra: Wanted['extra']): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed';
    const errors = domainPath('extra.key', key);
    if (errors.length > 0)
      return `impersonating an invalid key in extra is not allowed: ${renderErrors(errors)}`;
    if (key !== key.toLowerCase())
      return `impersonating a non-lowercase key in extra is not allowed: ${goQuote(key)}`;
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return undefined;
}

/** The groups that a user has in constrained impersonation: those of nodes and service accounts are fixed. */
function constrainedGroups({ user, groups }: Wanted): readonly string[] {
  const account = parseServiceAccountName(user);
  if (account) return serviceAccountGroups(account.namespace);
  return nodeOf(user) ? ['system:nodes'] : groups;
}

/**
 * A way that needs leave twice: for what the request does (`impersonate-on:<mode>:<verb>`), and for the user it does it
 * as (`impersonate:<mode>`). `anyName`: leave is needed for all users of the kind, whichever is meant.
 */
const constrainedMode = (
  name: string,
  applies: ImpersonationMode['applies'],
  { anyName }: { anyName?: string } = {},
): ImpersonationMode => ({
  name,
  applies,
  async check(attempt) {
    const { wanted, asked } = attempt;
    await demand(attempt, { ...asked, verb: `impersonate-on:${name}:${asked.verb}` });
    const check = new ConstrainedCheck(name, attempt);
    await check.name(anyName);
    await check.uid();
    await check.groups();
    await check.extra();
    return becomes(wanted, constrainedGroups(wanted));
  },
});

/** The ways in which somebody may act as another, in the order in which they are tried. */
export const impersonationModes: readonly ImpersonationMode[] = [
  constrainedMode(
    'associated-node',
    ({ wanted, sender }) => namesAUserAlone(wanted) && runsOn(nodeOf(wanted.user), sender),
    { anyName: '*' },
  ),
  constrainedMode(
    'arbitrary-node',
    ({ wanted }) => namesAUserAlone(wanted) && nodeOf(wanted.user) !== undefined,
  ),
  constrainedMode(
    'serviceaccount',
    ({ wanted }) => namesAUserAlone(wanted) && parseServiceAccountName(wanted.user) !== undefined,
  ),
  constrainedMode(
    'user-info',
    ({ wanted: { user } }) => nodeOf(user) === undefined && parseServiceAccountName(user) === undefined,
  ),
  legacyMode,
];

/** What the audit event says of the way: the verb, but for the old one. */
export const constraintOf = ({ name }: ImpersonationMode) =>
  name === legacyMode.name ? '' : `impersonate:${name}`;
