import type { Transport } from '../client/transport.ts';
import type { HttpListener, HttpServer, ServerTls } from '../platform/http.ts';
import type { Connector } from '../platform/connect.ts';
import type { Platform } from '../platform/platform.ts';
import { SocketReply } from '../platform/socket-reply.ts';
import type { Store } from '../store/store.ts';
import type { AdmissionPlugin } from './admission/admission.ts';
import { type CredentialsFor, WebhookCaller } from './admission/webhooks/caller.ts';
import { AdmissionCounts } from './admission/admission-counts.ts';
import { Aggregator } from './aggregation/aggregator.ts';
import type { FrontProxy } from './aggregation/extension-server.ts';
import { dynamicAdmission } from './admission/dynamic.ts';
import { Auditor, type AuditOptions } from './audit/auditor.ts';
import type { JwtAuthenticator } from './auth/jwt/configuration.ts';
import { policyParams } from './auth/admission/policy-params.ts';
import { ownerReferences, ownerReferencesName } from './auth/admission/owner-references.ts';
import { JwtTokens, type JwtTokensOptions } from './auth/jwt/jwt-tokens.ts';
import type { ObjectReader } from './auth/object-reader.ts';
import { bootstrapPolicy } from './auth/rbac/bootstrap.ts';
import {
  type AuthorizationOptions,
  createSecurity,
  type Security,
  type ServiceAccountOptions,
} from './auth/security.ts';
import type { WebhookTokensOptions } from './auth/tokens/webhook-tokens.ts';
import { ownHeaders, type RemoteHeaderNames, remoteHeaders } from './auth/request-header.ts';
import { authorize } from './corridor/authorize.ts';
import { Edge, type EdgeOptions } from './corridor/edge.ts';
import { Corridor } from './corridor/corridor.ts';
import { Impersonation } from './corridor/impersonate.ts';
import { InProcessTransport } from './corridor/in-process-transport.ts';
import { PathMux } from './corridor/plain-routes.ts';
import { conversionWebhooks } from './extensions/conversion-webhook.ts';
import { CustomResources } from './extensions/custom-resources.ts';
import type { Discovery } from './discovery/discovery.ts';
import type { ResourceTransformers } from './encryption/resource-transformers.ts';
import { TransformError } from './encryption/transform-error.ts';
import { Fairness, type FairnessLimits } from './fairness/fairness.ts';
import type { TableMaker } from './http/convert.ts';
import { Responder } from './http/responder.ts';
import { standardCodecs } from './http/standard-codecs.ts';
import { serveDiscovery } from './plain/discovery-routes.ts';
import { type HealthCheck, logging, ping, serveHealth, StartHooks } from './plain/health.ts';
import { serveLogs } from './plain/logs.ts';
import { serveFairnessDumps } from './plain/fairness-dumps.ts';
import { expositionType } from '../platform/metrics/exposition.ts';
import { HealthCounts } from '../platform/metrics/health-counts.ts';
import type { Metric } from '../platform/metrics/metric.ts';
import { Metrics, type MetricSources } from './plain/metrics.ts';
import { serveOpenId } from './plain/openid.ts';
import { serveOpenApi } from './plain/openapi-routes.ts';
import { serveFlagz } from './plain/flagz.ts';
import { serveStatusz } from './plain/statusz.ts';
import { serveVersion, versionInfo } from './plain/version.ts';
import { kubernetesVersion } from '../machinery/kubernetes-version.ts';
import { allottedMetrics, type ServiceSettings } from './kinds/core/service/service.ts';
import { metricsKinds } from './kinds/metrics/metrics.ts';
import { createDispatcher, type RegistryDispatcher } from './registry/dispatcher.ts';
import type { Dispatcher } from './request.ts';
import { failureOf } from './registry/told.ts';
import type { Kind, MeasuredUsage, UserInfo } from './registry/kind.ts';
import {
  aggregatorHooks,
  autoregistration,
  extensionHooks,
  listenHooks,
  startHooks,
} from './start/hook-names.ts';
import { IdentityLease } from './start/identity-lease.ts';
import { type Advertised, KubernetesService } from './start/kubernetes-service.ts';
import { hostPort } from './start/kubernetes-service-plan.ts';
import { FlowControl } from './start/flow-control.ts';
import { LegacyTokenTracking } from './start/legacy-token-tracking.ts';
import { PolicyChecks } from './start/policy-checks.ts';
import { ServiceAddresses } from './start/service-addresses.ts';
import { SystemNamespaces } from './start/system-namespaces.ts';
import { ensureAuthenticationConfig, ensurePriorityClasses } from './start/system-objects.ts';
import type { NodeDialer } from './streams/node-dialer.ts';
import { podConnector } from './streams/pod-connector.ts';
import { Streams } from './streams/stream-routes.ts';
import { toTable } from './table/table.ts';

