import { StatusError } from '../machinery/status-error.ts';
import { statuszPage } from '../machinery/z-pages/statusz.ts';
import { writtenZPage, type ZPage } from '../machinery/z-pages/z-page.ts';
import type { Clock } from '../platform/clock.ts';
import type { HttpReply, HttpRequest } from '../platform/http.ts';
import type { Log } from '../platform/log.ts';
import { expositionOf, expositionType } from '../platform/metrics/exposition.ts';
import { HealthCounts } from '../platform/metrics/health-counts.ts';
import type { MetricRegistry } from '../platform/metrics/registry.ts';
import type { PlainHttpListener, PlainHttpServer } from '../platform/plain-http-server.ts';

export interface DiagnosticsOptions {
  readonly listen: PlainHttpListener;
  readonly host: string;
  readonly port: number;
  readonly registry: MetricRegistry;
  /** What the proxy was told, as `/configz` shows it. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The version of the proxy, such as `v1.36.0`. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Answer {
  readonly contentType: string;
  readonly headers?: Record<string, string>;
  readonly body: string;
}

const json = 'application/json';
const plain = 'text/plain; charset=utf-8';

/**
 * Tells administrators and Prometheus of the proxy, on this machine alone: `/metrics`, `/metrics/slis`, `/healthz`, `/proxyMode`,
 * `/configz` and `/statusz`, as upstream's does.
 */
export class Diagnostics {
  readonly #options: DiagnosticsOptions;
  readonly #healthChecks: HealthCounts;
  readonly #status: ZPage;
  #server: PlainHttpServer | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: DiagnosticsOptions) {
    this.#options = options;
    const { clock, version } = options;
    this.#healthChecks = new HealthCounts(clock);
    const paths = () => Object.keys(this.#answers);
    this.#status = statuszPage({ component: 'kube-proxy', clock, version, paths });
  }

  /** Opens the port where it is not open yet. */
  sync(): Promise<void> {
    this.#syncing = this.#syncing.then(() => this.#sync());
    return this.#syncing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.sync();
  }

  async #sync(): Promise<void> {
    const { listen, host, port, log } = this.#options;
    if (this.#isClosed) {
      await this.#server?.close();
      this.#server = undefined;
    } else if (!this.#server) {
      try {
        const onRequest = (request: HttpRequest, reply: HttpReply) => this.#answer(request, reply);
        this.#server = await listen({ host, port, onRequest });
      } catch (error) {
        log.warn('metrics cannot be told', { port, error: String(error) });
      }
    }
  }

  #answer({ target, headers }: HttpRequest, reply: HttpReply): void {
    const answers = this.#answers[target.split('?')[0] ?? ''];
    if (!answers) return send(reply, 404, { contentType: plain, body: '404 page not found\n' });
    try {
      send(reply, 200, answers([headers.accept].flat()[0]));
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      send(reply, error.status.code ?? 500, { contentType: plain, body: `${error.message}\n` });
    }
  }

  readonly #answers: Readonly<Record<string, (accept: string | undefined) => Answer>> = {
    '/metrics': () => ({ contentType: expositionType, body: expositionOf(this.#options.registry.metrics()) }),
    '/metrics/slis': () => ({ contentType: expositionType, body: this.#healthChecks.exposition() }),
    '/healthz': () => {
      this.#healthChecks.note('ping', 'healthz', true);
      return { contentType: plain, body: 'ok' };
    },
    '/healthz/ping': () => ({ contentType: plain, body: 'ok' }),
    '/proxyMode': () => ({ contentType: plain, body: 'nftables' }),
    '/configz': () => {
      const body = JSON.stringify({ 'kubeproxy.config.k8s.io': this.#options.settings });
      return { contentType: json, body };
    },
    '/statusz': (accept) => writtenZPage(this.#status, accept),
  };
}

function send(reply: HttpReply, status: number, { contentType, headers, body }: Answer): void {
  const type = { 'Content-Type': contentType, 'X-Content-Type-Options': 'nosniff' };
  reply.send(status, { ...type, ...headers }, [Buffer.from(body)]);
}
