import * as resources from '../../api/generated/resources.ts';
import type { Platform } from '../../platform/platform.ts';
import type { AdmissionPlugin } from '../admission/admission.ts';
import type { Kind, UserInfo } from '../registry/kind.ts';
import type { Authenticator, TokenAuthenticator } from './authenticator.ts';
import { AbacAuthorizer, type AbacPolicy } from './authorization/abac.ts';
import { AuthorizationCounts } from './authorization/authorization-counts.ts';
import { AuthorizerChain, type ConfiguredAuthorizer, usualAuthorizers } from './authorization/chain.ts';
import type { Authorizer } from './authorizer.ts';
import { Tokens } from './bearer-token.ts';
import { certificateAuthenticator } from './client-certificate.ts';
import { NodeAuthorizer } from './node-authorizer.ts';
import type { Metric } from '../../platform/metrics/metric.ts';
import type { ObjectReader } from './object-reader.ts';
import { claimStatusRights } from './admission/claim-status-rights.ts';
import { certificateRequests } from './admission/certificate-requests.ts';
import { nodeRestriction } from './admission/node-restriction.ts';
import { escalationCheck } from './admission/role-escalation.ts';
import { RbacAuthorizer } from './rbac/rbac-authorizer.ts';
import { RoleIndex } from './rbac/role-index.ts';
import { type RemoteHeaderNames, requestHeaderAuthenticator } from './request-header.ts';
import { reviewKinds, type ReviewOptions } from './reviews.ts';
import { bootstrapTokens } from './tokens/bootstrap-tokens.ts';
import { ServiceAccountTokens, type ServiceAccountTokensOptions } from './tokens/service-account-tokens.ts';
import { staticTokens } from './tokens/static-tokens.ts';
import { readTokenKey } from './tokens/token-keys.ts';
import { type TokenLifetimes, tokenSubresource } from './tokens/token-request.ts';
import { WebhookTokens, type WebhookTokensOptions } from './tokens/webhook-tokens.ts';

export interface SecurityOptions {
  reader: ObjectReader;
  platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  serviceAccounts: ServiceAccountOptions;
  /** Tokens that are good from the start. */
  staticTokens?: readonly { token: string; user: UserInfo }[];
  /** Knows the tokens of issuers outside of the cluster. */
  foreignTokens?: TokenAuthenticator | undefined;
  /** A server elsewhere that knows tokens, asked last. */
  webhookTokens?: WebhookTokensOptions | undefined;
  /** Told of Secrets whose tokens are used. */
  onSecretUsed?: ServiceAccountTokensOptions['onSecretUsed'];
  /** Who is asked what a user may do; nodes' own rules and roles unless given. */
  authorization?: AuthorizationOptions | undefined;
  /** Names in the certificates of proxies that may say for whom they ask; nobody may where absent. */
  proxyNames?: readonly string[];
  /** Headers in which they say so; upstream's usual ones unless given. */
  proxyHeaders?: RemoteHeaderNames | undefined;
}

/** The chain of authorizers. */
export interface AuthorizationOptions {
  authorizers: readonly ConfiguredAuthorizer[];
  /** For the type ABAC. */
  abacPolicies?: readonly AbacPolicy[];
  /** Told how to put others in their place, which throws an Error where they cannot be asked. */
  follow?(use: (authorizers: readonly ConfiguredAuthorizer[]) => void): void;
  /** What is counted of that. */
  metrics?: readonly Metric[];
}

export interface ServiceAccountOptions extends TokenLifetimes {
  /** Who the tokens say they come from. */
  issuer: string;
  /** Who they said they come from before: such tokens are believed too. */
  formerIssuers?: readonly string[];
  /** Where others find the keys, where that is not below the issuer. */
  jwksUri?: string;
  /** PEM; the first private key signs, all verify. */
  keys: readonly string[];
  /** PEM; signs in place of those. */
  signingKey?: string;
  /** Whom the tokens are meant for where nothing else is asked for; the issuers unless given. */
  audiences?: readonly string[];
  /** Makes a token of its claims in place of the keys: for a server whose tokens nobody shows. */
  sign?(claims: object): string;
}

