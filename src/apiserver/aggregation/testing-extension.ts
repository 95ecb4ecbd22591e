import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { KubernetesObject } from '../../api/resource.ts';
import { createAuthority, issue } from '../../cluster/pki.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemRandom } from '../../platform/random.ts';

/** A resource that a test's server has; its objects are kept in memory. */
export interface ExtensionResource {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
}

export interface ExtensionOptions {
  resources: readonly ExtensionResource[];
  /** Names of the Services it stands behind, such as `api.tests`. */
  services: readonly string[];
  /** Whether it has the aggregated document. Yes unless told. */
  aggregated?: boolean;
  /** Authority of the proxies it takes requests from; anybody's where absent. */
  proxyCa?: string;
  /** Fixed where it comes back after having been away. */
  port?: number;
}

export interface ExtensionRequest {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  rawHeaders: string[];
  /** Name in the client's certificate. */
  peer: string;
}

type Stored = KubernetesObject & { metadata: { name: string; namespace?: string; resourceVersion: string } };

/** A server that extends the API, as somebody else would write it: a small one that keeps objects in memory. */
export class TestExtension {
  readonly requests: ExtensionRequest[] = [];
  readonly caBundle: string;
  readonly #options: ExtensionOptions;
  readonly #server: Server;
  readonly #objects = new Map<string, Stored>();
  readonly #watches = new Set<{ prefix: string; reply: ServerResponse }>();
  #revision = 0;

  private constructor(options: ExtensionOptions, server: Server, ca: string) {
    this.#options = options;
    this.#server = server;
    this.caBundle = Buffer.from(ca).toString('base64');
    server.on('request', (request, reply) => void this.#serve(request, reply));
    server.on('upgrade', (request, socket) => {
      this.#note(request);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('end', () => socket.end());
    });
  }

  static async start(options: ExtensionOptions): Promise<TestExtension> {
    const platform = { clock: systemClock, random: systemRandom };
    const authority = await createAuthority(platform, 'extension-ca');
    const hosts = options.services.map((name) => `${name}.svc`);
    const request = { commonName: 'extension', hosts, usages: ['server'] } as const;
    const { certificate: cert, key } = await issue(authority, request, platform);
    const { proxyCa: ca } = options;
    const server = createServer({ cert, key, requestCert: true, rejectUnauthorized: ca !== undefined, ca });
    const extension = new TestExtension(options, server, authority.certificate);
    await extension.listen(options.port);
    return extension;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  listen(port = 0): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  /** Goes away, as a server does whose process ends. It may listen again. */
  close(): Promise<void> {
    this.#watches.clear();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #note({ method = '', url = '', headers, rawHeaders, socket }: IncomingMessage): void {
    const peer = (socket as TLSSocket).getPeerCertificate().subject?.CN ?? '';
    this.requests.push({ method, url, headers, rawHeaders, peer: String(peer) });
  }

  async #serve(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    this.#note(request);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'https://extension');
    const text = Buffer.concat(chunks).toString();
    if (url.searchParams.has('elsewhere'))
      return void reply.writeHead(302, { location: 'https://elsewhere.example/' }).end();
    const answer =
      this.#document(url.pathname, request.headers.accept) ?? this.#resource(request, reply, url, text);
    if (answer === undefined) return;
    const { code = 200, type = 'application/json', body } = answer;
    reply.writeHead(code, { 'content-type': type, connection: 'close' });
    reply.end(JSON.stringify(body));
  }

  /** Discovery and OpenAPI. */
  #document(path: string, accept = ''): Answer | undefined {
    const { resources, aggregated = true } = this.#options;
    const [, prefix, group = '', version = '', ...rest] = path.split('/');
    if (prefix === 'openapi') return openApi(path, resources);
    if (prefix !== 'apis' || rest.length > 0) return undefined;
    if (group === '')
      return aggregated && accept.includes('APIGroupDiscoveryList') ? groupsOf(resources) : missing;
    const found = resources.filter((r) => r.group === group && r.version === version);
    return found.length === 0 ? missing : { body: resourceList(found) };
  }

  #resource(request: IncomingMessage, reply: ServerResponse, url: URL, text: string): Answer | undefined {
    const { resource, namespace, name } = this.#target(url.pathname);
    if (!resource) return missing;
    const { group, version, plural, kind } = resource;
    const type = { apiVersion: `${group}/${version}`, kind };
    const prefix = `${plural}/${namespace ?? ''}`;
    if (request.method === 'POST')
      return { code: 201, body: this.#put(prefix, { ...type, ...JSON.parse(text) }) };
    if (name === undefined) {
      if (request.method === 'DELETE') {
        for (const key of [...this.#objects.keys()]) if (key.startsWith(prefix)) this.#remove(key);
        return { body: success };
      }
      if (url.searchParams.get('watch')) return this.#watch(prefix, reply);
      return this.#list(prefix, { ...type, kind: `${kind}List` }, request.headers.accept);
    }
    const key = `${prefix}/${name}`;
    const object = this.#objects.get(key);
    if (!object) return missing;
    if (request.method === 'DELETE') this.#remove(key);
    return { body: object };
  }

  #target(path: string) {
    const [, , group, version, ...rest] = path.split('/');
    const namespace = rest[0] === 'namespaces' ? rest[1] : undefined;
    const [plural, name] = namespace === undefined ? rest : rest.slice(2);
    const resource = this.#options.resources.find(
      (r) => r.group === group && r.version === version && r.plural === plural,
    );
    return { resource, namespace, name };
  }