export interface ApiServerOptions {
  platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  store: Store;
  kinds: readonly Kind[];
  /** In their order. After them come the check against handing on more than one has, policies and webhooks. */
  admission?: readonly AdmissionPlugin[];
  /** Names of plugins that are off unless asked for, of those that the server adds. */
  enabledPlugins?: readonly string[];
  /** Names of plugins that are left out, of those too that the server adds. */
  disabledPlugins?: readonly string[];
  /** Who this server is to the webhooks of each plugin, by its name. */
  webhookCredentials?: Readonly<Record<string, CredentialsFor>>;
  serviceAccounts: ServiceAccountOptions;
  staticTokens?: readonly { token: string; user: UserInfo }[];
  /** Who is asked what a user may do; nodes' own rules and roles unless given. */
  authorization?: AuthorizationOptions | undefined;
  /** Whether requests without credentials are let on as system:anonymous. Yes unless told. */
  allowAnonymous?: boolean;
  /** For these paths alone; for all where absent. */
  anonymousPaths?: readonly string[];
  /** Issuers outside of the cluster whose tokens are believed, and the way to them. */
  jwt?: { issuers: readonly JwtAuthenticator[]; getter: JwtTokensOptions['getter'] };
  /** A server elsewhere that knows tokens, asked last. */
  webhookTokens?: WebhookTokensOptions;
  /** k8ts's own version, shown in `/version`. */
  version: string;
  /** The way to kubelets, for logs, exec and the like. */
  nodes?: NodeDialer;
  /** The way to pods, for proxies and webhooks; through the kubelets where absent. */
  pods?: Connector;
  /** The way to everywhere else, for webhooks with URLs. */
  outside?: Connector;
  /** Who this server is to the servers that extend it, and which proxies before it may say for whom they ask. */
  frontProxy?: FrontProxyOptions;
  /** How values are encrypted in the store; they stand there as they are where absent. */
  encryption?: EncryptionOptions | undefined;
  /** What is recorded of requests, and where; nothing where absent. */
  audit?: AuditOptions | undefined;
  /** What services are allotted, as the kinds have been told too; as usual unless given. */
  services?: ServiceSettings;
  /** What the server was started with, shown in `/flagz`. */
  flags?: Readonly<Record<string, string>>;
  limits?: Partial<ApiServerLimits>;
  /** The newest revision of a store that others write into as well; absent where this process alone does. */
  freshRevision?(): Promise<number>;
  /** What nodes and pods use; the metrics API is served where somebody measures it. */
  usage?(): Promise<MeasuredUsage>;
  /** What else runs in this process has to tell at `/metrics`; there may be more each time. */
  metrics?(): Iterable<Metric> | Promise<Iterable<Metric>>;
  /** Whether clients are served a kind; they are served all unless given. What runs in this process always is. */
  isServed?(kind: Pick<Kind, 'resource'>): boolean;
  /** What is done with every request that comes over the network. */
  edge?: EdgeOptions;
  /** For so long requests are answered as usual, but `/readyz`, once the server is to end. */
  shutdownDelayMs?: number;
  /** Requests at once on one connection over HTTP/2. */
  streamsPerConnection?: number;
  /** Freezes the objects that are handed out, so that writing into a shared one throws: for tests. */
  freeze?: boolean;
}

/** The certificate of proxies: this server's own before others, and those that others may show it. All PEM. */
export interface FrontProxyOptions extends FrontProxy {
  /** What certificates of proxies stand on; looked at again with `setTls`. */
  readonly ca: string;
  /** Common names in them; any where empty. */
  names: readonly string[];
  /** The headers in which they say for whom they ask; upstream's usual ones unless given. */
  headers?: RemoteHeaderNames;
}

