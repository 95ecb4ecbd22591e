import { setMaxListeners } from 'node:events';
import type { WebhookClientConfig } from '../../../api/admissionregistration/v1.ts';
import { printJson } from '../../../machinery/exact-json.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Connector } from '../../../platform/connect.ts';
import { posterOver, type PosterOver } from '../../../platform/http-post.ts';
import type { Random } from '../../../platform/random.ts';
import type { ObjectReader } from '../../auth/object-reader.ts';
import { serviceTarget } from '../../streams/proxy-targets.ts';
import { networkText } from '../../../platform/network-text.ts';
import { readAnswer } from './answer.ts';

/** Who this server is to a webhook. */
export interface WebhookCredentials {
  /** PEM. */
  cert?: string;
  key?: string;
  headers: Readonly<Record<string, string>>;
}

/** By the name of a server and its port. */
export type CredentialsFor = (target: string) => WebhookCredentials | undefined;

export interface CallerOptions {
  reader: ObjectReader;
  random: Random;
  clock: Clock;
  /** The way to pods; without one, webhooks behind services cannot be called. */
  pods?: Connector | undefined;
  /** The way to everywhere else; without one, webhooks with URLs cannot be called. */
  outside?: Connector | undefined;
  /** Who this server is to webhooks; nobody in particular where absent. */
  credentials?: CredentialsFor | undefined;
}

export interface WebhookCall {
  client: WebhookClientConfig;
  body: object;
  timeoutSeconds: number;
  /** How long whoever asks may still wait; any time where absent. */
  leftMs?: number | undefined;
  signal: AbortSignal;
}

/** Where a webhook listens, and what its certificate must say. */
interface Address {
  over: PosterOver;
  host: string;
  port: number;
  serverName: string | undefined;
  /** As errors show it, without the query. */
  url: URL;
}

const maxAnswerBytes = 3 * 1024 * 1024;

/** Asks webhooks. */
export class WebhookCaller {
  readonly #options: CallerOptions;
  readonly #pods: PosterOver | undefined;
  readonly #outside: PosterOver | undefined;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#pods = options.pods && posterOver(options.pods);
    this.#outside = options.outside && posterOver(options.outside);
  }

  /** The answer's JSON. Rejects with an Error in the words of upstream's client. */
  async call({
    client,
    body,
    leftMs = Number.POSITIVE_INFINITY,
    signal,
    ...call
  }: WebhookCall): Promise<unknown> {
    const waitMs = Math.min(call.timeoutSeconds * 1000, leftMs);
    // A webhook that is told 0 s would not begin.
    const timeoutSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    const { clock } = this.#options;
    const abort = new AbortController();
    const give = () => abort.abort(new Error('context canceled'));
    // One request may ask any number of webhooks at once.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', give, { once: true });
    const late = () => abort.abort(new Error('context deadline exceeded'));
    const timer = clock.after(call.timeoutSeconds * 1000, late);
    try {
      return await this.#ask({ client, body, timeoutSeconds, signal: abort.signal });
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', give);
    }
  }

  async #ask({ client, body, timeoutSeconds, signal }: WebhookCall): Promise<unknown> {
    const shown = urlOf(client);
    shown.searchParams.set('timeout', `${timeoutSeconds}s`);
    const bytes = Buffer.from(printJson(body));
    const answer = await unlessAborted(this.#exchange(client, { shown, bytes, signal }), signal).catch(
      (error: Error) => {
        throw new Error(`Post ${goQuote(display(shown))}: ${networkText(error)}`);
      },
    );
    return readAnswer(answer);
  }

  async #exchange(
    client: WebhookClientConfig,
    { shown, bytes, signal }: { shown: URL; bytes: Buffer; signal: AbortSignal },
  ): Promise<{ status: number; text: string }> {
    const { over, host, port, serverName } = this.#address(client, shown);
    const ca = client.caBundle && Buffer.from(client.caBundle, 'base64').toString();
    const { headers: own, ...identity } = this.#options.credentials?.(targetOf(shown)) ?? {};
    const tls = { ...(ca && { ca }), ...(serverName && { serverName }), ...identity };
    const headers = {
      host: shown.host,
      'content-type': 'application/json',
      accept: 'application/json, */*',
      'user-agent': 'kube-apiserver-admission',
      ...own,
    };
    return over.post(
      { host, port, tls, timeoutMs: connectTimeoutMs },
      { url: shown, headers, body: bytes, timeoutMs: connectTimeoutMs, limitBytes: maxAnswerBytes, signal },
    );
  }

  #address(client: WebhookClientConfig, url: URL): Address {
    const { service } = client;
    const [pods, outside] = [this.#pods, this.#outside];
    if (!service) {
      if (!outside) throw new Error('this API server has no way to webhooks outside of the cluster');
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const isName = !/^[\d.]+$|:/.test(host);
      return {
        over: outside,
        host,
        port: Number(url.port || 443),
        serverName: isName ? host : undefined,
        url,
      };
    }
    if (!pods) throw new Error('this API server has no way to pods');
    const { namespace, name, port = 443 } = service;
    const target = serviceTarget(this.#options, namespace, `${name}:${port}`);
    return {
      over: pods,
      host: target.host,
      port: target.port,
      serverName: `${name}.${namespace}.svc`,
      url,
    };
  }
}

const targetOf = ({ hostname, port }: URL) => `${hostname}:${port || 443}`;

/** Longer than any webhook may take. */
const connectTimeoutMs = 31_000;

function urlOf({ url, service }: WebhookClientConfig): URL {
  if (!service) return new URL(url as string);
  const { namespace, name, path = '/', port = 443 } = service;
  const made = new URL(`https://${name}.${namespace}.svc:${port}`);
  made.pathname = path;
  return made;
}

/** A service's port is shown also where it is the usual one. */
function display(url: URL): string {
  const isService = url.hostname.endsWith('.svc') && url.port === '';
  return isService ? url.href.replace(url.host, `${url.host}:443`) : url.href;
}

/** Node ends what it can when a signal is aborted, but not all that it does. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason as Error);
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    promise.then(resolve, (error: unknown) => reject(signal.aborted ? signal.reason : error));
  });
}
