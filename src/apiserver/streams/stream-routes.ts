import * as resources from '../../api/generated/resources.ts';
import type { Node, Pod } from '../../api/core/v1.ts';
import {
  badRequest,
  internalError,
  methodNotSupported,
  notFound,
  StatusError,
} from '../../machinery/status-error.ts';
import type { Connector } from '../../platform/connect.ts';
import { readBody } from '../../platform/http-body.ts';
import { callOver } from '../../platform/http1-call.ts';
import type { Random } from '../../platform/random.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { authorize } from '../corridor/authorize.ts';
import type { StreamRoutes } from '../corridor/corridor.ts';
import type { Exchange } from '../corridor/exchange.ts';
import type { RegistryDispatcher } from '../registry/dispatcher.ts';
import type { UserInfo } from '../registry/kind.ts';
import type { ResourceRequest } from '../request.ts';
import { connectOptions } from './connect-options.ts';
import { forward } from './forward.ts';
import { execTarget, logTarget, portForwardTarget } from './kubelet-targets.ts';
import { type KubeletAddress, kubeletAddress, type NodeDialer } from './node-dialer.ts';
import { podTarget, type ProxyTarget, serviceTarget, splitProxyName } from './proxy-targets.ts';
import { tunnel } from './tunnel.ts';

export interface StreamOptions {
  reader: ObjectReader;
  authorizer: Authorizer;
  random: Random;
  /** The way to kubelets; without one, what needs them is refused. */
  nodes?: NodeDialer;
  /** Asks admission about a connection; rejects where it may not be. */
  admit?: RegistryDispatcher['connect'];
  /** The way to pods; without one, proxies to pods and services are refused. */
  pods?: Connector;
}

type Handler = (x: Exchange) => Promise<number>;

const podConnectTimeoutMs = 10_000;
const logTimeoutMs = 60_000;
const errorBytes = 64 * 1024;

