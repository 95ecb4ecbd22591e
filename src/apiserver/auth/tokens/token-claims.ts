import { serviceAccountGroups, serviceAccountUser } from '../service-account-name.ts';
import type { UserInfo } from '../../registry/kind.ts';

interface NameAndUid {
  name: string;
  uid: string;
}

/** What a token says under `kubernetes.io`. */
export interface KubernetesClaims {
  namespace: string;
  serviceaccount: NameAndUid;
  pod?: NameAndUid;
  secret?: NameAndUid;
  node?: NameAndUid;
  /** Seconds since the epoch after which the token is only tolerated. */
  warnafter?: number;
}

/** All that a service-account token says. */
export interface TokenClaims {
  iss: string;
  sub: string;
  aud: string[];
  iat: number;
  nbf: number;
  exp: number;
  jti: string;
  'kubernetes.io': KubernetesClaims;
}

const isNamed = (value: unknown): value is NameAndUid => {
  const { name, uid } = (value ?? {}) as Partial<NameAndUid>;
  return typeof name === 'string' && typeof uid === 'string';
};

/** The claims of a token whose signature holds; undefined where they are not what a service account's are. */
export function readClaims(payload: Record<string, unknown>): TokenClaims | undefined {
  const own = payload['kubernetes.io'] as KubernetesClaims | undefined;
  if (!own || typeof own.namespace !== 'string' || !isNamed(own.serviceaccount)) return undefined;
  for (const bound of [own.pod, own.secret, own.node])
    if (bound !== undefined && !isNamed(bound)) return undefined;
  if (payload.sub !== serviceAccountUser(own.namespace, own.serviceaccount.name)) return undefined;
  const aud = typeof payload.aud === 'string' ? [payload.aud] : payload.aud;
  if (!Array.isArray(aud) || typeof payload.exp !== 'number') return undefined;
  return { ...payload, aud } as unknown as TokenClaims;
}

const key = (name: string) => `authentication.kubernetes.io/${name}`;

/** The user a token speaks for. */
export function claimsUser({ jti, 'kubernetes.io': own }: TokenClaims): UserInfo {
  const { namespace, serviceaccount, pod, node } = own;
  const extra: Record<string, string[]> = {};
  if (jti) extra[key('credential-id')] = [`JTI=${jti}`];
  if (pod) {
    extra[key('pod-name')] = [pod.name];
    extra[key('pod-uid')] = [pod.uid];
  }
  if (node) {
    extra[key('node-name')] = [node.name];
    if (node.uid) extra[key('node-uid')] = [node.uid];
  }
  return {
    name: serviceAccountUser(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(namespace),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}
