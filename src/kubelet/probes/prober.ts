import type { Container, HTTPGetAction, Probe } from '../../api/core/v1.ts';
import type { DialHttpAnswer, Dialer } from '../../platform/dial.ts';
import { actionUrl, resolvePort } from '../pods/hooks.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { isRuntimeError } from '../runtimes/runtime-error.ts';
import { decodeHealthStatus, encodeHealthRequest } from './grpc-health.ts';
import type { ProbeOutcome } from './verdict.ts';

export interface ProbeTry {
  probe: Probe;
  container: Container;
  containerId: string;
  podIp: string;
}

const longestBody = 10 * 1024;
const mostRedirects = 10;
const userAgent = 'kube-probe/1.36';

/** Tries probes. */
export class Prober {
  readonly #runtime: Runtime;
  readonly #dialer: Dialer;

  constructor(runtime: Runtime, dialer: Dialer) {
    this.#runtime = runtime;
    this.#dialer = dialer;
  }

  /** One try. Never rejects. */
  async try(ask: ProbeTry): Promise<ProbeOutcome> {
    const { exec, httpGet, tcpSocket, grpc } = ask.probe;
    try {
      if (exec) return await this.#exec(ask, exec.command ?? []);
      if (httpGet) return await this.#http(ask, httpGet);
      if (tcpSocket)
        return await this.#tcp(ask, tcpSocket.host || ask.podIp, resolvePort(tcpSocket.port, ask.container));
      if (grpc) return await this.#grpc(ask, grpc.port, grpc.service ?? '');
      return { ok: false, output: `missing probe handler for ${ask.container.name}`, errored: true };
    } catch (error) {
      return { ok: false, output: (error as Error).message, errored: true };
    }
  }

  async #exec({ probe, containerId }: ProbeTry, command: string[]): Promise<ProbeOutcome> {
    const timeoutSeconds = probe.timeoutSeconds ?? 1;
    try {
      const { exitCode, stdout, stderr } = await this.#runtime.containers.execSync(containerId, command, {
        timeoutMs: timeoutSeconds * 1000,
      });
      const output = Buffer.concat([stdout, stderr]).subarray(0, longestBody).toString('utf8');
      return { ok: exitCode === 0, output };
    } catch (error) {
      if (!isRuntimeError(error, 'Timeout')) throw error;
      const words = JSON.stringify(command.join(' '));
      return { ok: false, output: `command timed out: ${words} timed out after ${timeoutSeconds}s` };
    }
  }

  async #http({ probe, container, podIp }: ProbeTry, action: HTTPGetAction): Promise<ProbeOutcome> {
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
    const own = action.httpHeaders ?? [];
    const has = (name: string) => own.some((h) => h.name.toLowerCase() === name);
    const headers = [
      ...(has('user-agent') ? [] : [{ name: 'User-Agent', value: userAgent }]),
      ...(has('accept') ? [] : [{ name: 'Accept', value: '*/*' }]),
      ...own.filter((h) => h.value !== '' || h.name.toLowerCase() !== 'accept'),
    ];
    let url = actionUrl(action, action.host || podIp, resolvePort(action.port, container));
    for (let hops = 0; ; hops++) {
      const answer = await this.#get(url, headers, timeoutMs);
      if ('output' in answer) return answer;
      const next = redirectOf(url, answer);
      if (!next) return judge(answer);
      if (hops >= mostRedirects)
        return { ok: false, output: `Get ${JSON.stringify(url)}: stopped after 10 redirects` };
      if (new URL(next).hostname !== new URL(url).hostname)
        return {
          ok: true,
          warning: true,
          output: `Probe terminated redirects, Response body: ${answer.body}`,
        };
      url = next;
    }
  }

  async #get(
    url: string,
    headers: { name: string; value: string }[],
    timeoutMs: number,
  ): Promise<DialHttpAnswer | ProbeOutcome> {
    try {
      return await this.#dialer.httpGet({ url, headers, timeoutMs, bodyBytes: longestBody });
    } catch (error) {
      return { ok: false, output: `Get ${JSON.stringify(url)}: ${goNetworkError(error as Error, 'get')}` };
    }
  }

  async #tcp({ probe }: ProbeTry, host: string, port: number): Promise<ProbeOutcome> {
    try {
      await this.#dialer.tcp(host, port, (probe.timeoutSeconds ?? 1) * 1000);
      return { ok: true, output: '' };
    } catch (error) {
      return { ok: false, output: goNetworkError(error as Error, 'tcp') };
    }
  }

  async #grpc({ probe, podIp }: ProbeTry, port: number, service: string): Promise<ProbeOutcome> {
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
    try {
      const message = encodeHealthRequest(service);
      const ask = { host: podIp, port, method: '/grpc.health.v1.Health/Check', message, timeoutMs };
      const status = decodeHealthStatus(await this.#dialer.grpc(ask));
      if (status === 'SERVING') return { ok: true, output: `service healthy (responded with "SERVING")` };
      return { ok: false, output: `service unhealthy (responded with ${JSON.stringify(status)})` };
    } catch (error) {
      return { ok: false, output: `error: health rpc failed: ${(error as Error).message}` };
    }
  }
}

function redirectOf(url: string, { statusCode, headers }: DialHttpAnswer): string | undefined {
  const location = [headers.location].flat()[0];
  const isRedirect = [301, 302, 303, 307, 308].includes(statusCode);
  return isRedirect && location ? new URL(location, url).href : undefined;
}

function judge({ statusCode, body }: DialHttpAnswer): ProbeOutcome {
  if (statusCode >= 200 && statusCode < 400) return { ok: true, output: body };
  return { ok: false, output: `HTTP probe failed with statuscode: ${statusCode}` };
}

/** Network failures in the words that people know from upstream. */
function goNetworkError(error: Error, what: 'get' | 'tcp'): string {
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const where = `dial tcp ${address?.includes(':') ? `[${address}]` : address}:${port}`;
  if (code === 'ECONNREFUSED') return `${where}: connect: connection refused`;
  if (code === 'EHOSTUNREACH') return `${where}: connect: no route to host`;
  if (what === 'get' && error.message === 'context deadline exceeded')
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  return error.message;
}
