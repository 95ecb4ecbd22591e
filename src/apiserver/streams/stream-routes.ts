import type { RegistryDispatcher } from '../registry/dispatcher.ts';
import type { StreamRoutes } from '../corridor/corridor.ts';
import type { Exchange } from '../corridor/exchange.ts';
import type { UserInfo } from '../registry/kind.ts';
import type { ResourceRequest } from '../request.ts';
import { connectOptions } from './connect-options.ts';
import { KubeletRoutes, type KubeletRoutesOptions } from './kubelet-routes.ts';
import { ProxyRoutes, type ProxyRoutesOptions } from './proxy-routes.ts';

export interface StreamOptions extends KubeletRoutesOptions, ProxyRoutesOptions {
  /** Asks admission about a connection; rejects where it may not be. */
  admit?: RegistryDispatcher['connect'];
}

type Handler = (x: Exchange) => Promise<number>;

/** Logs, exec, attach, port-forward and proxies: what kubelets and pods answer themselves. */
export class Streams implements StreamRoutes {
  readonly #admit: StreamOptions['admit'];
  readonly #handlers: Record<string, Handler>;

  constructor(options: StreamOptions) {
    const kubelets = new KubeletRoutes(options);
    const proxies = new ProxyRoutes(options);
    this.#admit = options.admit;
    this.#handlers = {
      'pods/log': (x) => kubelets.log(x),
      'pods/exec': (x) => kubelets.command('exec', x),
      'pods/attach': (x) => kubelets.command('attach', x),
      'pods/portforward': (x) => kubelets.portForward(x),
      'pods/proxy': (x) => proxies.pod(x),
      'services/proxy': (x) => proxies.service(x),
      'nodes/proxy': (x) => proxies.node(x),
    };
  }

  handles({ info }: Exchange): boolean {
    const { verb, group, subresource, namespace, resource, rest } = info;
    // Under the old path of watches any method would be asked about as a watch, and passed on as what it is.
    if (verb === 'watch' || group !== '' || subresource === '') return false;
    const isInScope =
      (namespace === '') === (resource === 'nodes') && (rest === '' || subresource === 'proxy');
    return isInScope && this.#handlerOf(info) !== undefined;
  }

  async serve(x: Exchange): Promise<number> {
    const options = connectOptions(x);
    if (options) await this.#admit?.(requestOf(x), options);
    return (this.#handlerOf(x.info) as Handler)(x);
  }

  #handlerOf({ resource, subresource }: Exchange['info']): Handler | undefined {
    return Object.hasOwn(this.#handlers, `${resource}/${subresource}`)
      ? this.#handlers[`${resource}/${subresource}`]
      : undefined;
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
