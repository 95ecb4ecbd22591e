import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ApiServerSettings } from '../cluster/api-server-settings.ts';
import type { OidcSettings } from '../cluster/authentication.ts';
import type { AuthorizationSettings } from '../cluster/authorization.ts';
import type { ServiceAccountSettings } from '../cluster/service-accounts.ts';
import { UserError } from '../cluster/user-error.ts';
import { keysAndValues, listed, path, portRange, repeated, spanMs, wholeNumber } from './arguments.ts';
import { type AuditFlags, auditSettings, withAuditFlags } from './audit-flags.ts';
import { type FrontProxyFlags, frontProxySettings, withFrontProxyFlags } from './front-proxy-flags.ts';
import { edgeSettings, type ServingFlags, servingSettings, withServingFlags } from './serving-flags.ts';

/** What a user says of the API server, under upstream's names. */
export interface ApiServerFlags extends AuditFlags, ServingFlags, FrontProxyFlags {
  /** All flags of the command, as they are shown. */
  all: Record<string, string>;
  admissionControlConfigFile?: string;
  enableAdmissionPlugins?: string[];
  disableAdmissionPlugins?: string[];
  authenticationConfig?: string;
  anonymousAuth?: 'true' | 'false';
  tokenAuthFile?: string;
  oidcIssuerUrl?: string;
  oidcClientId?: string;
  oidcCaFile?: string;
  oidcUsernameClaim: string;
  oidcUsernamePrefix?: string;
  oidcGroupsClaim?: string;
  oidcGroupsPrefix?: string;
  oidcRequiredClaim?: Record<string, string>;
  authenticationTokenWebhookConfigFile?: string;
  authenticationTokenWebhookVersion?: string;
  authenticationTokenWebhookCacheTtl?: number;
  apiAudiences?: string[];
  serviceAccountIssuer?: string[];
  serviceAccountJwksUri?: string;
  serviceAccountKeyFile?: string[];
  serviceAccountSigningKeyFile?: string;
  serviceAccountMaxTokenExpiration?: number;
  serviceAccountExtendTokenExpiration?: 'true' | 'false';
  maxRequestsInflight?: number;
  maxMutatingRequestsInflight?: number;
  requestTimeout?: number;
  minRequestTimeout?: number;
  eventTtl?: number;
  serviceNodePortRange?: string;
  serviceClusterIpRange?: string;
  runtimeConfig?: Record<string, string>;
  defaultNotReadyTolerationSeconds?: number;
  defaultUnreachableTolerationSeconds?: number;
  encryptionProviderConfig?: string;
  encryptionProviderConfigAutomaticReload?: boolean;
  authorizationConfig?: string;
  authorizationMode?: string[];
  authorizationPolicyFile?: string;
  authorizationWebhookConfigFile?: string;
  authorizationWebhookVersion?: string;
  authorizationWebhookCacheAuthorizedTtl?: number;
  authorizationWebhookCacheUnauthorizedTtl?: number;
}

const many = 1_000_000;

/** Gives a command the options of `ApiServerFlags`. */
export function withApiServerFlags(command: Command): Command {
  const groups = [
    withAuditFlags,
    withLimitFlags,
    withEncryptionFlags,
    withAdmissionFlags,
    withAuthenticationFlags,
    withAuthorizationFlags,
    withTokenFlags,
    withServingFlags,
    withFrontProxyFlags,
  ];
  return groups.reduce((all, withGroup) => withGroup(all), command);
}

function withLimitFlags(command: Command): Command {
  return command
    .option(
      '--max-requests-inflight <n>',
      'how many requests are served at once, with those of the next flag (default: 400)',
      wholeNumber(0, many),
    )
    .option('--max-mutating-requests-inflight <n>', 'see above (default: 200)', wholeNumber(0, many))
    .option('--request-timeout <time>', 'how long a request may take (default: 1m)', spanMs)
    .option(
      '--min-request-timeout <seconds>',
      'how long watches last at least whose clients do not say; 0 is for ever (default: 1800)',
      wholeNumber(0, many),
    )
    .option('--event-ttl <time>', 'how long events are kept; 0 is for ever (default: 1h)', spanMs)
    .option(
      '--service-node-port-range <range>',
      'the ports of nodes that services get (default: 30000-32767)',
      portRangeText,
    )
    .option(
      '--service-cluster-ip-range <ranges>',
      'the addresses that services get: one range, or one of each family with a comma between them (default: those that the cluster has; 10.96.0.0/12 for a new one)',
    )
    .option(
      '--runtime-config <apis>',
      'APIs that clients are served or not: apps/v1=false, batch/v1/cronjobs=false, api/all=true',
      keysAndValues,
    );
}

