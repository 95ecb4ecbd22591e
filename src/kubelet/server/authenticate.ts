import type { SubjectAccessReview } from '../../api/authorization/v1.ts';
import type { TokenReview } from '../../api/authentication/v1.ts';
import { subjectaccessreviews, tokenreviews } from '../../api/generated/resources.ts';
import type { PeerCertificate } from '../../platform/http.ts';
import { stillHolds } from '../../platform/peer.ts';
import { Remembered } from '../../platform/remembered.ts';
import type { NodeContext } from '../pods/context.ts';

/** How many answers of the API server are remembered. */
const rememberedAnswers = 500;

/** Who asks. */
export interface Caller {
  username: string;
  uid?: string;
  groups: string[];
  /** What else the API server knows of him. */
  extra?: Record<string, string[]>;
}

/** What is asked of the kubelet, in terms of the Node object. */
export interface NodeAction {
  verb: string;
  subresource: string;
}

const tokenMs = 120_000;
const allowedMs = 300_000;
const deniedMs = 30_000;
const verbs: Record<string, string> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const named: [string, string][] = [
  ['/stats', 'stats'],
  ['/metrics', 'metrics'],
  ['/logs', 'log'],
  ['/spec', 'spec'],
  ['/pods', 'pods'],
  ['/runningpods', 'pods'],
  ['/healthz', 'healthz'],
  ['/configz', 'configz'],
  ['/statusz', 'statusz'],
];

/** What a request to the kubelet means for access control. */
export function nodeAction(method: string, path: string): NodeAction {
  const found = named.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
  return { verb: verbs[method] ?? method.toLowerCase(), subresource: found?.[1] ?? 'proxy' };
}

/** Lets in whom the API server knows and allows: by certificate or by token, and always by its own rules. */
export class Gatekeeper {
  readonly #context: NodeContext;
  readonly #tokens: Remembered<Caller | undefined>;
  readonly #answers: Remembered<boolean>;

  constructor(context: NodeContext) {
    this.#context = context;
    this.#tokens = new Remembered(context.platform.clock, rememberedAnswers);
    this.#answers = new Remembered(context.platform.clock, rememberedAnswers);
  }

  async identify(
    peer: PeerCertificate | undefined,
    authorization: string | undefined,
  ): Promise<Caller | undefined> {
    if (peer?.trusted && stillHolds(peer, this.#context.platform.clock))
      return { username: peer.commonName, groups: [...peer.organizations, 'system:authenticated'] };
    const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
    return token ? this.#tokens.get(token, () => this.#review(token)) : undefined;
  }

  /** Whether the caller may do this; finer names count, and so does `proxy`, which stands for all. */
  async allows(caller: Caller, action: NodeAction): Promise<boolean> {
    if (await this.#ask(caller, action)) return true;
    const isFine = ['pods', 'healthz', 'configz', 'statusz'].includes(action.subresource);
    return isFine && this.#ask(caller, { ...action, subresource: 'proxy' });
  }

  async #review(token: string): Promise<{ value: Caller | undefined; forMs: number }> {
    const body: TokenReview = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: {},
      spec: { token },
    };
    const cause = { reason: 'somebody calls the kubelet with a token' };
    const { status } = await this.#context.client.of(tokenreviews).create(body, { cause });
    const user = status?.authenticated ? status.user : undefined;
    return {
      value: user && {
        username: user.username ?? '',
        uid: user.uid,
        groups: user.groups ?? [],
        extra: user.extra,
      },
      forMs: tokenMs,
    };
  }

  #ask(caller: Caller, action: NodeAction): Promise<boolean> {
    const key = JSON.stringify([caller, action]);
    return this.#answers.get(key, async () => {
      const { client, nodeName } = this.#context;
      const { verb, subresource } = action;
      const body: SubjectAccessReview = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        metadata: {},
        spec: {
          user: caller.username,
          uid: caller.uid,
          groups: caller.groups,
          extra: caller.extra,
          resourceAttributes: {
            group: '',
            version: 'v1',
            resource: 'nodes',
            name: nodeName,
            verb,
            subresource,
          },
        },
      };
      const cause = { reason: 'somebody calls the kubelet' };
      const { status } = await client.of(subjectaccessreviews).create(body, { cause });
      const value = status?.allowed ?? false;
      return { value, forMs: value ? allowedMs : deniedMs };
    });
  }
}