/** Logs, exec, attach, port-forward and proxies: what kubelets and pods answer themselves. */
export class Streams implements StreamRoutes {
  readonly #options: StreamOptions;
  readonly #handlers: Record<string, Handler> = {
    'pods/log': (x) => this.#log(x),
    'pods/exec': (x) => this.#upgrade(x, (pod) => execTarget('exec', pod, x.query)),
    'pods/attach': (x) => this.#upgrade(x, (pod) => execTarget('attach', pod, x.query)),
    'pods/portforward': (x) => this.#upgrade(x, (pod) => portForwardTarget(pod, x.query)),
    'pods/proxy': (x) => this.#proxyTo(x, podTarget(this.#options.reader, x.info.namespace, x.info.name)),
    'services/proxy': (x) => this.#proxyTo(x, serviceTarget(this.#options, x.info.namespace, x.info.name)),
    'nodes/proxy': (x) => this.#proxyToNode(x),
  };

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  handles({ info }: Exchange): boolean {
    return info.group === '' && info.subresource !== '' && this.#handlerOf(info) !== undefined;
  }

  async serve(x: Exchange): Promise<number> {
    const options = connectOptions(x);
    if (options) await this.#options.admit?.(requestOf(x), options);
    return (this.#handlerOf(x.info) as Handler)(x);
  }

  #handlerOf({ resource, subresource }: Exchange['info']): Handler | undefined {
    return Object.hasOwn(this.#handlers, `${resource}/${subresource}`)
      ? this.#handlers[`${resource}/${subresource}`]
      : undefined;
  }

  #pod({ info }: Exchange): Pod {
    const { namespace, name } = info;
    const pod = this.#options.reader.get(resources.pods, { namespace, name });
    if (!pod) throw notFound({ group: '', resource: 'pods', name });
    return pod;
  }

  #kubelet(name: string): KubeletAddress {
    const node: Node | undefined = this.#options.reader.get(resources.nodes, { name });
    if (!node) throw notFound({ group: '', resource: 'nodes', name });
    const address = kubeletAddress(node);
    if (!address) throw internalError(`no preferred addresses found; known addresses: []`);
    return address;
  }

  async #connect(address: KubeletAddress) {
    const { nodes } = this.#options;
    if (!nodes) throw internalError('this API server has no way to nodes');
    try {
      return await nodes.connect(address);
    } catch (error) {
      throw internalError(`error dialing backend: ${(error as Error).message}`);
    }
  }

  async #log(x: Exchange): Promise<number> {
    if (x.info.verb !== 'get') throw methodNotSupported({ group: '', resource: 'pods/log' }, x.info.verb);
    const pod = this.#pod(x);
    const target = logTarget(pod, x.query);
    if (!pod.spec?.nodeName) {
      x.reply.send(204, x.headers({}));
      return 204;
    }
    const address = this.#kubelet(pod.spec.nodeName);
    const socket = await this.#connect(address);
    const call = {
      method: 'GET',
      target,
      headers: { host: hostOf(address) },
      timeoutMs: logTimeoutMs,
      signal: x.request.signal,
    };
    const answer = await callOver(socket, call).catch((error: Error) => {
      throw internalError(`Get "https://${hostOf(address)}${target}": ${error.message}`);
    });
    if (answer.status >= 300) throw await kubeletError(answer, x);
    await x.reply.open(200, x.headers({ 'content-type': 'text/plain' })).pipe(answer.body);
    return 200;
  }

  async #upgrade(x: Exchange, targetOf: (pod: Pod) => string): Promise<number> {
    const { verb } = x.info;
    if (verb !== 'get' && verb !== 'create') {
      throw methodNotSupported({ group: '', resource: `pods/${x.info.subresource}` }, verb);
    }
    // A WebSocket can only be asked for by GET, yet running a command is no reading.
    if (verb === 'get')
      authorize(this.#options.authorizer, x.user as UserInfo, { ...x.info, verb: 'create' });
    const pod = this.#pod(x);
    const target = targetOf(pod);
    if (!x.upgrade) throw badRequest('Upgrade request required');
    const address = this.#kubelet(pod.spec?.nodeName ?? '');
    const backend = await this.#connect(address);
    void tunnel(x.upgrade, backend, { target, host: hostOf(address) });
    return 101;
  }

  #proxyTo(x: Exchange, { scheme, host, port }: ProxyTarget): Promise<number> {
    const { pods } = this.#options;
    if (!pods) throw internalError('this API server has no way to pods');
    const tls = scheme === 'https' ? { insecure: true } : undefined;
    const connect = () => pods({ host, port, tls, timeoutMs: podConnectTimeoutMs });
    const name = host.includes(':') ? `[${host}]` : host;
    return this.#proxy(x, { connect, host: `${name}:${port}` });
  }

  #proxyToNode(x: Exchange): Promise<number> {
    const { name, port } = splitProxyName(x.info.name);
    const address = this.#kubelet(name);
    if (port !== '' && Number(port) !== address.port) {
      throw badRequest(`only the kubelet's own port ${address.port} can be reached through a node`);
    }
    return this.#proxy(x, { connect: () => this.#connect(address), host: hostOf(address) });
  }

  async #proxy(x: Exchange, to: Pick<Parameters<typeof forward>[1], 'connect' | 'host'>): Promise<number> {
    const [, prefix = '', path = '', query = ''] = proxyPath.exec(x.request.target) ?? [];
    if (path === '' && (x.request.method === 'GET' || x.request.method === 'HEAD') && !x.upgrade) {
      // Relative links of the page would otherwise lead astray.
      x.reply.send(301, x.headers({ location: `${prefix}/${query}` }));
      return 301;
    }
    return forward(x, { ...to, target: `${path || '/'}${query}`, prefix });
  }
}

/** The request as the registries know requests. */
function requestOf(x: Exchange): ResourceRequest {
  const { info, query, userAgent, request } = x;
  return {
    info,
    user: x.user as UserInfo,
    query,
    userAgent,
    signal: request.signal,
    warn: (message) => x.warn(message),
    annotate: (key, value) => x.annotate(key, value),
  };
}

/** What stands before the backend's own path, the path, and the query; as they came, escapes and all. */
const proxyPath =
  /^(\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy)(\/[^?]*)?(\?.*)?$/;

const hostOf = ({ host, port }: KubeletAddress) => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** What the kubelet says went wrong, in the terms of the API. */
async function kubeletError(answer: Awaited<ReturnType<typeof callOver>>, x: Exchange): Promise<StatusError> {
  const text = Buffer.from(await readBody(answer.body, errorBytes).catch(() => Buffer.alloc(0))).toString();
  if (answer.status === 400) return badRequest(text);
  if (answer.status === 500) return internalError(text);
  const message = `the server rejected our request for an unknown reason (${x.info.verb} pods/log ${x.info.name})`;
  if (answer.status !== 404) return new StatusError(answer.status, '', text || message);
  const { info } = x;
  const details = {
    name: info.name,
    kind: 'pods/log',
    causes: [{ reason: 'UnexpectedServerResponse', message: text }],
  };
  return new StatusError(
    404,
    'NotFound',
    `the server could not find the requested resource ( pods/log ${info.name})`,
    details,
  );
}
