import type { Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { Recorder } from '../client/event-recorder.ts';
import type { AddressFamily } from '../machinery/address-family.ts';
import type { HttpReply } from '../platform/http.ts';
import type { Log } from '../platform/log.ts';
import type { PlainHttpListener, PlainHttpServer } from '../platform/plain-http-server.ts';
import { proxiedAddress, reachableIn } from './endpoints.ts';
import type { NodeView } from './node-view.ts';
import type { ProxyHealth } from './sync-health.ts';

/** What a load balancer is to learn about a Service on this node. */
export interface ServiceHealth {
  service: Service;
  /** The Service's `healthCheckNodePort`. */
  port: number;
  /** How many ready endpoints of the family this node has. */
  localEndpoints: number;
}

/** What is told of a Service; undefined where no load balancer asks for it. */
export function serviceHealthOf(
  service: Service,
  slices: readonly EndpointSlice[],
  { name, family }: Pick<NodeView, 'name' | 'family'>,
): ServiceHealth | undefined {
  const { type, externalTrafficPolicy, healthCheckNodePort: port } = service.spec;
  if (proxiedAddress(service, family) === undefined) return undefined;
  if (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local' || !port) return undefined;
  const local = reachableIn(slices, family).filter(
    ({ endpoint }) => endpoint.nodeName === name && (endpoint.conditions?.ready ?? true),
  );
  return { service, port, localEndpoints: new Set(local.map(({ address }) => address)).size };
}

export interface HealthServersOptions {
  listen: PlainHttpListener;
  /** The address of each family that all of these listen at. */
  hosts: Readonly<Record<AddressFamily['name'], string>>;
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

/** What is told at a port of one family: of a Service, or of the proxy itself, which has no key. */
interface Told {
  readonly family: AddressFamily;
  readonly key?: string;
  readonly port: number;
}

const nameOf = ({ family: { name }, key = '' }: Omit<Told, 'port'>) => `${name} ${key}`;

interface Served {
  port: number;
  server: PlainHttpServer;
}

/**
 * Tells load balancers what they ask a node: on the port of each Service that wants that, how many of its endpoints of the port's family are here; on the
 * proxy's own, whether it works and the node stays. Bodies and headers are those of upstream's `pkg/proxy/healthcheck`.
 */
export class HealthServers {
  readonly #options: HealthServersOptions;
  readonly #wanted = new Map<string, Told & { readonly health?: ServiceHealth }>();
  readonly #served = new Map<string, Served>();
  #syncing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: HealthServersOptions) {
    this.#options = options;
  }

  /** The proxy tells of itself in these families. */
  listenIn(families: readonly AddressFamily[]): void {
    for (const family of families) this.#wanted.set(nameOf({ family }), { family, port: this.#options.port });
  }

  /** What is told of a Service in a family from now on; ports are opened and closed by `sync`. */
  set(family: AddressFamily, key: string, health: ServiceHealth | undefined): void {
    const name = nameOf({ family, key });
    if (health) this.#wanted.set(name, { family, key, port: health.port, health });
    else this.#wanted.delete(name);
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

  #portOf(name: string): number | undefined {
    return this.#isClosed ? undefined : this.#wanted.get(name)?.port;
  }

  async #sync(): Promise<void> {
    const gone = [...this.#served].filter(([name, { port }]) => this.#portOf(name) !== port);
    for (const [name] of gone) this.#served.delete(name);
    await Promise.all(gone.map(([, { server }]) => server.close()));
    if (this.#isClosed) return;
    const missing = [...this.#wanted].filter(([name]) => !this.#served.has(name));
    await Promise.all(missing.map(([name, told]) => this.#open(name, told)));
  }

  async #open(name: string, told: Told): Promise<void> {
    const { hosts, listen } = this.#options;
    const { family, key, port } = told;
    try {
      const server = await listen({
        host: hosts[family.name],
        port,
        onRequest: ({ target }, reply) =>
          key === undefined ? this.#tellOfProxy(target, reply) : this.#tellOfService(name, reply),
      });
      this.#served.set(name, { port, server });
    } catch (error) {
      this.#sayRefused(told, error);
    }
  }

  #sayRefused(told: Told, error: unknown): void {
    const { log, events, nodeName } = this.#options;
    const { key, port } = told;
    const service = this.#wanted.get(nameOf(told))?.health?.service;
    const family = told.family.name;
    log.warn('health cannot be told', { port, family, service: key, error: String(error) });
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

  #tellOfService(which: string, reply: HttpReply): void {
    const health = this.#wanted.get(which)?.health;
    const { namespace, name } = health?.service.metadata ?? {};
    const localEndpoints = health?.localEndpoints ?? 0;
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
