import { createAuthority, issue, type KeyPair } from '../../cluster/pki.ts';
import type { HttpServer } from '../../platform/http.ts';
import { listenHttps } from '../../platform/http-server.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { piecesOf } from '../../platform/pieces.ts';
import { systemRandom } from '../../platform/random.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { type Authorizer, privilegedGroupAuthorizer } from '../auth/authorizer.ts';
import { certificateAuthenticator } from '../auth/client-certificate.ts';
import { testFairness } from '../fairness/testing-fairness.ts';
import { Responder } from '../http/responder.ts';
import { Corridor, type CorridorOptions } from './corridor.ts';
import { Impersonation } from './impersonate.ts';
import { PathMux } from './plain-routes.ts';
import { FakeDispatcher } from './testing-dispatcher.ts';

const platform = { clock: systemClock, random: systemRandom, log: silentLog };
let authority: Promise<KeyPair> | undefined;

/** A client certificate, or the server's, on an authority that all tests of a file share. */
export async function testCertificate(
  request: Parameters<typeof issue>[1],
): Promise<KeyPair & { ca: string }> {
  authority ??= createAuthority(platform);
  const ca = await authority;
  return { ...(await issue(ca, request, platform)), ca: ca.certificate };
}

export interface TestServer {
  dispatcher: FakeDispatcher;
  corridor: Corridor;
  mux: PathMux;
  server: HttpServer;
  origin: string;
  ca: string;
}

/** A corridor before a FakeDispatcher, listening on loopback. */
export async function startTestServer(
  options: Partial<CorridorOptions> & { authenticators?: Authenticator[]; authorizer?: Authorizer } = {},
): Promise<TestServer> {
  const dispatcher = new FakeDispatcher();
  const codecs = {
    protobuf: (object: object) => Buffer.from(`k8s\0${JSON.stringify(object)}`),
    protobufList: () => piecesOf([Buffer.from('k8s\0list')]),
    yaml: (value: unknown) => `yaml: ${JSON.stringify(value)}\n`,
  };
  const tables = {
    table: (
      _: unknown,
      objects: readonly unknown[],
      { noHeaders, apiVersion }: { noHeaders: boolean; apiVersion: string },
    ) => ({
      apiVersion,
      kind: 'Table',
      columnDefinitions: noHeaders ? [] : [{ name: 'Name' }],
      rows: objects.map(() => ({ cells: ['x'] })),
    }),
  };
  const { deadlineMs = 60_000 } = options.limits ?? {};
  const limits = { watchBufferBytes: 1024 * 1024, watches: 100, deadlineMs };
  const responder = new Responder({ platform, codecs, tables, limits });
  const mux = new PathMux(responder);
  const corridor = new Corridor({
    platform,
    dispatcher,
    responder,
    plain: mux,
    streams: { handles: () => false, serve: async () => 200 },
    metrics: { observe: () => {} },
    fairness: testFairness(600),
    authentication: {
      authenticators: options.authenticators ?? [certificateAuthenticator(platform.clock)],
      allowAnonymous: true,
    },
    authorizer: privilegedGroupAuthorizer,
    impersonation: new Impersonation(options.authorizer ?? privilegedGroupAuthorizer),
    limits: { bodyBytes: 3 * 1024 * 1024, deadlineMs: 60_000 },
    ...options,
  });
  const pair = await testCertificate({
    commonName: 'kube-apiserver',
    hosts: ['127.0.0.1'],
    usages: ['server'],
  });
  const server = await listenHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { cert: pair.certificate, key: pair.key, clientCa: pair.ca },
    onRequest: (request, reply) => void corridor.serve(request, reply),
  });
  return { dispatcher, corridor, mux, server, origin: `https://127.0.0.1:${server.port}`, ca: pair.ca };
}