export interface EncryptionOptions {
  transformers: ResourceTransformers;
  /** Whether the configuration is followed while it changes. */
  isFollowed: boolean;
  /** What that tells of itself. */
  metrics: readonly Metric[];
}

/** Every bound of the server; connections have theirs in HttpLimits. */
export interface ApiServerLimits extends FairnessLimits {
  /** The most that the body of a request may have; more is answered 413 before it has come. */
  bodyBytes: number;
  /** What may be under way to the reader of a watch before it is waited for. */
  watchBufferBytes: number;
  /** Watches at once, of all clients together. */
  watches: number;
  /** Watches last between once and twice this long where the client says nothing. */
  minWatchMs: number;
}

const defaultLimits: ApiServerLimits = {
  requestsInFlight: 600,
  bodyBytes: 3 * 1024 * 1024,
  deadlineMs: 60_000,
  watchBufferBytes: 128 * 1024,
  watches: 50_000,
  minWatchMs: 1_800_000,
};

export interface ServeOptions {
  listen: HttpListener;
  host: string;
  /** 0: any free one. */
  port: number;
  tls: ServerTls;
  /** Where pods find the server; the service `kubernetes` is only made where this is told. */
  advertise?: Omit<Advertised, 'port'>;
  /** Name of this machine; the server keeps a lease that says it runs where this is told. */
  hostName?: string;
}

export interface ApiServer {
  /** What this server and those that are registered with it serve together. */
  discovery(): Discovery;
  /** The way to this server for what runs in its process, as some user. */
  transportFor(user: UserInfo, options?: { userAgent?: string }): Transport;
  /** Serves HTTPS, besides whatever it serves already. */
  listen(options: ServeOptions): Promise<{ port: number; close(): Promise<void> }>;
  /**
   * What new connections are shown and asked for from now on, wherever it listens; those that are there stay. Resolves when servers that
   * extend this one can read whom to trust.
   */
  setTls(tls: ServerTls): Promise<void>;
  /** The registries, for what changes the set of kinds that are served. */
  readonly dispatcher: RegistryDispatcher;
  /** Further paths that are no resources. */
  readonly routes: PathMux;
  /**
   * Is not ready any more, so that clients go elsewhere: resolves when those that have not done so may be left, which takes as long as the
   * options say. For what runs beside the server and is to be there until then; `stop` begins with it otherwise.
   */
  drain(): Promise<void>;
  /** Ends all connections and watches. The store stays open. */
  stop(): Promise<void>;
}

/** The API server itself, as a user of its own API. */
const self: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

