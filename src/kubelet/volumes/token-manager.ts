import type { TokenRequest } from '../../api/authentication/v1.ts';
import type { Pod, ServiceAccountTokenProjection } from '../../api/core/v1.ts';
import { serviceaccounts } from '../../api/generated/resources.ts';
import { causedBy } from '../../client/transport.ts';
import type { NodeContext } from '../pods/context.ts';

interface Held {
  token: string;
  /** As the API server says it. */
  expirationTimestamp: string;
  obtainedMs: number;
  expiresMs: number;
}

const shortestSeconds = 600;
const defaultSeconds = 3600;
/** A token is replaced when this share of its life is over, or it is this old. */
const refreshAt = 0.8;
const oldestMs = 24 * 3600 * 1000;

/** Whether a token is to be replaced. One from the future, whose maker's clock has been set back since, is believed by nobody. */
export function needsRefresh(held: { obtainedMs: number; expiresMs: number }, nowMs: number): boolean {
  const lifeMs = held.expiresMs - held.obtainedMs;
  return nowMs < held.obtainedMs || nowMs > held.obtainedMs + Math.min(oldestMs, lifeMs * refreshAt);
}

/** Tokens of service accounts, each bound to the pod that it was made for. */
export class TokenManager {
  readonly #context: NodeContext;
  readonly #held = new Map<string, Held>();

  constructor(context: NodeContext) {
    this.#context = context;
  }

  /** The token for a pod; a fresh one where the held one is about to end. An old one will do while there is no other. */
  async token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string> {
    return (await this.held(pod, projection)).token;
  }

  /** The same with the moment at which it ends. */
  async held(
    pod: Pod,
    projection: ServiceAccountTokenProjection,
  ): Promise<{ token: string; expirationTimestamp: string }> {
    const key = keyOf(pod, projection);
    const held = this.#held.get(key);
    const nowMs = this.#context.platform.clock.now();
    if (held && !needsRefresh(held, nowMs)) return held;
    try {
      const fresh = await this.#request(pod, projection);
      this.#held.set(key, fresh);
      return fresh;
    } catch (error) {
      if (held && held.expiresMs > nowMs) return held;
      throw new Error(`failed to fetch token: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Forgets the tokens of a pod that is gone. */
  forget(podUid: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(`${podUid}/`)) this.#held.delete(key);
  }

  async #request(pod: Pod, projection: ServiceAccountTokenProjection): Promise<Held> {
    const { client, platform } = this.#context;
    const { namespace, name = '', uid } = pod.metadata;
    const expirationSeconds = Math.max(shortestSeconds, projection.expirationSeconds ?? defaultSeconds);
    const body: TokenRequest = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: projection.audience ? [projection.audience] : [],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    };
    const obtainedMs = platform.clock.now();
    const account = { namespace, name: pod.spec.serviceAccountName || 'default' };
    const cause = causedBy(
      { ...pod, apiVersion: 'v1', kind: 'Pod' },
      'the pod mounts a token of its service account',
    );
    const answer = await client
      .of(serviceaccounts)
      .postSubresource<TokenRequest>(account, 'token', body, { cause });
    const token = answer.status?.token ?? '';
    const expirationTimestamp = answer.status?.expirationTimestamp ?? '';
    const expiresMs = Date.parse(expirationTimestamp) || obtainedMs + expirationSeconds * 1000;
    return { token, expirationTimestamp, obtainedMs, expiresMs };
  }
}

const keyOf = (pod: Pod, p: ServiceAccountTokenProjection) =>
  `${pod.metadata.uid}/${pod.spec.serviceAccountName}/${p.audience ?? ''}/${p.expirationSeconds ?? ''}`;
