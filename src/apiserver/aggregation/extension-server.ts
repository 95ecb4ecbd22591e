import type { Duplex, Readable } from 'node:stream';
import { Readable as ReadableStream } from 'node:stream';
import type { APIService } from '../../api/apiregistration/v1.ts';
import type { Service } from '../../api/core/v1.ts';
import { endpointslices, services } from '../../api/generated/resources.ts';
import { serviceUnavailable } from '../../machinery/status-error.ts';
import type { Connector } from '../../platform/connect.ts';
import { callOver, type Http1Answer } from '../../platform/http1-call.ts';
import type { Random } from '../../platform/random.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { remoteUserHeaders } from '../auth/request-header.ts';
import type { UserInfo } from '../registry/kind.ts';

/** Who this server is to the servers that extend it. */
export interface FrontProxy {
  /** Certificate and key, PEM. Asked for with each connection, since they are renewed. */
  identity(): { cert: string; key: string };
}

export interface ExtensionServersOptions {
  reader: ObjectReader;
  random: Random;
  /** The way to pods; without one, only Services that lead elsewhere can be reached. */
  pods?: Connector | undefined;
  /** The way to everywhere else: names, and endpoints that are no pods. */
  outside?: Connector | undefined;
  frontProxy?: FrontProxy | undefined;
}

interface Address {
  host: string;
  port: number;
  connect: Connector | undefined;
}

/** One way to a server: where it is, and how a connection to it is opened. */
export interface Endpoint {
  /** Host and port, as they stand in URLs. */
  host: string;
  /** Opens a connection over which HTTP/1.1 is spoken; the server has shown a certificate that is good for the Service. */
  connect(): Promise<Duplex>;
}

export interface ExtensionCall {
  method: string;
  /** Path and query. */
  target: string;
  user: UserInfo;
  headers?: Record<string, string>;
  body?: Uint8Array;
  timeoutMs: number;
  signal?: AbortSignal;
}

const connectTimeoutMs = 10_000;

/** The servers behind APIServices, and how they are asked. */
export class ExtensionServers {
  readonly #options: ExtensionServersOptions;

  constructor(options: ExtensionServersOptions) {
    this.#options = options;
  }

  /** Where the server of an APIService can be reached now. Throws what upstream's resolver says where it cannot. */
  endpoint({ spec }: APIService): Endpoint {
    const { namespace = '', name = '', port = 443 } = spec.service ?? {};
    const { reader, frontProxy } = this.#options;
    const service = reader.get(services, { namespace, name });
    if (!service) throw serviceUnavailable(`service ${JSON.stringify(name)} not found`);
    const { connect, ...address } = this.#address(service, port);
    const ca = spec.caBundle && Buffer.from(spec.caBundle, 'base64').toString();
    const tls = {
      ...frontProxy?.identity(),
      ...(ca && { ca }),
      serverName: `${name}.${namespace}.svc`,
      insecure: spec.insecureSkipTLSVerify ?? false,
    };
    return {
      host: `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`,
      async connect() {
        if (!connect) throw new Error('this API server has no way there');
        return connect({ ...address, tls, timeoutMs: connectTimeoutMs });
      },
    };
  }

  #address({ metadata, spec }: Service, port: number): Address {
    const { pods, outside, random } = this.#options;
    if (spec?.type === 'ExternalName') return { host: spec.externalName ?? '', port, connect: outside };
    const name = metadata.name ?? '';
    const found = spec?.ports?.find((p) => p.port === port);
    if (!found) {
      throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
    }
    const ready: Address[] = [];
    for (const slice of this.#slices(metadata.namespace ?? '', name)) {
      const target = slice.ports?.find((p) => (p.name ?? '') === (found.name ?? ''))?.port;
      if (target === undefined) continue;
      for (const { addresses, conditions, targetRef } of slice.endpoints ?? []) {
        // Who writes the endpoints of a Service by hand means what is not in a pod.
        const connect = targetRef || !outside ? pods : outside;
        const host = addresses[0];
        if (conditions?.ready !== false && host) ready.push({ host, port: target, connect });
      }
    }
    if (ready.length === 0) {
      throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
    }
    return ready[random.int(ready.length)] as Address;
  }

  *#slices(namespace: string, name: string) {
    for (const slice of this.#options.reader.list(endpointslices, namespace)) {
      if (slice.metadata.labels?.['kubernetes.io/service-name'] === name) yield slice;
    }
  }

  /** Asks the server of an APIService, in the name of a user. Rejects with the network's error where it cannot be reached. */
  async call(service: APIService, call: ExtensionCall): Promise<Http1Answer> {
    const { host, connect } = this.endpoint(service);
    const { method, target, user, headers, body, timeoutMs, signal } = call;
    const identity = remoteUserHeaders(user);
    const socket = await connect();
    if (signal?.aborted) socket.destroy();
    return callOver(socket, {
      method,
      target,
      headers: {
        host,
        'accept-encoding': 'identity',
        ...headers,
        ...identity,
      },
      ...(body && { body: ReadableStream.from([body]) as Readable, bodyLength: body.length }),
      timeoutMs,
      ...(signal && { signal }),
    });
  }
}