/** Starts an API server on a store. When the promise resolves, what every cluster has is there. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { platform, store } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const parts: { dispatcher?: RegistryDispatcher; server?: Server } = {};
  const reader = lateReader(() => parts.dispatcher?.reader as ObjectReader);
  const served = () => parts.dispatcher?.served() ?? [];
  const security = createSecurity({
    ...options,
    foreignTokens: await foreignTokens(options),
    reader,
    proxyNames: options.frontProxy?.names,
    proxyHeaders: options.frontProxy?.headers,
    onSecretUsed: (secret, day) => parts.server?.legacyTokens.noteUse(secret, day),
  });
  const admissionCounts = new AdmissionCounts(platform.clock);
  const metrics = new Metrics((about) => parts.server?.discovery().serves(about) ?? false);
  const dispatcher = await createDispatcher({
    store,
    encryption: options.encryption?.transformers,
    platform,
    kinds: [
      ...security.withTokens(options.kinds),
      ...security.kinds,
      ...(options.usage ? metricsKinds : []),
    ].map((kind) => (options.isServed?.(kind) === false ? { ...kind, isHidden: true } : kind)),
    admission: inOrder([
      ...(options.admission ?? []).map((plugin) => plugin.countedBy?.(admissionCounts) ?? plugin),
      ...security.admission,
      policyParams({ authorizer: security.authorizer, served }),
      ...(options.enabledPlugins?.includes(ownerReferencesName)
        ? [ownerReferences({ authorizer: security.authorizer, served })]
        : []),
      ...dynamicAdmission({
        platform,
        reader,
        authorizer: security.authorizer,
        pods: options.pods ?? throughNodes(options, reader),
        outside: options.outside,
        credentials: options.webhookCredentials,
        counts: admissionCounts,
        served,
      }),
    ]).filter(({ name }) => !options.disabledPlugins?.includes(name)),
    admissionTimes: admissionCounts.times,
    noteDeprecated: (info) => metrics.noteDeprecated(info),
    authorize: async (user, info) => authorize(security.authorizer, user, info),
    freshRevision: options.freshRevision,
    usage: options.usage,
    minWatchMs: limits.minWatchMs,
    freeze: options.freeze,
  });
  parts.dispatcher = dispatcher;
  const responder = new Responder({
    platform,
    codecs: standardCodecs,
    tables: tableMaker(options, dispatcher),
    watches: metrics,
    limits,
  });
  const server = new Server(options, { security, dispatcher, responder, metrics, admissionCounts, limits });
  parts.server = server;
  await server.start().catch((error) => {
    throw whyNotStarted(error, dispatcher);
  });
  return server;
}

/** What fails for want of a key says little about that. */
function whyNotStarted(error: unknown, dispatcher: RegistryDispatcher): unknown {
  const sealed = dispatcher.sealed();
  if (sealed.length === 0) return error;
  dispatcher.close();
  return new TransformError(`the server cannot start without what cannot be decrypted: ${sealed.join(', ')}`);
}

async function foreignTokens({ jwt, platform, serviceAccounts }: ApiServerOptions) {
  if (!jwt) return undefined;
  const { issuer, formerIssuers = [], audiences = [issuer, ...formerIssuers] } = serviceAccounts;
  const { clock, log } = platform;
  return JwtTokens.open(jwt.issuers, { clock, log, getter: jwt.getter, audiences });
}

function throughNodes({ nodes }: ApiServerOptions, reader: ObjectReader): Connector | undefined {
  return nodes && podConnector({ nodes, reader });
}

const inOrder = (plugins: readonly AdmissionPlugin[]) => [
  ...plugins.filter(({ last }) => !last),
  ...plugins.filter(({ last }) => last),
];

/** Reads from caches that are made later than those who read from them. */
function lateReader(reader: () => ObjectReader): ObjectReader {
  return {
    get: (resource, ref) => reader().get(resource, ref),
    version: (resource, ref) => reader().version(resource, ref),
    versions: (resource) => reader().versions(resource),
    list: (resource, namespace) => reader().list(resource, namespace),
    listWhere: (resource, required, namespace) => reader().listWhere(resource, required, namespace),
    changed: (resource) => reader().changed(resource),
  };
}

function tableMaker({ platform }: ApiServerOptions, dispatcher: RegistryDispatcher): TableMaker {
  return {
    table(info, objects, options) {
      const kind = dispatcher.find(info)?.kind;
      return toTable(objects, { ...options, kind, nowMs: platform.clock.now() });
    },
  };
}

function metricSources(
  { version }: ApiServerOptions,
  dispatcher: RegistryDispatcher,
  fairness: Fairness,
): Omit<MetricSources, 'more'> {
  const byKind = (what: 'taken' | 'waiting') =>
    Object.entries(fairness.counts).map(([kind, counts]) => ({
      labels: { request_kind: kind },
      count: counts[what],
    }));
  const { major = '', minor = '', gitVersion = '', gitCommit = '', platform = '' } = versionInfo(version);
  return {
    inFlight: () => byKind('taken'),
    inQueue: () => byKind('waiting'),
    objects: () =>
      dispatcher.objectCounts().map(({ group, resource, count }) => ({ labels: { group, resource }, count })),
    build: { major, minor, git_version: gitVersion, git_commit: gitCommit, platform },
  };
}

interface Parts {
  security: Security;
  dispatcher: RegistryDispatcher;
  responder: Responder;
  metrics: Metrics;
  admissionCounts: AdmissionCounts;
  limits: ApiServerLimits;
}

