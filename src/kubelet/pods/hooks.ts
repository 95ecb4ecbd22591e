import type { Container, HTTPGetAction, LifecycleHandler } from '../../api/core/v1.ts';
import type { IntOrString } from '../../api/meta/v1.ts';
import type { Dialer } from '../../platform/dial.ts';
import type { NodeContext } from './context.ts';

export interface HookRun {
  handler: LifecycleHandler;
  container: Container;
  containerId: string;
  podIp: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

const longestAnswer = 10 * 1024;
const httpTimeoutMs = 30_000;

/** A port by its number, or by the name that the container gives it. */
export function resolvePort(port: IntOrString, container: Pick<Container, 'ports'>): number {
  const found =
    typeof port === 'number' ? port : container.ports?.find((p) => p.name === port)?.containerPort;
  const number = found ?? Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new Error(`couldn't find port: ${JSON.stringify(port)} in the container`);
  return number;
}

/** The URL that a handler asks for. */
export function actionUrl(action: HTTPGetAction, host: string, port: number): string {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const path = action.path ?? '';
  const name = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${name}:${port}${path.startsWith('/') ? path : `/${path}`}`;
}

/** Runs the hooks that containers have around their start and stop. */
export class Hooks {
  readonly #context: NodeContext;
  readonly #dialer: Dialer;

  constructor(context: NodeContext, dialer: Dialer) {
    this.#context = context;
    this.#dialer = dialer;
  }

  /** Rejects where the hook fails. */
  async run(hook: HookRun): Promise<void> {
    const { exec, httpGet, sleep } = hook.handler;
    if (exec) return this.#exec(hook, exec.command ?? []);
    if (httpGet) return this.#http(hook, httpGet);
    if (sleep) return this.#context.platform.clock.sleep(sleep.seconds * 1000, hook.signal);
    throw new Error('the hook says nothing that this node can do');
  }

  async #exec({ containerId, timeoutMs }: HookRun, command: string[]): Promise<void> {
    const result = await this.#context.runtime.containers.execSync(containerId, command, { timeoutMs });
    if (result.exitCode === 0) return;
    const asked = command.join(' ').slice(0, longestAnswer);
    const words = result.stderr.toString('utf8', 0, longestAnswer);
    throw new Error(`command '${asked}' exited with ${result.exitCode}: ${words}`);
  }

  async #http({ container, podIp, timeoutMs, signal }: HookRun, action: HTTPGetAction): Promise<void> {
    const url = actionUrl(action, action.host || podIp, resolvePort(action.port, container));
    const headers = [{ name: 'User-Agent', value: 'kube-lifecycle/1.36' }, ...(action.httpHeaders ?? [])];
    const limit = Math.min(timeoutMs ?? httpTimeoutMs, httpTimeoutMs);
    const answer = await this.#dialer.httpGet({
      url,
      headers,
      timeoutMs: limit,
      bodyBytes: longestAnswer,
      signal,
    });
    if (answer.statusCode >= 400) throw new Error(`HTTP probe failed with statuscode: ${answer.statusCode}`);
  }
}
