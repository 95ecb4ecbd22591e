import * as resources from '../../api/generated/resources.ts';
import type { Clock } from '../../platform/clock.ts';
import type { AdmissionPlugin } from '../admission/admission.ts';
import type { Kind, UserInfo } from '../registry/kind.ts';
import type { Authenticator, TokenAuthenticator } from './authenticator.ts';
import { type Authorizer, firstOpinion, privilegedGroupAuthorizer } from './authorizer.ts';
import { Tokens } from './bearer-token.ts';
import { certificateAuthenticator } from './client-certificate.ts';
import { NodeAuthorizer } from './node-authorizer.ts';
import type { ObjectReader } from './object-reader.ts';
import { claimStatusRights } from './admission/claim-status-rights.ts';
import { certificateRequests } from './admission/certificate-requests.ts';
import { nodeRestriction } from './admission/node-restriction.ts';
import { escalationCheck } from './admission/role-escalation.ts';
import { RbacAuthorizer } from './rbac/rbac-authorizer.ts';
import { RoleIndex } from './rbac/role-index.ts';
import { requestHeaderAuthenticator } from './request-header.ts';
import { reviewKinds, type ReviewOptions } from './reviews.ts';
import { bootstrapTokens } from './tokens/bootstrap-tokens.ts';
import { ServiceAccountTokens, type ServiceAccountTokensOptions } from './tokens/service-account-tokens.ts';
import { staticTokens } from './tokens/static-tokens.ts';
import { readTokenKey } from './tokens/token-keys.ts';
import { tokenSubresource } from './tokens/token-request.ts';

export interface SecurityOptions {
  reader: ObjectReader;
  clock: Clock;
  serviceAccounts: ServiceAccountOptions;
  /** Tokens that are good from the start. */
  staticTokens?: readonly { token: string; user: UserInfo }[];
  /** Knows the tokens of issuers outside of the cluster. */
  foreignTokens?: TokenAuthenticator | undefined;
  /** Told of Secrets whose tokens are used. */
  onSecretUsed?: ServiceAccountTokensOptions['onSecretUsed'];
  /** Asked before the roles are. */
  authorizers?: readonly Authorizer[];
  /** Names in the certificates of proxies that may say for whom they ask; nobody may where absent. */
  proxyNames?: readonly string[];
}

export interface ServiceAccountOptions {
  /** Who the tokens say they come from. */
  issuer: string;
  /** PEM; the first private key signs, all verify. */
  keys: readonly string[];
  /** Whom the tokens are meant for where nothing else is asked for; the issuer unless given. */
  audiences?: readonly string[];
  /** Makes a token of its claims in place of the keys: for a server whose tokens nobody shows. */
  sign?(claims: object): string;
}

/** Who somebody is and what they may do: all parts, put together. */
export interface Security {
  authenticators: Authenticator[];
  authorizer: Authorizer;
  serviceAccounts: ServiceAccountTokens;
  /** The kinds that answer questions about it. */
  kinds: Kind[];
  /** Keeps users from doing in the name of others, or handing on, what they may not do themselves. */
  admission: AdmissionPlugin[];
  /** Adds the subresource that issues tokens to the kind of service accounts. */
  withTokens(kinds: readonly Kind[]): Kind[];
}

export function createSecurity(options: SecurityOptions): Security {
  const { reader, clock } = options;
  const { issuer, keys, sign, audiences = [issuer] } = options.serviceAccounts;
  const tokenKeys = keys.map(readTokenKey);
  const serviceAccounts = new ServiceAccountTokens({
    issuer,
    keys: tokenKeys,
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
    ],
    audiences,
  });
  const index = new RoleIndex(reader);
  const rbac = new RbacAuthorizer(index);
  const authorizer = firstOpinion([
    privilegedGroupAuthorizer,
    ...(options.authorizers ?? []),
    new NodeAuthorizer(reader),
    rbac,
  ]);
  const identify: ReviewOptions['identify'] = (token, wanted, notes) => tokens.identify(token, wanted, notes);
  const token = tokenSubresource({ tokens: serviceAccounts, audiences });
  return {
    authenticators: [
      ...(options.proxyNames ? [requestHeaderAuthenticator(options.proxyNames)] : []),
      certificateAuthenticator(),
      tokens,
    ],
    authorizer,
    serviceAccounts,
    kinds: reviewKinds({ authorizer, rbac, identify, audiences }),
    admission: [
      certificateRequests(authorizer),
      claimStatusRights(authorizer),
      nodeRestriction,
      escalationCheck({ authorizer, rbac, index }),
    ],
    withTokens: (kinds) =>
      kinds.map((kind) =>
        kind.resource === (resources.serviceaccounts as unknown)
          ? withSubresource(kind, { token } as never)
          : kind,
      ),
  };
}

const withSubresource = (kind: Kind, more: NonNullable<Kind['subresources']>): Kind => ({
  ...kind,
  subresources: { ...kind.subresources, ...more },
});
