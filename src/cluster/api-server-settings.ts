import { AllocationCounts } from '../apiserver/kinds/core/service/allocation-counts.ts';
import { kindsAs } from '../apiserver/kinds/kinds.ts';
import type { ApiServerLimits, ApiServerOptions } from '../apiserver/server.ts';
import type { Platform } from '../platform/platform.ts';
import type { Store } from '../store/store.ts';
import { type AdmissionSettings, readAdmission } from './admission.ts';
import { type AuthenticationSettings, readAuthentication } from './authentication.ts';
import { type AuthorizationSettings, readAuthorization } from './authorization.ts';
import { type EdgeSettings, readEdge } from './edge.ts';
import { type EncryptionSettings, readEncryption } from './encryption.ts';
import { type AuditSettings, startAuditing } from './audit.ts';
import {
  type OtherAddresses,
  readServiceNetwork,
  refuseTaken,
  type ServiceNetwork,
  storedServiceNetwork,
  usualServiceNetwork,
} from './service-network.ts';
import {
  readServiceAccounts,
  type ServiceAccountMeans,
  type ServiceAccountSettings,
} from './service-accounts.ts';
import { readServing, type Serving, type ServingSettings } from './serving.ts';
import { type FrontProxies, type FrontProxySettings, readFrontProxy } from './front-proxy.ts';
import { type RuntimeConfig, servedBy } from './served-apis.ts';
import { UserError } from './user-error.ts';

/** What a user says of the API server alone; the names are those of upstream's flags. */
export interface ApiServerSettings {
  audit?: AuditSettings | undefined;
  authentication?: AuthenticationSettings;
  authorization?: AuthorizationSettings;
  admission?: AdmissionSettings;
  encryption?: EncryptionSettings;
  limits?: LimitSettings;
  /** How long events are kept; 0 is for ever. An hour unless given. */
  eventTtlMs?: number | undefined;
  /** The ports of nodes that services get, the first and the last included; 30000-32767 unless given. */
  nodePorts?: { first: number; last: number } | undefined;
  /** Ranges of the addresses of services: one, or two of different families with a comma between them; 10.96.0.0/12 unless given. */
  serviceClusterIpRange?: string | undefined;
  serviceAccounts?: ServiceAccountSettings;
  serving?: ServingSettings;
  edge?: EdgeSettings;
  frontProxy?: FrontProxySettings;
  runtimeConfig?: RuntimeConfig | undefined;
  /** The flags that this program was started with: what `/flagz` shows. */
  flags?: Record<string, string>;
}

/** How much is served at once, and for how long; the names are those of upstream's flags. */
export interface LimitSettings {
  maxRequestsInflight?: number | undefined;
  maxMutatingRequestsInflight?: number | undefined;
  requestTimeoutMs?: number | undefined;
  /** How long watches last at least whose clients do not say; 0 is for ever. */
  minRequestTimeoutSeconds?: number | undefined;
}

/** The settings as the API server takes them. */
export interface ApiServerMeans {
  /**
   * The same for the cluster in a store, in which others have these addresses: its Services have those that they had before, where the
   * user does not say. Throws a UserError where they cannot have them.
   */
  inCluster(store: Store, others: OtherAddresses): Promise<ApiServerMeans>;
  options: Partial<ApiServerOptions>;
  services: ServiceNetwork;
  serviceAccounts: ServiceAccountMeans;
  serving: Serving;
  frontProxies: FrontProxies;
  /** Ends what goes on beside the server, after it. */
  close(): Promise<void>;
}

/** Whoever reaches the port would be an administrator where everybody may do everything: this says who does not any more. */
async function readCallers(
  settings: AuthenticationSettings,
  { platform, ...more }: { platform: Platform; issuer: string; allowsAll: boolean },
) {
  const read = await readAuthentication(settings, { files: platform.files, ...more });
  if (more.allowsAll && read.allowAnonymous === false)
    platform.log
      .named('authentication')
      .warn('authorization mode AlwaysAllow: requests without credentials are refused');
  return read;
}