function portRangeText(text: string): string {
  const { first, last } = portRange(text);
  return `${first}-${last}`;
}

function withEncryptionFlags(command: Command): Command {
  return command
    .option(
      '--encryption-provider-config <file>',
      'an EncryptionConfiguration: which objects are encrypted in the store, and with what keys',
    )
    .option('--encryption-provider-config-automatic-reload', 'follow it while it changes');
}

function withAdmissionFlags(command: Command): Command {
  return command
    .option('--enable-admission-plugins <names>', 'admission plugins beside the usual ones', listed)
    .option('--disable-admission-plugins <names>', 'usual admission plugins that are left out', listed)
    .option('--admission-control-config-file <file>', 'an AdmissionConfiguration: how plugins are set')
    .option(
      '--default-not-ready-toleration-seconds <n>',
      'how long pods stay on a node that is not ready, unless they say (default: 300)',
      wholeNumber(0, many),
    )
    .option(
      '--default-unreachable-toleration-seconds <n>',
      'how long they stay on one that has gone silent (default: 300)',
      wholeNumber(0, many),
    );
}

function withAuthenticationFlags(command: Command): Command {
  return command
    .option('--authentication-config <file>', 'an AuthenticationConfiguration: whose tokens are believed')
    .addOption(
      new Option('--anonymous-auth <yes>', 'let requests without credentials on (default: true)').choices([
        'true',
        'false',
      ]),
    )
    .option('--token-auth-file <file>', 'tokens with their users, uids and groups, as CSV')
    .option('--authentication-token-webhook-config-file <file>', 'a kubeconfig: a server that knows tokens')
    .option(
      '--authentication-token-webhook-version <version>',
      'version of what it is asked (default: v1beta1)',
    )
    .option(
      '--authentication-token-webhook-cache-ttl <time>',
      'how long its answers are remembered (default: 2m)',
      spanMs,
    )
    .option('--oidc-issuer-url <url>', 'issuer whose tokens are believed')
    .option('--oidc-client-id <id>', 'whom its tokens must be meant for')
    .option('--oidc-ca-file <file>', 'authority of the certificate of the issuer')
    .option('--oidc-username-claim <claim>', 'claim that has the name of the user', 'sub')
    .option(
      '--oidc-username-prefix <prefix>',
      'what stands before it; - is nothing (default: the issuer and #)',
    )
    .option('--oidc-groups-claim <claim>', 'claim that has the groups of the user')
    .option('--oidc-groups-prefix <prefix>', 'what stands before them')
    .option('--oidc-required-claim <claim=value>', 'what a token must say; may be repeated', pairs);
}

function withTokenFlags(command: Command): Command {
  return command
    .option('--api-audiences <names>', 'whom tokens are meant for that are shown here (the issuer)', listed)
    .option(
      '--service-account-issuer <issuer>',
      'who tokens of service accounts say they come from; may be repeated: new ones from the first, all are believed',
      repeated,
    )
    .option('--service-account-jwks-uri <url>', 'where others find the keys that verify them')
    .option(
      '--service-account-signing-key-file <file>',
      'private key that signs tokens of service accounts (default: one made with the cluster)',
    )
    .option(
      '--service-account-key-file <file>',
      'keys, private or public, that such tokens are believed by; may be repeated',
      repeated,
    )
    .option('--service-account-max-token-expiration <time>', 'how long tokens last at most', spanMs)
    .addOption(
      new Option(
        '--service-account-extend-token-expiration <yes>',
        'let tokens of pods last for a year, for clients that do not renew them (default: true)',
      ).choices(['true', 'false']),
    );
}

function withAuthorizationFlags(command: Command): Command {
  return command
    .option(
      '--authorization-config <file>',
      'an AuthorizationConfiguration: who is asked what a user may do; followed while it changes',
    )
    .option(
      '--authorization-mode <modes>',
      'the same in short: Node, RBAC, ABAC, Webhook, AlwaysAllow, AlwaysDeny (default: Node,RBAC)',
      listed,
    )
    .option('--authorization-policy-file <file>', 'policies of mode ABAC, an object a line')
    .option('--authorization-webhook-config-file <file>', 'a kubeconfig: the server that mode Webhook asks')
    .option('--authorization-webhook-version <version>', 'version of what it is asked (default: v1beta1)')
    .option(
      '--authorization-webhook-cache-authorized-ttl <time>',
      'how long it is remembered that it allowed (default: 5m)',
      spanMs,
    )
    .option(
      '--authorization-webhook-cache-unauthorized-ttl <time>',
      'how long it is remembered that it did not (default: 30s)',
      spanMs,
    );
}

