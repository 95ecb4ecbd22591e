import type { Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { Recorder } from '../client/event-recorder.ts';
import type { HttpReply } from '../platform/http.ts';
import type { Log } from '../platform/log.ts';
import type { PlainHttpListener, PlainHttpServer } from '../platform/plain-http-server.ts';
import { proxiedAddress, reachableIn } from './endpoints.ts';
import type { ProxyHealth } from './sync-health.ts';

/** What a load balancer is to learn about a Service on this node. */
export interface ServiceHealth {
  service: Service;
  /** The Service's `healthCheckNodePort`. */
  port: number;
  /** How many ready endpoints this node has. */
  localEndpoints: number;
}

/** What is told of a Service; undefined where no load balancer asks for it. */
export function serviceHealthOf(
  service: Service,
  slices: readonly EndpointSlice[],
  nodeName: string,
): ServiceHealth | undefined {
  const { type, externalTrafficPolicy, healthCheckNodePort: port } = service.spec;
  if (proxiedAddress(service) === undefined) return undefined;
  if (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local' || !port) return undefined;
  const local = reachableIn(slices).filter(
    ({ endpoint }) => endpoint.nodeName === nodeName && (endpoint.conditions?.ready ?? true),
  );
  return { service, port, localEndpoints: new Set(local.map(({ address }) => address)).size };
}

export interface HealthServersOptions {
  listen: PlainHttpListener;
  /** The address that all of these listen at. */
  host: string;
  /** The port on which the proxy tells of itself. */
  port: number;
  nodeName: string;
  events: Recorder;
  log: Log;
  health(): ProxyHealth;
  isEligible(): boolean;
  /** The proxy's own health was asked for, and that was answered. */
  onAnswer(path: 'healthz' | 'livez', status: number): void;
}

interface Served {
  port: number;
  server: PlainHttpServer;
}

/** The port of the proxy itself among those of Services; no Service has such a name. */
const proxyItself = '';

/**
 * Tells load balancers what they ask a node: on the port of each Service that wants that, how many of its endpoints are here; on the
 * proxy's own, whether it works and the node stays. Bodies and headers are those of upstream's `pkg/proxy/healthcheck`.
 */
export class HealthServers {
  readonly #options: HealthServersOptions;
  readonly #wanted = new Map<string, ServiceHealth>();
  readonly #served = new Map<string, Served>();
  #syncing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: HealthServersOptions) {
    this.#options = options;
  }

  /** What is told of a Service from now on; ports are opened and closed by `sync`. */
  set(key: string, health: ServiceHealth | undefined): void {
    if (health) this.#wanted.set(key, health);
    else this.#wanted.delete(key);
  }

  /** Closes what nobody wants any more, then opens what is missing; one that cannot be opened is tried again at the next call. */
  sync(): Promise<void> {
    this.#syncing = this.#syncing.then(() => this.#sync());
    return this.#syncing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.sync();
  }

  #portOf(key: string): number | undefined {
    if (this.#isClosed) return undefined;
    return key === proxyItself ? this.#options.port : this.#wanted.get(key)?.port;
  }

  async #sync(): Promise<void> {
    const gone = [...this.#served].filter(([key, { port }]) => this.#portOf(key) !== port);
    for (const [key] of gone) this.#served.delete(key);
    await Promise.all(gone.map(([, { server }]) => server.close()));
    const missing = [proxyItself, ...this.#wanted.keys()].filter((key) => !this.#served.has(key));
    await Promise.all(missing.map((key) => this.#open(key)));
  }

  async #open(key: string): Promise<void> {
    const port = this.#portOf(key);
    if (port === undefined) return;
    const { host, listen } = this.#options;
    try {
      const server = await listen({
        host,
        port,
        onRequest: ({ target }, reply) =>
          key === proxyItself ? this.#tellOfProxy(target, reply) : this.#tellOfService(key, reply),
      });
      this.#served.set(key, { port, server });
    } catch (error) {
      this.#sayRefused(key, port, error);
    }
  }

  #sayRefused(key: string, port: number, error: unknown): void {
    const { log, events, nodeName } = this.#options;
    const { service } = this.#wanted.get(key) ?? {};
    log.warn('health cannot be told', { port, service: key || undefined, error: String(error) });
    if (!service) return;
    events.record(service, {
      type: 'Warning',
      reason: 'FailedToStartServiceHealthcheck',
      action: 'Listen',
      message: `node ${nodeName} failed to start healthcheck ${JSON.stringify(key)} on port ${port}: ${error instanceof Error ? error.message : String(error)}`,
    });
  }

  #tellOfProxy(target: string, reply: HttpReply): void {
    const path = target.split('?')[0];
    if (path !== '/livez' && path !== '/healthz')
      return void reply.send(404, { ...plain }, [Buffer.from('404 page not found\n')]);
    const { lastUpdated, currentTime, ...rest } = this.#options.health();
    const asksNode = path === '/healthz';
    const nodeEligible = this.#options.isEligible();
    const isWell = rest.healthy && (nodeEligible || !asksNode);
    // Who is well is as new as the question, as upstream has it.
    const told = {
      lastUpdated: isWell ? currentTime : lastUpdated,
      currentTime,
      ...(asksNode && { nodeEligible }),
      ...rest,
    };
    sendJson(reply, isWell, JSON.stringify(told));
    this.#options.onAnswer(asksNode ? 'healthz' : 'livez', statusOf(isWell));
  }

  #tellOfService(key: string, reply: HttpReply): void {
    const wanted = this.#wanted.get(key);
    const { namespace, name } = wanted?.service.metadata ?? {};
    const localEndpoints = wanted?.localEndpoints ?? 0;
    const serviceProxyHealthy = this.#options.health().healthy;
    const body = JSON.stringify(
      { service: { namespace, name }, localEndpoints, serviceProxyHealthy },
      null,
      '\t',
    );
    const weight = { 'X-Load-Balancing-Endpoint-Weight': String(localEndpoints) };
    sendJson(reply, localEndpoints > 0 && serviceProxyHealthy, body, weight);
  }
}

const statusOf = (isWell: boolean) => (isWell ? 200 : 503);
const unguessed = { 'X-Content-Type-Options': 'nosniff' };
const plain = { 'Content-Type': 'text/plain; charset=utf-8', ...unguessed };

function sendJson(reply: HttpReply, isWell: boolean, body: string, more: Record<string, string> = {}): void {
  const headers = { 'Content-Type': 'application/json', ...unguessed, ...more };
  reply.send(statusOf(isWell), headers, [Buffer.from(body)]);
}
