import type { UserInfo } from '../registry/kind.ts';
import type { RequestInfo } from '../request.ts';
import { aggregated } from '../../machinery/go-text.ts';

/** What somebody wants to do: the part of a request that authorization looks at. */
export type Attributes = Pick<
  RequestInfo,
  | 'isResource'
  | 'verb'
  | 'group'
  | 'version'
  | 'namespace'
  | 'resource'
  | 'subresource'
  | 'name'
  | 'path'
  | 'selectors'
>;

/** `none`: this authorizer has no opinion, ask the next. */
export interface Decision {
  verdict: 'allow' | 'deny' | 'none';
  reason: string;
  /** What kept it from being found out; whoever is allowed all the same is let on. */
  error?: string;
}

/** Most decide at once, so only who has to be waited for gives a promise. It is not rejected. */
export type Deciding = Decision | Promise<Decision>;

/** Says whether a user may do something. */
export interface Authorizer {
  authorize(user: UserInfo, attributes: Attributes): Deciding;
}

/** What comes of a decision, at once where it is there at once. */
export const decided = <T>(deciding: Deciding, use: (decision: Decision) => T): T | Promise<T> =>
  deciding instanceof Promise ? deciding.then(use) : use(deciding);

export const noOpinion: Decision = { verdict: 'none', reason: '' };

/** Members of this group may do everything, whatever the roles say. */
export const privilegedGroup = 'system:masters';

export const privilegedGroupAuthorizer: Authorizer = {
  authorize: (user) => (user.groups.includes(privilegedGroup) ? { verdict: 'allow', reason: '' } : noOpinion),
};

/** Who the API server is to kubelets. */
export const kubeletClient = 'kube-apiserver-kubelet-client';

/** The API server may do at kubelets what it is asked for, whatever the roles say. */
export const kubeletClientAuthorizer: Authorizer = {
  authorize({ name }, { isResource, group, resource, subresource }) {
    const isAtKubelet = isResource && group === '' && resource === 'nodes' && subresource !== '';
    return name === kubeletClient && isAtKubelet ? { verdict: 'allow', reason: '' } : noOpinion;
  },
};

/** Asks one after the other until one has an opinion. Where none has, the answer is no, with all their reasons and errors. */
export function firstOpinion(authorizers: readonly Authorizer[]): Authorizer {
  return { authorize: (user, attributes) => new Inquiry(authorizers, user, attributes).askFrom(0) };
}

class Inquiry {
  readonly #authorizers: readonly Authorizer[];
  readonly #user: UserInfo;
  readonly #attributes: Attributes;
  /** Made when there is one: most requests are allowed before anybody has said anything. */
  #reasons: string[] | undefined;
  #errors: string[] | undefined;

  constructor(authorizers: readonly Authorizer[], user: UserInfo, attributes: Attributes) {
    this.#authorizers = authorizers;
    this.#user = user;
    this.#attributes = attributes;
  }

  askFrom(first: number): Deciding {
    for (let i = first; i < this.#authorizers.length; i++) {
      const deciding = (this.#authorizers[i] as Authorizer).authorize(this.#user, this.#attributes);
      if (deciding instanceof Promise)
        return deciding.then((decision) => (this.#isOpinion(decision) ? decision : this.askFrom(i + 1)));
      if (this.#isOpinion(deciding)) return deciding;
    }
    const reason = this.#reasons?.join('\n') ?? '';
    return { verdict: 'none', reason, ...(this.#errors && { error: aggregated(this.#errors) }) };
  }

  #isOpinion({ verdict, reason, error }: Decision): boolean {
    if (verdict !== 'none') return true;
    if (reason) (this.#reasons ??= []).push(reason);
    if (error) (this.#errors ??= []).push(error);
    return false;
  }
}