/** Who somebody is and what they may do: all parts, put together. */
export interface Security {
  authenticators: Authenticator[];
  authorizer: Authorizer;
  /** What it counts. */
  metrics: readonly Metric[];
  serviceAccounts: ServiceAccountTokens;
  /** The kinds that answer questions about it. */
  kinds: Kind[];
  /** Keeps users from doing in the name of others, or handing on, what they may not do themselves. */
  admission: AdmissionPlugin[];
  /** Adds the subresource that issues tokens to the kind of service accounts. */
  withTokens(kinds: readonly Kind[]): Kind[];
}

export function createSecurity(options: SecurityOptions): Security {
  const { reader, platform } = options;
  const { clock } = platform;
  const { issuer, formerIssuers = [], jwksUri, keys, signingKey, sign, ...more } = options.serviceAccounts;
  const { audiences = [issuer, ...formerIssuers], ...lifetimes } = more;
  const tokenKeys = keys.map(readTokenKey);
  const serviceAccounts = new ServiceAccountTokens({
    issuer,
    formerIssuers,
    jwksUri,
    keys: tokenKeys,
    ...(signingKey !== undefined && { signingKey: readTokenKey(signingKey) }),
    sign,
    reader,
    clock,
    onSecretUsed: options.onSecretUsed,
  });
  const tokens = new Tokens({
    authenticators: [
      staticTokens(options.staticTokens ?? []),
      bootstrapTokens({ reader, clock }),
      serviceAccounts,
      ...(options.foreignTokens ? [options.foreignTokens] : []),
      ...(options.webhookTokens ? [new WebhookTokens(options.webhookTokens, { platform, audiences })] : []),
    ],
    audiences,
  });
  const index = new RoleIndex(reader);
  const rbac = new RbacAuthorizer(index);
  const { chain, metrics } = createChain(options, rbac);
  const identify: ReviewOptions['identify'] = (token, wanted, notes) => tokens.identify(token, wanted, notes);
  const token = tokenSubresource({ tokens: serviceAccounts, audiences, ...lifetimes });
  return {
    authenticators: [
      ...(options.proxyNames
        ? [requestHeaderAuthenticator(options.proxyNames, platform.clock, options.proxyHeaders)]
        : []),
      certificateAuthenticator(platform.clock),
      tokens,
    ],
    authorizer: chain,
    metrics: [...metrics, ...serviceAccounts.counts.metrics],
    serviceAccounts,
    kinds: reviewKinds({ authorizer: chain, rules: chain, identify, audiences }),
    admission: [
      certificateRequests(chain),
      claimStatusRights(chain),
      nodeRestriction(chain),
      escalationCheck({ authorizer: chain, rbac, index }),
    ],
    withTokens: (kinds) =>
      kinds.map((kind) =>
        kind.resource === (resources.serviceaccounts as unknown)
          ? withSubresource(kind, { token } as never)
          : kind,
      ),
  };
}

function createChain({ reader, platform, authorization }: SecurityOptions, rbac: RbacAuthorizer) {
  const { authorizers = usualAuthorizers, abacPolicies } = authorization ?? {};
  const counts = new AuthorizationCounts();
  const node = new NodeAuthorizer(reader);
  const abac = abacPolicies && new AbacAuthorizer(abacPolicies);
  const chain = new AuthorizerChain({ node, rbac, abac, counts, platform }, authorizers);
  authorization?.follow?.((others) => chain.use(others));
  return { chain, metrics: [...counts.metrics, ...(authorization?.metrics ?? [])] };
}

const withSubresource = (kind: Kind, more: NonNullable<Kind['subresources']>): Kind => ({
  ...kind,
  subresources: { ...kind.subresources, ...more },
});
