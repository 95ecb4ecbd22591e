import type { HttpReply } from '../platform/http.ts';
import type { Log } from '../platform/log.ts';
import { expositionOf, expositionType } from '../platform/metrics/exposition.ts';
import type { MetricRegistry } from '../platform/metrics/registry.ts';
import type { PlainHttpListener, PlainHttpServer } from '../platform/plain-http-server.ts';

export interface DiagnosticsOptions {
  readonly listen: PlainHttpListener;
  readonly host: string;
  readonly port: number;
  readonly registry: MetricRegistry;
  /** What the proxy was told, as `/configz` shows it. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly log: Log;
}

const json = 'application/json';
const plain = 'text/plain; charset=utf-8';

/** Tells administrators and Prometheus of the proxy, on this machine alone: `/metrics`, `/healthz`, `/proxyMode`, `/configz`, as upstream's does. */
export class Diagnostics {
  readonly #options: DiagnosticsOptions;
  #server: PlainHttpServer | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: DiagnosticsOptions) {
    this.#options = options;
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
        const onRequest = ({ target }: { target: string }, reply: HttpReply) => this.#answer(target, reply);
        this.#server = await listen({ host, port, onRequest });
      } catch (error) {
        log.warn('metrics cannot be told', { port, error: String(error) });
      }
    }
  }

  #answer(target: string, reply: HttpReply): void {
    const answer = this.#answers[target.split('?')[0] ?? '']?.();
    if (answer) send(reply, 200, ...answer);
    else send(reply, 404, plain, '404 page not found\n');
  }

  readonly #answers: Readonly<Record<string, () => [type: string, body: string]>> = {
    '/metrics': () => [expositionType, expositionOf(this.#options.registry.metrics())],
    '/healthz': () => [plain, 'ok'],
    '/proxyMode': () => [plain, 'nftables'],
    '/configz': () => [json, JSON.stringify({ 'kubeproxy.config.k8s.io': this.#options.settings })],
  };
}

function send(reply: HttpReply, status: number, type: string, text: string): void {
  const body = Buffer.from(text);
  reply.send(status, { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' }, [body]);
}
