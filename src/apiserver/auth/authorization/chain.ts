import type { UserInfo } from '../../registry/kind.ts';
import {
  type Attributes,
  type Authorizer,
  decided,
  type Deciding,
  firstOpinion,
  privilegedGroupAuthorizer,
} from '../authorizer.ts';
import { type RuleSource, rulesOfAll, type UserRules } from '../rule-source.ts';
import { alwaysAllow, alwaysDeny } from './always.ts';
import type { AuthorizationCounts, DecisionCount } from './authorization-counts.ts';
import type { AuthorizerConfiguration } from './configuration.ts';
import { WebhookAuthorizer, type WebhookMeans } from './webhook-authorizer.ts';
import type { ReviewServer } from '../review-client.ts';

type Link = Authorizer & RuleSource;

/** One link of the chain, with the way to the server where it is a webhook. */
export interface ConfiguredAuthorizer extends AuthorizerConfiguration {
  server?: ReviewServer;
}

/** The chain of a server that was told nothing. */
export const usualAuthorizers: readonly ConfiguredAuthorizer[] = [
  { type: 'Node', name: 'node' },
  { type: 'RBAC', name: 'rbac' },
];

export interface ChainOptions extends WebhookMeans {
  node: Link;
  rbac: Link;
  /** Where there is a policy file. */
  abac?: Link | undefined;
  counts: AuthorizationCounts;
}

/** Asks one authorizer after the other, as configured; that may change. Members of system:masters may do everything before. */
export class AuthorizerChain implements Authorizer, RuleSource {
  readonly #options: ChainOptions;
  #authorizer!: Authorizer;
  #sources: readonly RuleSource[] = [];

  constructor(options: ChainOptions, authorizers: readonly ConfiguredAuthorizer[]) {
    this.#options = options;
    this.use(authorizers);
  }

  /** From now on, these are asked. Throws an Error where one of them cannot be. */
  use(authorizers: readonly ConfiguredAuthorizer[]): void {
    const links = authorizers.map((one) => ({ one, link: this.#link(one) }));
    const { counts } = this.#options;
    this.#authorizer = firstOpinion([
      privilegedGroupAuthorizer,
      ...links.map(({ one, link }) => counting(link, counts.decisionsOf(one.type, one.name))),
    ]);
    this.#sources = links.map(({ link }) => link);
  }

  authorize(user: UserInfo, attributes: Attributes): Deciding {
    return this.#authorizer.authorize(user, attributes);
  }

  rulesFor(user: UserInfo, namespace: string): UserRules {
    return rulesOfAll(this.#sources, user, namespace);
  }

  #link({ type, name, webhook, server }: ConfiguredAuthorizer): Link {
    const { node, rbac, abac } = this.#options;
    switch (type) {
      case 'Node':
        return node;
      case 'RBAC':
        return rbac;
      case 'AlwaysAllow':
        return alwaysAllow;
      case 'AlwaysDeny':
        return alwaysDeny;
      case 'ABAC':
        if (!abac) throw new Error("authorization-mode ABAC's authorization policy file not passed");
        return abac;
      case 'Webhook':
        if (!webhook || !server) throw new Error(`the authorizer ${name} has no webhook`);
        return new WebhookAuthorizer({ name, webhook, server }, this.#options);
    }
  }
}

function counting(authorizer: Authorizer, count: DecisionCount): Authorizer {
  const note = <D extends { verdict: string }>(decision: D): D => {
    if (decision.verdict === 'allow') count.allowed++;
    else if (decision.verdict === 'deny') count.denied++;
    return decision;
  };
  return { authorize: (user, attributes) => decided(authorizer.authorize(user, attributes), note) };
}
