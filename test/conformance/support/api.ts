import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { WatchedEvents } from './watched-events.ts';

/** An object of whatever shape the test knows it to have. */
// biome-ignore lint: answers have whatever shape the caller knows them to have.
export type Any = any;

export interface Answer {
  code: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The text as JSON, where it is that. */
  body: Any;
}

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
}

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** An answer that is no success. */
export class Refusal extends Error {
  readonly code: number;
  readonly status: Any;

  constructor(line: string, { code, body, text }: Answer) {
    super(`${line}: ${code} ${body?.message ?? text}`);
    this.code = code;
    this.status = body;
  }
}

const fromBase64 = (text: string) => Buffer.from(text, 'base64');

/** What tests do to the API, whichever way leads there. */
export abstract class Verbs {
  /** One request, whatever comes of it. */
  abstract call(method: string, path: string, options?: CallOptions): Promise<Answer>;

  /** One request that must succeed; gives the answer's body. */
  async ok(method: string, path: string, options: CallOptions = {}): Promise<Any> {
    const answer = await this.call(method, path, options);
    if (answer.code >= 300) throw new Refusal(`${method} ${path}`, answer);
    return answer.body;
  }

  get(path: string): Promise<Any> {
    return this.ok('GET', path);
  }

  post(path: string, body: object): Promise<Any> {
    return this.ok('POST', path, { body });
  }

  put(path: string, body: object): Promise<Any> {
    return this.ok('PUT', path, { body });
  }

  patch(path: string, body: unknown, type: keyof typeof patchTypes = 'merge'): Promise<Any> {
    return this.ok('PATCH', path, { body, headers: { 'content-type': patchTypes[type] } });
  }

  delete(path: string, options: object = {}): Promise<Any> {
    return this.ok('DELETE', path, { body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options } });
  }

  /** Reads, changes and writes back (to a subresource that is only written), again where somebody else was faster. */
  async update(path: string, change: (object: Any) => void, subresource = ''): Promise<Any> {
    for (;;) {
      const object = await this.get(path);
      change(object);
      const answer = await this.call('PUT', path + subresource, { body: object });
      if (answer.code === 409) continue;
      if (answer.code >= 300) throw new Refusal(`PUT ${path}`, answer);
      return answer.body;
    }
  }

  /** Whether an object is there. */
  async has(path: string): Promise<boolean> {
    const answer = await this.call('GET', path);
    if (answer.code !== 200 && answer.code !== 404) throw new Refusal(`GET ${path}`, answer);
    return answer.code === 200;
  }

  /** The names in a list. */
  async names(path: string): Promise<string[]> {
    return (await this.get(path)).items.map((item: Any) => item.metadata.name).sort();
  }
}

/** The API over HTTPS/1.1, as the user of a kubeconfig. */
export class Api extends Verbs {
  readonly #agent: Agent;
  readonly #origin: string;

  constructor(options: { origin: string; ca: string | Buffer; cert: string | Buffer; key: string | Buffer }) {
    super();
    const { origin, ca, cert, key } = options;
    this.#origin = origin;
    this.#agent = new Agent({ keepAlive: true, ca, cert, key });
  }

  /** The user of a kubeconfig as `startCluster` writes it. */
  static of(kubeconfig: string): Api {
    const { clusters, users } = JSON.parse(kubeconfig);
    const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
    const { 'client-certificate-data': cert, 'client-key-data': key } = users[0].user;
    return new Api({ origin: server, ca: fromBase64(ca), cert: fromBase64(cert), key: fromBase64(key) });
  }

  #open(method: string, path: string, { body, headers }: CallOptions): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const bytes = typeof body === 'string' ? body : JSON.stringify(body);
      // A DELETE has a body here, which Node does not measure by itself.
      const sized = bytes === undefined ? {} : { 'content-length': String(Buffer.byteLength(bytes)) };
      const type = bytes === undefined ? {} : { 'content-type': 'application/json' };
      const options = { method, agent: this.#agent, headers: { ...type, ...sized, ...headers } };
      const sent = httpsRequest(this.#origin + path, options, resolve);
      sent.on('error', reject);
      sent.end(bytes);
    });
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const incoming = await this.#open(method, path, options);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const isJson = incoming.headers['content-type']?.startsWith('application/json');
    const body = isJson ? JSON.parse(text) : undefined;
    return { code: incoming.statusCode as number, headers: incoming.headers, text, body };
  }

  /** Opens a watch; it is open when this resolves. */
  async watch(path: string): Promise<WatchedEvents> {
    const incoming = await this.#open('GET', `${path}${path.includes('?') ? '&' : '?'}watch=true`, {});
    if (incoming.statusCode !== 200) throw new Error(`watch of ${path}: ${incoming.statusCode}`);
    return new WatchedEvents(incoming);
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The Status with which a request is refused. */
export async function refusal(request: Promise<unknown>): Promise<Any> {
  const given = await request.catch((error) => {
    if (!(error instanceof Refusal)) throw error;
    return error;
  });
  if (!(given instanceof Refusal)) throw new Error('the request was not refused');
  return given.status;
}

/** The path of a resource: `at('apps/v1', 'deployments', { ns, name })`. */
export function at(apiVersion: string, resource: string, where: { ns?: string; name?: string } = {}): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const space = where.ns ? `/namespaces/${where.ns}` : '';
  return `${root}${space}/${resource}${where.name ? `/${where.name}` : ''}`;
}