  /** Stores an object, as if a client had. */
  #put(prefix: string, given: KubernetesObject): Stored {
    const revision = String(++this.#revision);
    const { name = `object-${revision}` } = given.metadata;
    const namespace = prefix.split('/')[1];
    const system = {
      uid: `uid-${revision}`,
      resourceVersion: revision,
      creationTimestamp: '2026-01-01T00:00:00Z',
    };
    const metadata = { ...given.metadata, ...system, name, ...(namespace && { namespace }) };
    const object = { ...given, metadata };
    this.#objects.set(`${prefix}/${name}`, object);
    this.#tell('ADDED', `${prefix}/${name}`, object);
    return object;
  }

  #remove(key: string): void {
    const object = this.#objects.get(key);
    this.#objects.delete(key);
    if (object) this.#tell('DELETED', key, object);
  }

  #tell(type: string, key: string, object: Stored): void {
    for (const { prefix, reply } of this.#watches) {
      if (key.startsWith(prefix)) reply.write(`${JSON.stringify({ type, object })}\n`);
    }
  }

  #watch(prefix: string, reply: ServerResponse): undefined {
    reply.writeHead(200, { 'content-type': 'application/json' });
    reply.flushHeaders();
    const watch = { prefix, reply };
    this.#watches.add(watch);
    reply.on('close', () => this.#watches.delete(watch));
    return undefined;
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#watches.size;
  }

  #list(prefix: string, type: object, accept = ''): Answer {
    const items = [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object);
    const metadata = { resourceVersion: String(this.#revision) };
    if (!accept.includes('as=Table')) return { body: { ...type, metadata, items } };
    const columnDefinitions = [
      { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 },
    ];
    columnDefinitions.push({ name: 'Made-By', type: 'string', format: '', description: '', priority: 0 });
    const rows = items.map((object) => ({ cells: [object.metadata.name, 'the extension'], object }));
    return { body: { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions, rows } };
  }
}

interface Answer {
  code?: number;
  type?: string;
  body: unknown;
}

const success = { kind: 'Status', apiVersion: 'v1', status: 'Success' };
const missing: Answer = {
  code: 404,
  body: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'NotFound',
    code: 404,
    message: 'not found',
  },
};

const resourceList = (resources: readonly ExtensionResource[]) => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${resources[0]?.group}/${resources[0]?.version}`,
  resources: resources.map(({ plural, kind, namespaced, verbs }) => ({
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs,
  })),
});

function groupsOf(resources: readonly ExtensionResource[]): Answer {
  const groups = [...new Set(resources.map(({ group }) => group))];
  const versionsOf = (group: string) => [
    ...new Set(resources.filter((r) => r.group === group).map((r) => r.version)),
  ];
  const items = groups.map((name) => ({
    metadata: { name },
    versions: versionsOf(name).map((version) => ({
      version,
      freshness: 'Current',
      resources: resources
        .filter((r) => r.group === name && r.version === version)
        .map(({ plural, kind, namespaced, verbs }) => ({
          resource: plural,
          responseKind: { group: name, version, kind },
          scope: namespaced ? 'Namespaced' : 'Cluster',
          singularResource: kind.toLowerCase(),
          verbs,
        })),
    })),
  }));
  return {
    type: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    body: { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items },
  };
}

/** Definitions of its kinds, one of which has a name that this server uses otherwise. */
function openApi(path: string, resources: readonly ExtensionResource[]): Answer {
  const definitions = Object.fromEntries(
    resources.map(({ group, version, kind }) => [
      `test.${version}.${kind}`,
      {
        type: 'object',
        description: `A ${kind} of another server.`,
        properties: { note: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' } },
        'x-kubernetes-group-version-kind': [{ group, version, kind }],
      },
    ]),
  );
  const common = {
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { type: 'object', description: 'Another ObjectMeta.' },
  };
  const paths = Object.fromEntries(
    resources.map(({ group, version, kind, plural }) => [
      `/apis/${group}/${version}/${plural}`,
      {
        get: {
          operationId: `list${kind}`,
          'x-kubernetes-action': 'list',
          'x-kubernetes-group-version-kind': { group, version, kind },
          responses: {
            200: { description: 'OK', schema: { $ref: `#/definitions/test.${version}.${kind}` } },
          },
        },
      },
    ]),
  );
  const info = { title: 'extension', version: 'v0' };
  if (path === '/openapi/v2') {
    return {
      body: {
        swagger: '2.0',
        info,
        paths: { ...paths, '/elsewhere/': {} },
        definitions: { ...definitions, ...common },
      },
    };
  }
  const versions = new Set(resources.map(({ group, version }) => `apis/${group}/${version}`));
  if (path === '/openapi/v3') {
    const entries = [...versions].map((key) => [key, { serverRelativeURL: `/openapi/v3/${key}?hash=ABC` }]);
    return { body: { paths: Object.fromEntries(entries) } };
  }
  const key = path.slice('/openapi/v3/'.length);
  if (!versions.has(key)) return missing;
  return { body: { openapi: '3.0.0', info, paths, components: { schemas: definitions } } };
}
