import { PassThrough, type Writable } from 'node:stream';
import { kubernetesVersion } from '../../machinery/kubernetes-version.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { statuszPage } from '../../machinery/z-pages/statusz.ts';
import { writtenZPage, type ZPage } from '../../machinery/z-pages/z-page.ts';
import type { HttpReply, HttpRequest, HttpServer, HttpUpgrade } from '../../platform/http.ts';
import { endWhenIdle } from '../../platform/join-streams.ts';
import { HealthCounts } from '../../platform/metrics/health-counts.ts';
import { ProcessMetrics } from '../../platform/metrics/process-metrics.ts';
import { SocketReply } from '../../platform/socket-reply.ts';
import type { MetricRegistry } from '../../platform/metrics/registry.ts';
import { readLog } from '../logs/log-reader.ts';
import { LogQueryError, parseLogQuery } from '../logs/log-query.ts';
import type { HostFacts, NodeHost } from '../node/node-host.ts';
import type { VolumeStats } from '../volumes/volume-meter.ts';
import { volumeMetrics } from './volume-metrics.ts';
import type { NodeContext } from '../pods/context.ts';
import type { PodWorkers } from '../pods/pod-workers.ts';
import type { RuntimeView } from '../pods/runtime-view.ts';
import type { ProbeManager } from '../probes/probe-manager.ts';
import type { StreamOptions } from '../runtimes/runtime.ts';
import type { StatusManager } from '../status/status-manager.ts';
import { Gatekeeper, nodeAction } from './authenticate.ts';
import { type CommandClient, failure, serveCommand } from './command-client.ts';
import { HttpProblem } from './http-problem.ts';
import type { KubeletServerOptions } from './options.ts';
import { PodFinder } from './pod-finder.ts';
import { forwardOverSpdy, forwardOverWebSocket, parsePort, type PortForward } from './port-forward.ts';
import { NodeCpu } from './node-cpu.ts';
import { nodeLog } from './node-logs.ts';
import { type KubeletRoute, parseRoute, plainPaths, takesMethod } from './routes.ts';
import { spdyCommandClient } from './spdy-command.ts';
import { wantsSpdy, wantsWebSocket } from './spdy-upgrade.ts';
import { ownMetrics } from './own-metrics.ts';
import { probeMetrics, resourceMetrics } from './resource-metrics.ts';
import { measure, type Measured, summaryDocument } from './stats.ts';
import { webSocketOutput } from './web-socket-log.ts';
import { webSocketCommandClient } from './web-socket-command.ts';

export interface KubeletServerParts {
  context: NodeContext;
  host: NodeHost;
  facts: HostFacts;
  /** Where the logs of this node's containers stand. */
  logsDir: string;
  workers: PodWorkers;
  view: RuntimeView;
  statuses: StatusManager;
  probes: ProbeManager;
  /** The volumes of a pod that are measured, as they were last. */
  volumesOf(podUid: string): readonly VolumeStats[];
  /** What the kubelet counts and measures of itself. */
  meter: MetricRegistry;
  /** What the kubelet was told, in the words of its configuration file. */
  settings: Record<string, unknown>;
}

type RouteOf<K extends KubeletRoute['kind']> = Extract<KubeletRoute, { kind: K }>;

/** Upstream's `streamingConnectionIdleTimeout`. */
const idleTimeoutMs = 4 * 60 * 60 * 1000;
/** What `/healthz` looks at, under upstream's names. */
const healthChecks = ['ping', 'log', 'syncloop'] as const;
const metricsType = 'text/plain; version=0.0.4; charset=utf-8';
const isYes = (text: string | null) => text === '1' || text === 'true';

/** What the API server and its users ask of a node: logs, commands, ports, figures. */
export class KubeletServer {
  readonly #parts: KubeletServerParts;
  readonly #gatekeeper: Gatekeeper;
  readonly #finder: PodFinder;
  readonly #startedAt: string;
  readonly #process: ProcessMetrics;
  readonly #cpu = new NodeCpu();
  readonly #health: HealthCounts;
  readonly #status: ZPage;

