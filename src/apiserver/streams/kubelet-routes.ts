import type { Duplex } from 'node:stream';
import type { Pod } from '../../api/core/v1.ts';
import * as resources from '../../api/generated/resources.ts';
import { badRequest, notFound, StatusError } from '../../machinery/status-error.ts';
import { methodNotAllowed } from '../http/method-not-allowed.ts';
import { readStart } from '../../platform/http-body.ts';
import { callOver } from '../../platform/http1-call.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { authorize } from '../corridor/authorize.ts';
import type { Exchange } from '../corridor/exchange.ts';
import type { UserInfo } from '../registry/kind.ts';
import { kubeletError } from './kubelet-error.ts';
import { dialKubelet, hostOf, kubeletOf } from './kubelet-way.ts';
import { execTarget, logTarget, portForwardTarget } from './kubelet-targets.ts';
import type { NodeDialer } from './node-dialer.ts';
import { flag } from './query-fields.ts';
import { tunnel } from './tunnel.ts';
import { canTellErrors, tellError } from './web-socket-error.ts';

export interface KubeletRoutesOptions {
  reader: ObjectReader;
  authorizer: Authorizer;
  nodes?: NodeDialer;
}

const logTimeoutMs = 60_000;
const errorBytes = 64 * 1024;

/** What the kubelet of a pod's node answers: logs, commands, ports. */
export class KubeletRoutes {
  readonly #options: KubeletRoutesOptions;

  constructor(options: KubeletRoutesOptions) {
    this.#options = options;
  }

  #pod({ info }: Exchange): Pod {
    const { namespace, name } = info;
    const pod = this.#options.reader.get(resources.pods, { namespace, name });
    if (!pod) throw notFound({ group: '', resource: 'pods', name });
    return pod;
  }

  /** `pods/log`, in the body of an answer or over a WebSocket. */
  async log(x: Exchange): Promise<number> {
    if (x.info.verb !== 'get') throw methodNotAllowed();
    const pod = this.#pod(x);
    const target = logTarget(pod, x.query);
    if (!pod.spec?.nodeName) {
      x.reply.send(204, x.headers({}));
      return 204;
    }
    const { reader, nodes } = this.#options;
    const address = kubeletOf(reader, pod.spec.nodeName);
    const host = hostOf(address);
    const lost = (error: Error) => {
      if (error instanceof StatusError) throw error;
      throw new StatusError(500, '', `Get "https://${host}${target}": ${error.message}`);
    };
    const insecure = flag(x.query, 'insecureSkipTLSVerifyBackend') || undefined;
    const socket = await dialKubelet(nodes, address, { insecure }).catch(lost);
    const onRefusal = (code: number, text: string) => {
      throw kubeletError(code, text, x.info.name);
    };
    if (x.upgrade) return tunnel(x.upgrade, socket, { target, host, onRefusal });
    const call = {
      method: 'GET',
      target,
      headers: { host },
      timeoutMs: logTimeoutMs,
      signal: x.request.signal,
    };
    const answer = await callOver(socket, call).catch(lost);
    if (answer.status > 206)
      onRefusal(answer.status, await readStart(answer.body, errorBytes).catch(() => ''));
    await x.reply.open(200, x.headers({ 'content-type': 'text/plain' })).pipe(answer.body);
    return 200;
  }

  /** `pods/exec` and `pods/attach`. */
  command(kind: 'exec' | 'attach', x: Exchange): Promise<number> {
    return this.#upgrade(x, (pod) => execTarget(kind, pod, x.query), {
      tell: x.upgrade && canTellErrors(x.request) ? tellError : undefined,
    });
  }

  /** `pods/portforward`. */
  portForward(x: Exchange): Promise<number> {
    return this.#upgrade(x, (pod) => portForwardTarget(pod, x.query), {});
  }

  async #upgrade(
    x: Exchange,
    targetOf: (pod: Pod) => string,
    { tell }: { tell?: typeof tellError },
  ): Promise<number> {
    await this.#authorize(x);
    const pod = this.#pod(x);
    const target = targetOf(pod);
    const { reader, nodes } = this.#options;
    const address = kubeletOf(reader, pod.spec?.nodeName ?? '');
    const { upgrade } = x;
    if (!upgrade) throw badRequest('Upgrade request required');
    const host = hostOf(address);
    let backend: Duplex;
    try {
      backend = await dialKubelet(nodes, address);
    } catch (error) {
      if (error instanceof StatusError) throw error;
      const { message } = error as Error;
      if (!tell) throw new StatusError(500, '', `error dialing backend: ${message}`);
      tell(upgrade, `error sending request: Post "https://${host}${target}": ${message}`);
      return 500;
    }
    const onRefusal =
      tell && ((_code: number, text: string) => tell(upgrade, `unable to upgrade connection: ${text}`));
    return tunnel(upgrade, backend, { target, host, onRefusal });
  }

  /** A WebSocket can only be asked for by GET, yet running a command is no reading. */
  async #authorize(x: Exchange): Promise<void> {
    const { verb } = x.info;
    if (verb !== 'get' && verb !== 'create') throw methodNotAllowed();
    if (verb === 'get')
      await authorize(this.#options.authorizer, x.user as UserInfo, { ...x.info, verb: 'create' });
  }
}
