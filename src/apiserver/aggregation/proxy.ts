import { StatusError } from '../../machinery/status-error.ts';
import { remoteUserHeaders } from '../auth/request-header.ts';
import type { StreamRoutes } from '../corridor/corridor.ts';
import type { Exchange } from '../corridor/exchange.ts';
import { isLongRunning } from '../corridor/request-info.ts';
import { isAvailable } from '../kinds/apiregistration/conditions.ts';
import type { UserInfo } from '../registry/kind.ts';
import { escapedPath } from '../streams/escaped-path.ts';
import { type Backend, forward } from '../streams/forward.ts';
import type { ExtensionServers } from './extension-server.ts';
import type { Routes } from './routes.ts';

/** Clients ask all servers what they serve before they do anything: that must not take long. */
const discoveryTimeoutMs = 5000;
const requestTimeoutMs = 60_000;

/** Passes requests on to the servers that answer for their group and version, and the answers back. */
export class AggregationProxy implements StreamRoutes {
  readonly #routes: Routes;
  readonly #servers: ExtensionServers;

  constructor(routes: Routes, servers: ExtensionServers) {
    this.#routes = routes;
    this.#servers = servers;
  }

  handles({ info }: Exchange): boolean {
    return this.#routes.find(info) !== undefined;
  }

  async serve(x: Exchange): Promise<number> {
    try {
      return await forward(x, this.#backend(x));
    } catch (error) {
      if (!(error instanceof StatusError) || error.status.code !== 503) throw error;
      return inWords(x, 503, error.message);
    }
  }

  #backend(x: Exchange): Backend {
    const { info } = x;
    const service = this.#routes.find(info);
    if (!service || !isAvailable(service)) throw unavailable();
    const { host, connect } = this.#endpoint(service);
    const headers = { ...remoteUserHeaders(x.user as UserInfo), 'Audit-Id': [x.auditId] };
    const answerTimeoutMs = info.isResource ? requestTimeoutMs : discoveryTimeoutMs;
    const limit = isLongRunning(info) ? {} : { answerTimeoutMs };
    return { host, connect, target: targetOf(x), headers, refusesRedirects: true, ...limit };
  }

  #endpoint(service: Parameters<ExtensionServers['endpoint']>[0]) {
    try {
      return this.#servers.endpoint(service);
    } catch {
      // Why not is for those who look after the APIService; they see it in its condition.
      throw unavailable();
    }
  }
}

/** Path and query as they were understood and authorized: as they came, a backend might read something else in them. */
function targetOf({ path, query }: Exchange): string {
  const sorted = new URLSearchParams(query);
  sorted.sort();
  return sorted.size > 0 ? `${escapedPath(path)}?${sorted}` : escapedPath(path);
}

const unavailable = () => new StatusError(503, 'ServiceUnavailable', 'service unavailable');

/** An answer as Go's http.Error writes it: the client makes a Status of the code. */
function inWords(x: Exchange, code: number, text: string): number {
  if (x.reply.started) return code;
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  x.reply.send(code, x.headers(headers), [Buffer.from(`${text}\n`)]);
  return code;
}