  constructor(parts: KubeletServerParts) {
    this.#parts = parts;
    this.#gatekeeper = new Gatekeeper(parts.context);
    this.#finder = new PodFinder(parts);
    this.#process = new ProcessMetrics(parts.context.platform.files);
    const { clock } = parts.context.platform;
    this.#health = new HealthCounts(clock);
    const page = { component: 'kubelet', clock, version: kubernetesVersion, paths: () => plainPaths };
    this.#status = statuszPage(page);
    this.#startedAt = new Date(parts.context.platform.clock.now()).toISOString();
  }

  async listen({ host, port, tls, listen }: KubeletServerOptions): Promise<HttpServer> {
    const begunWith = tls.current;
    const server = await listen({
      host,
      port,
      tls: begunWith,
      http1Only: true,
      onRequest: (request, reply) =>
        void this.#answer(request, reply, (route, url) => this.#request(route, url, request, reply)),
      onUpgrade: (upgrade) =>
        void this.#answer(upgrade.request, new SocketReply(upgrade.socket), (route, url) =>
          this.#upgrade(route, url, upgrade),
        ),
    });
    tls.tell(server, begunWith);
    return server;
  }

  /** Lets in who may come in; what goes wrong becomes the answer. */
  async #answer(
    request: HttpRequest,
    reply: HttpReply,
    handle: (route: KubeletRoute, url: URL) => Promise<void>,
  ): Promise<void> {
    try {
      const url = new URL(request.target, 'https://kubelet');
      await this.#admit(request, url);
      const route = parseRoute(url.pathname);
      if (!route) throw new HttpProblem(404, '404 page not found');
      if (!takesMethod(route, request.method)) throw new HttpProblem(405, '405: Method Not Allowed');
      await handle(route, url);
    } catch (error) {
      const known = error instanceof HttpProblem ? error.status : error instanceof LogQueryError ? 400 : 500;
      if (known === 500)
        this.#parts.context.platform.log.debug('request failed', {
          target: request.target,
          error: String(error),
        });
      if (!reply.started) sendText(reply, known, (error as Error).message);
    }
  }

  async #admit(request: HttpRequest, url: URL): Promise<void> {
    const { authorization } = request.headers;
    const caller = await this.#gatekeeper.identify(request.peer, [authorization ?? []].flat()[0]);
    if (!caller) throw new HttpProblem(401, 'Unauthorized');
    const action = nodeAction(request.method, url.pathname);
    if (await this.#gatekeeper.allows(caller, action)) return;
    const { verb, subresource } = action;
    const what = `user=${caller.username}, verb=${verb}, resource=nodes, subresource=${subresource}`;
    throw new HttpProblem(403, `Forbidden (${what})`);
  }

  async #request(route: KubeletRoute, url: URL, request: HttpRequest, reply: HttpReply): Promise<void> {
    switch (route.kind) {
      case 'containerLogs':
        return this.#logs(route, url, request, reply);
      case 'nodeLogs':
        return this.#nodeLogs(route.path, reply);
      case 'run':
        return this.#run(route, url, reply);
      case 'pods':
        return sendJson(reply, this.#podList());
      case 'runningPods':
        return sendJson(reply, this.#podList('Running'));
      case 'healthz':
        for (const name of healthChecks) this.#health.note(name, 'healthz', true);
        return sendText(reply, 200, 'ok');
      case 'healthCheck':
        return sendText(reply, 200, 'ok');
      case 'healthMetrics':
        return sendText(reply, 200, this.#health.exposition(), metricsType);
      case 'statusz':
        return sendZPage(reply, this.#status, [request.headers.accept].flat()[0]);
      case 'summary':
        return sendJson(reply, summaryDocument(await this.#measure()));
      case 'resourceMetrics':
        return sendText(reply, 200, resourceMetrics(await this.#measure()), metricsType);
      case 'metrics':
        return sendText(reply, 200, await this.#ownMetrics(), metricsType);
      case 'probeMetrics':
        return sendText(reply, 200, probeMetrics(this.#parts.probes.counts()), metricsType);
      case 'configz':
        return sendJson(reply, { kubeletconfig: this.#parts.settings });
      default:
        throw new HttpProblem(
          400,
          'you must specify at least 1 of stdin, stdout, stderr, over an upgraded connection',
        );
    }
  }

  async #logs(
    route: RouteOf<'containerLogs'>,
    url: URL,
    request: HttpRequest,
    reply: HttpReply,
  ): Promise<void> {
    const read = await this.#logReader(route, url);
    const output = new PassThrough();
    const sent = reply.open(200, { 'content-type': 'text/plain' }).pipe(output);
    await read(output, request.signal).finally(() => output.end());
    await sent;
  }

  /** Finds the log; what it gives sends it. */
  async #logReader(
    route: RouteOf<'containerLogs'>,
    url: URL,
  ): Promise<(output: Writable, signal: AbortSignal) => Promise<void>> {
    const { context, view } = this.#parts;
    const { files, clock } = context.platform;
    const query = parseLogQuery(url.searchParams, clock.now());
    const container = await this.#finder.logged(route, route.container, query.previous);
    const { logPath: path } = await context.runtime.containers.status(container.id);
    const { uid = '', name = '', namespace = '' } = this.#finder.pod(route).metadata;
    const isRunning = async () => {
      const runtime = await view.load({ uid, name, namespace });
      return runtime.containers.some((c) => c.id === container.id && c.state === 'running');
    };
    return (output, signal) =>
      readLog({ files, clock, path, query, isRunning, write: (bytes) => writeWhole(output, bytes), signal });
  }

  async #logsOverWebSocket(route: RouteOf<'containerLogs'>, url: URL, upgrade: HttpUpgrade): Promise<void> {
    const read = await this.#logReader(route, url);
    const client = await webSocketOutput(upgrade);
    if (client) await read(client.output, client.signal).finally(client.finish);
  }

  async #nodeLogs(path: string, reply: HttpReply): Promise<void> {
    const { context, logsDir } = this.#parts;
    const { type, body } = await nodeLog(context.platform.files, logsDir, path);
    reply.send(200, { 'content-type': type, 'content-length': body.length }, [body]);
  }

  async #run(route: RouteOf<'run' | 'exec' | 'attach'>, url: URL, reply: HttpReply): Promise<void> {
    const { container } = await this.#finder.runningContainer(route, route.container);
    const command = url.searchParams.getAll('cmd').flatMap((text) => text.split(' '));
    const { stdout, stderr } = await this.#parts.context.runtime.containers.execSync(container.id, command);
    sendText(reply, 200, Buffer.concat([stdout, stderr]).toString('utf8'));
  }

  async #upgrade(route: KubeletRoute, url: URL, upgrade: HttpUpgrade): Promise<void> {
    endWhenIdle(upgrade.socket, idleTimeoutMs);
    if (route.kind === 'portForward') return this.#portForward(route, url, upgrade);
    if (route.kind === 'containerLogs' && wantsWebSocket(upgrade))
      return this.#logsOverWebSocket(route, url, upgrade);
    if (route.kind !== 'exec' && route.kind !== 'attach')
      throw new HttpProblem(400, 'nothing to upgrade to here');
    const { searchParams: params } = url;
    const wanted: StreamOptions = {
      stdin: isYes(params.get('input')),
      stdout: isYes(params.get('output')),
      stderr: isYes(params.get('error')),
      tty: isYes(params.get('tty')),
    };
    if (!wanted.stdin && !wanted.stdout && !wanted.stderr)
      throw new HttpProblem(400, 'you must specify at least 1 of stdin, stdout, stderr');
    const { container } = await this.#finder.runningContainer(route, route.container);
    const { clock } = this.#parts.context.platform;
    const client = wantsWebSocket(upgrade)
      ? await webSocketCommandClient(upgrade, wanted)
      : await spdyCommandClient(upgrade, wanted, clock);
    if (client)
      await this.#serve(route.kind, container.id, { client, wanted, command: params.getAll('command') });
  }

  async #serve(
    kind: 'exec' | 'attach',
    id: string,
    { client, wanted, command }: { client: CommandClient; wanted: StreamOptions; command: string[] },
  ): Promise<void> {
    const { containers } = this.#parts.context.runtime;
    const streams = { ...wanted, stderr: wanted.stderr && !wanted.tty };
    try {
      const session = await (kind === 'exec'
        ? containers.exec(id, command, streams)
        : containers.attach(id, streams));
      await serveCommand(session, client);
    } catch (error) {
      await client.finish(failure((error as Error).message));
    }
  }

  async #portForward(route: RouteOf<'portForward'>, url: URL, upgrade: HttpUpgrade): Promise<void> {
    const { context } = this.#parts;
    const ports = url.searchParams
      .getAll('port')
      .flatMap((list) => list.split(','))
      .map((text) => {
        const port = parsePort(text);
        if (port) return port;
        throw new HttpProblem(400, `invalid port: unable to parse ${JSON.stringify(text)} as a uint16`);
      });
    const sandboxId = await this.#finder.sandboxId(route);
    const forward: PortForward = {
      upgrade,
      clock: context.platform.clock,
      name: sandboxId,
      open: () => context.runtime.sandboxes.portForward(sandboxId),
    };
    if (wantsSpdy(upgrade)) return forwardOverSpdy(forward);
    return forwardOverWebSocket(forward, ports);
  }

  #podList(phase?: string): unknown {
    const { workers, statuses } = this.#parts;
    const pods = workers
      .all()
      .map(({ pod }) => ({ ...pod, apiVersion: 'v1', kind: 'Pod', status: statuses.latest(pod) }));
    const items = phase ? pods.filter((p) => p.status.phase === phase) : pods;
    return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
  }

  async #measure(): Promise<Measured> {
    const { context, host, facts, workers, statuses, volumesOf } = this.#parts;
    const { runtime, nodeName, platform } = context;
    const pods = workers.all().map(({ pod }) => ({ ...pod, status: statuses.latest(pod) }));
    const timeMs = platform.clock.now();
    const cpu = this.#cpu;
    const more = { startedAt: this.#startedAt, volumesOf };
    return measure({ pods, nodeName, facts, runtime, host, cpu, timeMs, ...more });
  }

  async #ownMetrics(): Promise<string> {
    const { workers, volumesOf, context, meter } = this.#parts;
    const works = workers.all();
    return ownMetrics({
      nodeName: context.nodeName,
      running: works.filter((w) => w.stage === 'running').length,
      measured: [...(await this.#process.metrics()), ...meter.metrics()],
      volumes: volumeMetrics(
        works.map(({ pod }) => pod),
        volumesOf,
      ),
    });
  }
}

function sendText(reply: HttpReply, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  const body = Buffer.from(text);
  reply.send(status, { 'content-type': type, 'content-length': body.length }, [body]);
}

function sendZPage(reply: HttpReply, page: ZPage, accept: string | undefined): void {
  try {
    const { contentType, headers, body } = writtenZPage(page, accept);
    reply.send(200, { 'content-type': contentType, ...headers }, [Buffer.from(body)]);
  } catch (error) {
    throw error instanceof StatusError ? new HttpProblem(error.status.code ?? 500, error.message) : error;
  }
}

function sendJson(reply: HttpReply, value: unknown): void {
  sendText(reply, 200, JSON.stringify(value), 'application/json');
}

function writeWhole(output: Writable, bytes: Buffer): Promise<void> {
  if (output.destroyed || output.write(bytes)) return Promise.resolve();
  return new Promise((resolve) => {
    output.once('drain', resolve);
    output.once('close', resolve);
  });
}