function pairs(text: string, all: Record<string, string> = {}): Record<string, string> {
  const [, claim, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (claim === undefined) throw new InvalidArgumentError('must be a claim, =, and its value.');
  return { ...all, [claim]: value ?? '' };
}

/** The flags as settings of the API server. Throws a `UserError` where they make no sense. */
export function apiServerSettings(flags: ApiServerFlags): ApiServerSettings {
  return {
    audit: auditSettings(flags),
    admission: {
      enable: flags.enableAdmissionPlugins,
      disable: flags.disableAdmissionPlugins,
      configFile: path(flags.admissionControlConfigFile),
      notReadyTolerationSeconds: flags.defaultNotReadyTolerationSeconds,
      unreachableTolerationSeconds: flags.defaultUnreachableTolerationSeconds,
    },
    limits: {
      maxRequestsInflight: flags.maxRequestsInflight,
      maxMutatingRequestsInflight: flags.maxMutatingRequestsInflight,
      requestTimeoutMs: flags.requestTimeout,
      minRequestTimeoutSeconds: flags.minRequestTimeout,
    },
    eventTtlMs: flags.eventTtl,
    nodePorts: flags.serviceNodePortRange === undefined ? undefined : portRange(flags.serviceNodePortRange),
    serviceClusterIpRange: flags.serviceClusterIpRange,
    authentication: authenticationSettings(flags),
    authorization: authorizationSettings(flags),
    encryption: {
      configFile: path(flags.encryptionProviderConfig),
      automaticReload: flags.encryptionProviderConfigAutomaticReload,
    },
    serviceAccounts: serviceAccountSettings(flags),
    runtimeConfig: flags.runtimeConfig,
    serving: servingSettings(flags),
    edge: edgeSettings(flags),
    frontProxy: frontProxySettings(flags),
    flags: flags.all,
  };
}

function authenticationSettings(flags: ApiServerFlags): ApiServerSettings['authentication'] {
  const { anonymousAuth } = flags;
  return {
    configFile: path(flags.authenticationConfig),
    oidc: oidcSettings(flags),
    tokenFile: path(flags.tokenAuthFile),
    webhook: {
      configFile: path(flags.authenticationTokenWebhookConfigFile),
      version: flags.authenticationTokenWebhookVersion,
      cacheTtlMs: flags.authenticationTokenWebhookCacheTtl,
    },
    ...(anonymousAuth && { allowAnonymous: anonymousAuth === 'true' }),
  };
}

function serviceAccountSettings(flags: ApiServerFlags): ServiceAccountSettings {
  const { serviceAccountExtendTokenExpiration: extend } = flags;
  return {
    audiences: flags.apiAudiences,
    issuers: flags.serviceAccountIssuer,
    jwksUri: flags.serviceAccountJwksUri,
    signingKeyFile: path(flags.serviceAccountSigningKeyFile),
    keyFiles: flags.serviceAccountKeyFile?.map((file) => resolve(file)),
    maxTokenExpirationMs: flags.serviceAccountMaxTokenExpiration,
    ...(extend && { extendTokenExpiration: extend === 'true' }),
  };
}

function authorizationSettings(flags: ApiServerFlags): AuthorizationSettings {
  return {
    configFile: path(flags.authorizationConfig),
    modes: flags.authorizationMode,
    policyFile: path(flags.authorizationPolicyFile),
    webhook: {
      configFile: path(flags.authorizationWebhookConfigFile),
      version: flags.authorizationWebhookVersion,
      authorizedTtlMs: flags.authorizationWebhookCacheAuthorizedTtl,
      unauthorizedTtlMs: flags.authorizationWebhookCacheUnauthorizedTtl,
    },
  };
}

function oidcSettings(flags: ApiServerFlags): OidcSettings | undefined {
  const { oidcIssuerUrl: issuerUrl, oidcClientId: clientId } = flags;
  if ((issuerUrl === undefined) !== (clientId === undefined))
    throw new UserError('oidc-issuer-url and oidc-client-id must be specified together');
  if (issuerUrl === undefined || clientId === undefined) return undefined;
  return {
    issuerUrl,
    clientId,
    caFile: path(flags.oidcCaFile),
    usernameClaim: flags.oidcUsernameClaim,
    usernamePrefix: flags.oidcUsernamePrefix,
    groupsClaim: flags.oidcGroupsClaim,
    groupsPrefix: flags.oidcGroupsPrefix,
    requiredClaims: flags.oidcRequiredClaim ?? {},
  };
}