/** It is followed from before the server starts. */
const encryptionHook = 'start-encryption-provider-config-automatic-reload';

/** Upstream's name for what asks the plugins that hold keys: where there are any, or may be. */
function keyChecks(encryption: EncryptionOptions | undefined): HealthCheck[] {
  if (!encryption) return [];
  const { transformers, isFollowed } = encryption;
  return isFollowed || transformers.usesKms
    ? [{ name: 'kms-providers', check: () => transformers.keyHealth() }]
    : [];
}

class Server implements ApiServer {
  readonly dispatcher: RegistryDispatcher;
  readonly routes: PathMux;
  readonly #options: ApiServerOptions;
  readonly #security: Security;
  readonly #edge: Edge;
  readonly #auditor: Auditor | undefined;
  readonly #hooks = new StartHooks();
  readonly #customResources: CustomResources;
  /** What keeps the server's own objects as they should be. */
  readonly #systemNamespaces: SystemNamespaces;
  readonly #flowControl: FlowControl;
  readonly #serviceAddresses: ServiceAddresses;
  readonly #policyChecks: PolicyChecks;
  readonly legacyTokens: LegacyTokenTracking;
  readonly #aggregator: Aggregator;
  readonly #listeners = new Set<HttpServer>();
  /** How others find this server: kept from the first time that it listens. */
  #kubernetesService: KubernetesService | undefined;
  #identityLease: IdentityLease | undefined;
  #drained: Promise<void> | undefined;

  constructor(options: ApiServerOptions, parts: Parts) {
    const { security, dispatcher, responder, metrics, admissionCounts, limits } = parts;
    this.#options = options;
    this.#security = security;
    this.dispatcher = dispatcher;
    this.routes = new PathMux(responder);
    const { clock } = options.platform;
    const { reader } = dispatcher;
    const fairness = new Fairness({ clock, reader, limits, count: (info) => dispatcher.count(info) });
    serveFairnessDumps(this.routes, { fairness, clock });
    const impersonation = new Impersonation(security.authorizer);
    this.#auditor = options.audit && new Auditor(options.audit, options.platform);
    const { metrics: audited = [] } = this.#auditor ?? {};
    const counted = [
      ...fairness.metrics,
      ...impersonation.metrics,
      ...security.metrics,
      ...admissionCounts.metrics,
      ...audited,
      ...(options.encryption?.transformers.metrics ?? []),
      ...(options.encryption?.metrics ?? []),
      ...allottedMetrics(options.services ?? {}, reader),
    ];
    const more = async () => [...counted, ...((await options.metrics?.()) ?? [])];
    metrics.serve(this.routes, { ...metricSources(options, dispatcher, fairness), more });
    const pods = options.pods ?? throughNodes(options, dispatcher.reader);
    this.#aggregator = new Aggregator({ ...options, dispatcher, pods });
    const corridor = new Corridor({
      platform: options.platform,
      authentication: {
        authenticators: security.authenticators,
        allowAnonymous: options.allowAnonymous ?? true,
        anonymousPaths: options.anonymousPaths,
      },
      authorizer: security.authorizer,
      impersonation,
      fairness,
      dispatcher,
      isHidden: (info) => dispatcher.isHidden(info),
      isWithheld: ownHeaders(options.frontProxy?.headers),
      plain: this.routes,
      streams: new Streams({
        ...options,
        pods,
        reader: dispatcher.reader,
        admit: (request, options) => dispatcher.connect(request, options),
        authorizer: security.authorizer,
        random: options.platform.random,
      }),
      elsewhere: this.#aggregator.proxy,
      responder,
      metrics,
      auditor: this.#auditor,
      limits,
    });
    const { random } = options.platform;
    this.#edge = new Edge(options.edge ?? {}, { serve: (...request) => corridor.serve(...request), random });
    this.#customResources = this.#createCustomResources();
    const { platform } = options;
    const means = { platform, reader: dispatcher.reader, transport: this.transportFor(self) };
    this.#systemNamespaces = new SystemNamespaces(means);
    this.#flowControl = new FlowControl(means);
    this.#serviceAddresses = new ServiceAddresses({ ...means, allotted: options.services });
    this.legacyTokens = new LegacyTokenTracking(means);
    this.#policyChecks = new PolicyChecks({ ...means, served: () => dispatcher.served() });
  }