/** Reads the files that settings name; `issuer` is the cluster's own unless they name another. Throws a UserError where one cannot be used. */
export async function readApiServerSettings(
  { audit, flags, authentication = {}, authorization = {}, admission = {}, ...more }: ApiServerSettings,
  { platform, issuer: ownIssuer, others }: { platform: Platform; issuer: string; others: OtherAddresses },
): Promise<ApiServerMeans> {
  const { eventTtlMs, nodePorts, runtimeConfig } = more;
  const told = more.serviceClusterIpRange;
  const services = told ? readServiceNetwork(told, others) : usualServiceNetwork;
  const withServices = (network: ServiceNetwork): Pick<ApiServerOptions, 'kinds' | 'services'> => {
    const allotted = { cidrs: network.ranges, nodePorts, counts: new AllocationCounts() };
    const eventSeconds = eventTtlMs && Math.floor(eventTtlMs / 1000);
    return { kinds: kindsAs({ eventSeconds, services: allotted }), services: allotted };
  };
  const serviceAccounts = await readServiceAccounts(more.serviceAccounts, platform);
  const { issuer = ownIssuer } = serviceAccounts;
  const auditing = audit && (await startAuditing(audit, platform));
  const authorizing = await readAuthorization(authorization, platform);
  const allowsAll = authorization.modes?.includes('AlwaysAllow') ?? false;
  const authenticating = await readCallers(authentication, { platform, issuer, allowsAll });
  const admitting = await readAdmission(admission, platform);
  const limits = readLimits(more.limits);
  const edge = readEdge(more.edge ?? {});
  const isServed = runtimeConfig && servedBy(runtimeConfig);
  const serving = await readServing(more.serving ?? {}, platform);
  const frontProxies = await readFrontProxy(more.frontProxy ?? {}, platform);
  // The last, since it begins what has to be ended.
  const encrypting = await readEncryption(more.encryption ?? {}, platform);
  const means: ApiServerMeans = {
    async inCluster(store, known) {
      if (told) {
        readServiceNetwork(told, known);
        return means;
      }
      const stored = await storedServiceNetwork(store, encrypting.options?.transformers);
      const network = stored ?? readServiceNetwork(undefined, known);
      refuseTaken(network, { podRanges: known.podRanges });
      return { ...means, services: network, options: { ...means.options, ...withServices(network) } };
    },
    services,
    serviceAccounts,
    serving,
    frontProxies,
    options: {
      audit: auditing,
      authorization: authorizing.options,
      encryption: encrypting.options,
      limits,
      ...edge,
      ...(isServed && { isServed }),
      ...withServices(services),
      ...(flags && { flags }),
      ...admitting,
      ...authenticating,
    },
    close: async () => {
      authorizing.close();
      encrypting.close();
      authenticating.webhookTokens?.server.poster.close();
      await auditing?.close();
    },
  };
  return means;
}

/** Upstream's. Together they are what priority and fairness shares out. */
const usualInflight = { readOnly: 400, mutating: 200 };

/** As good as for ever, and no longer than twice that can be waited for. */
const endlessMs = 2 ** 30 - 1;

/** Throws a UserError where nothing could be served. */
export function readLimits(settings: LimitSettings = {}): Partial<ApiServerLimits> {
  const {
    maxRequestsInflight: readOnly = usualInflight.readOnly,
    maxMutatingRequestsInflight: mutating = usualInflight.mutating,
    requestTimeoutMs: deadlineMs,
    minRequestTimeoutSeconds: seconds,
  } = settings;
  if (readOnly + mutating <= 0)
    throw new UserError(
      `invalid configuration: MaxRequestsInFlight=${readOnly} and MaxMutatingRequestsInFlight=${mutating}; they must add up to something positive`,
    );
  // Upstream takes it, and then every request is too late.
  if (deadlineMs === 0)
    throw new UserError(
      '--request-timeout 0 would leave no request the time to be answered',
      'leave it out, or give a time such as 1m',
    );
  return {
    requestsInFlight: readOnly + mutating,
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(seconds !== undefined && { minWatchMs: seconds === 0 ? endlessMs : seconds * 1000 }),
  };
}