  #createCustomResources(): CustomResources {
    const { platform, outside, pods } = this.#options;
    const { dispatcher } = this;
    const caller = new WebhookCaller({
      ...platform,
      reader: dispatcher.reader,
      pods: pods ?? throughNodes(this.#options, dispatcher.reader),
      outside,
    });
    const webhook = conversionWebhooks({ caller, random: platform.random });
    const transport = this.transportFor(self);
    const unadmitted = this.#transportTo(dispatcher.unadmitted, self);
    return new CustomResources({ platform, dispatcher, transport, unadmitted, webhook });
  }

  discovery(): Discovery {
    return this.#aggregator.discovery();
  }

  transportFor(user: UserInfo, options: { userAgent?: string } = {}): Transport {
    return this.#transportTo(this.#aggregator.dispatcher, user, options);
  }

  #transportTo(dispatcher: Dispatcher, user: UserInfo, options: { userAgent?: string } = {}): Transport {
    const { userAgent = user.name.split(':').at(-1) ?? '' } = options;
    const { log } = this.#options.platform;
    return new InProcessTransport({
      dispatcher,
      authorizer: this.#security.authorizer,
      auditor: this.#auditor,
      log,
      user,
      userAgent,
    });
  }

  /** Makes what every cluster has, and serves the paths that are no resources. */
  async start(): Promise<void> {
    const hooks = this.#hooks;
    for (const name of [...startHooks, ...listenHooks]) hooks.add(name);
    if (this.#options.encryption?.isFollowed) {
      hooks.add(encryptionHook);
      hooks.finish(encryptionHook);
    }
    this.#servePlain();
    const transport = this.transportFor(self);
    hooks.finish('generic-apiserver-start-informers');
    await this.#systemNamespaces.start();
    hooks.finish('start-system-namespaces-controller');
    await bootstrapPolicy(transport, this.dispatcher.reader);
    hooks.finish('rbac/bootstrap-roles');
    await ensurePriorityClasses(transport);
    hooks.finish('scheduling/bootstrap-system-priority-classes');
    await this.#flowControl.start();
    hooks.finish('priority-and-fairness-config-producer');
    await this.#serviceAddresses.start();
    hooks.finish('start-kubernetes-service-cidr-controller');
    await this.#customResources.start();
    for (const name of extensionHooks) hooks.finish(name);
    await this.#policyChecks.start();
    hooks.finish('start-apiserver-admission-initializer');
    await this.legacyTokens.start();
    hooks.finish('start-legacy-token-tracking-controller');
    await this.#aggregator.start(transport);
    for (const name of aggregatorHooks) hooks.finish(name);
  }

  #servePlain(): void {
    const { routes, dispatcher } = this;
    const { issuer, jwksUri, keys } = this.#security.serviceAccounts;
    const { clock } = this.#options.platform;
    const counts = new HealthCounts(clock);
    const live = [ping, logging, this.#storeCheck()];
    const keyHolders = keyChecks(this.#options.encryption);
    const started = [...this.#hooks.checks(), this.#hooks.check(autoregistration, 'autoregister-completion')];
    const serve = (path: string, checks: readonly HealthCheck[]) =>
      serveHealth(routes, path, { checks, counts });
    serve('/healthz', [...live, ...keyHolders, ...started]);
    serve('/livez', [...live, ...started]);
    serve('/readyz', [...live, ...keyHolders, ...this.#readyChecks(), ...started]);
    routes.handle('/metrics/slis', () => ({ contentType: expositionType, body: counts.exposition() }));
    serveStatusz(routes, { clock, own: this.#options.version });
    serveFlagz(routes, this.#options.flags ?? {});
    serveVersion(routes, this.#options.version);
    serveLogs(routes);
    serveOpenId(routes, { issuer, jwksUri, keys });
    serveDiscovery({
      mux: routes,
      discovery: () => this.#aggregator.discovery(),
      serverAddress: () => '',
    });
    serveOpenApi({
      mux: routes,
      others: () => this.#aggregator.openApi(),
      dispatcher,
      clock,
      version: kubernetesVersion,
    });
    const body = () => JSON.stringify({ paths: routes.paths }, null, 2);
    routes.handle('/', () => ({ body: body() }));
  }

  /** What has to be well for new requests, beyond what every look at the server asks. */
  #readyChecks(): HealthCheck[] {
    const loading = () => {
      const late = this.dispatcher.loading();
      return late.length > 0 ? `${late.length} caches not loaded yet: ${late.join(' ')}` : undefined;
    };
    return [
      { ...this.#storeCheck(), name: 'etcd-readiness' },
      { name: 'informer-sync', check: loading },
      { name: 'shutdown', check: () => (this.#drained ? 'process is shutting down' : undefined) },
    ];
  }

  #storeCheck(): HealthCheck {
    const check = async () => {
      const failure = await failureOf(this.#options.store);
      return failure && String(failure);
    };
    // The name that monitoring looks for, whatever the store is.
    return { name: 'etcd', check };
  }

  async listen(options: ServeOptions): Promise<{ port: number; close(): Promise<void> }> {
    const { listen, host, port } = options;
    const { streamsPerConnection } = this.#options;
    const tls = this.#withProxies(options.tls);
    const server = await listen({
      host,
      port,
      tls,
      ...(streamsPerConnection !== undefined && { limits: { streamsPerConnection } }),
      onRequest: (request, reply) => void this.#edge.serve(request, reply),
      onUpgrade: (upgrade) =>
        void this.#edge.serve(upgrade.request, new SocketReply(upgrade.socket), upgrade),
    });
    this.#listeners.add(server);
    await this.#tellWhomToTrust(tls).catch((error) => {
      throw whyNotStarted(error, this.dispatcher);
    });
    await this.#tellOthers(options, server.port);
    for (const name of listenHooks) this.#hooks.finish(name);
    const close = async () => {
      this.#listeners.delete(server);
      await server.close();
    };
    return { port: server.port, close };
  }

  async setTls(tls: ServerTls): Promise<void> {
    for (const server of this.#listeners) server.setTls(this.#withProxies(tls));
    await this.#tellWhomToTrust(tls);
  }

  /** Servers that extend this one read it whenever it changes. */
  async #tellWhomToTrust({ clientCa }: ServerTls): Promise<void> {
    const { frontProxy } = this.#options;
    if (clientCa === undefined) return;
    const proxies = frontProxy && { headers: remoteHeaders, ...frontProxy };
    await ensureAuthenticationConfig(this.transportFor(self), { clientCa, proxies });
  }

  #withProxies(tls: ServerTls): ServerTls {
    const { frontProxy } = this.#options;
    return { ...tls, ...(frontProxy && { proxyCa: frontProxy.ca }) };
  }

  async #tellOthers({ advertise, host, hostName }: ServeOptions, port: number): Promise<void> {
    const { platform, store, freshRevision } = this.#options;
    const { reader } = this.dispatcher;
    const isAlone = !freshRevision;
    const means = { platform, store, reader, transport: this.transportFor(self), isAlone };
    const address = isAlone ? undefined : hostPort({ ip: advertise?.address ?? host, port });
    if (hostName && !this.#identityLease) {
      this.#identityLease = new IdentityLease({ ...means, hostName, address });
      await this.#identityLease.start();
    }
    if (advertise && !this.#kubernetesService) {
      this.#kubernetesService = new KubernetesService(means, { ...advertise, port });
      await this.#kubernetesService.start();
    }
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    const { platform, shutdownDelayMs = 0 } = this.#options;
    await this.#kubernetesService?.stop();
    if (shutdownDelayMs > 0) await platform.clock.sleep(shutdownDelayMs);
    await this.#edge.refuseAll();
  }

  async stop(): Promise<void> {
    await this.drain();
    this.#identityLease?.stop();
    this.#customResources.stop();
    this.#systemNamespaces.stop();
    this.#flowControl.stop();
    this.#serviceAddresses.stop();
    this.#policyChecks.stop();
    this.legacyTokens.stop();
    this.#aggregator.stop();
    this.dispatcher.close();
    await Promise.all([...this.#listeners].map((server) => server.close()));
    this.#listeners.clear();
  }
}
