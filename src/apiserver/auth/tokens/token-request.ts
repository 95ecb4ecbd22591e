import * as resources from '../../../api/generated/resources.ts';
import type { BoundObjectReference, TokenRequest } from '../../../api/authentication/v1.ts';
import type { Pod, ServiceAccount } from '../../../api/core/v1.ts';
import type { ObjectMeta } from '../../../api/meta/v1.ts';
import type { KubernetesObject, Resource } from '../../../api/resource.ts';
import { type FieldError, invalid, invalidObject } from '../../../machinery/field-error.ts';
import { badRequest, conflict, forbidden, notFound } from '../../../machinery/status-error.ts';
import { formatTime } from '../../../platform/clock.ts';
import type { HookContext, Subresource, SubresourceRequest } from '../../registry/kind.ts';
import { serviceAccountUser } from '../service-account-name.ts';
import { nodeOf } from '../node-authorizer.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { KubernetesClaims } from './token-claims.ts';

const hour = 3600;
/** What a kubelet asks for by default; older clients do not renew, so such tokens last for a year and warn. */
const kubeletSeconds = 60 * 60 + 7;
const extendedSeconds = 365 * 24 * hour;
const longest = 2 ** 32;

/** How long tokens last. */
export interface TokenLifetimes {
  /** The most that one may ask for; any time where absent. */
  maxExpirationSeconds?: number | undefined;
  /** Whether what kubelets ask for lasts for a year, so that clients which do not renew go on. Yes unless told. */
  extendExpiration?: boolean | undefined;
}

export interface TokenRequestOptions extends TokenLifetimes {
  tokens: ServiceAccountTokens;
  /** The audiences of tokens whose request names none. */
  audiences: readonly string[];
}

/** The subresource `serviceaccounts/<name>/token`. */
export function tokenSubresource(options: TokenRequestOptions): Subresource<ServiceAccount> {
  return {
    verbs: ['create'],
    gvk: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
    handle: (request) => answer(request, options),
  };
}

const kind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };

/** A request may say of which account it is; then it has to be this one. */
function checkAccount(sent: ObjectMeta, { name = '', uid }: ObjectMeta): void {
  if (sent.name && sent.name !== name) {
    const why = 'must match the service account name if specified';
    throw invalidObject(kind, name, [invalid('metadata.name', sent.name, why)]);
  }
  if (!sent.uid || sent.uid === uid) return;
  const why = `the UID in the token request (${sent.uid}) does not match the UID of the service account (${uid})`;
  throw conflict({ group: kind.group, resource: kind.kind, name }, why);
}

function check(seconds: number): void {
  const path = 'spec.expirationSeconds';
  const errors: FieldError[] = [];
  if (seconds < 600) errors.push(invalid(path, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > longest)
    errors.push(invalid(path, seconds, 'may not specify a duration larger than 2^32 seconds'));
  if (errors.length === 0) return;
  throw invalidObject(kind, '', errors);
}

/** Shortens what is longer than a token may last, and says so. */
function shortened(asked: number, most: number | undefined, context: HookContext): number {
  if (most === undefined || asked <= most) return asked;
  context.warn(`requested expiration of ${asked} seconds shortened to ${most} seconds`);
  return most;
}

async function answer(
  { object: account, body, context }: SubresourceRequest<ServiceAccount>,
  { tokens, audiences, maxExpirationSeconds, extendExpiration = true }: TokenRequestOptions,
): Promise<TokenRequest> {
  const request = body as TokenRequest;
  const spec = { ...request.spec };
  const asked = Number(spec.expirationSeconds ?? hour);
  checkAccount(request.metadata, account.metadata);
  check(asked);
  const seconds = shortened(asked, maxExpirationSeconds, context);
  spec.expirationSeconds = seconds;
  if (!spec.audiences?.length) spec.audiences = [...audiences];
  const { namespace = '', name, uid } = account.metadata;
  const bound = spec.boundObjectRef ? boundTo(spec.boundObjectRef, { account, context }) : {};
  if (context.dryRun) return { ...request, spec, status: { token: '', expirationTimestamp: '' } };
  const nowSeconds = Math.floor(context.platform.clock.now() / 1000);
  const isExtended =
    extendExpiration &&
    seconds === kubeletSeconds &&
    bound.pod !== undefined &&
    spec.audiences.every((a) => audiences.includes(a));
  const exp = nowSeconds + (isExtended ? extendedSeconds : seconds);
  const own: KubernetesClaims = { namespace, serviceaccount: { name, uid }, ...bound };
  if (isExtended) own.warnafter = nowSeconds + seconds;
  const token = await tokens.issue({
    sub: serviceAccountUser(namespace, name),
    aud: spec.audiences,
    iat: nowSeconds,
    nbf: nowSeconds,
    exp,
    jti: context.platform.random.uuid(),
    'kubernetes.io': own,
  });
  // The time told is the one asked for, so that clients renew in time.
  const expirationTimestamp = formatTime((nowSeconds + seconds) * 1000);
  const metadata = { namespace, name, uid, creationTimestamp: formatTime(nowSeconds * 1000) };
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata,
    spec,
    status: { token, expirationTimestamp },
  };
}

interface Binding {
  account: KubernetesObject;
  context: HookContext;
}

/** The claims of the object that a token is bound to; it must stand, and be the one meant. */
function boundTo(ref: BoundObjectReference, { account, context }: Binding): Partial<KubernetesClaims> {
  const { kind, apiVersion, name = '', uid: wantedUid } = ref;
  if (apiVersion !== 'v1' || !kind || !Object.hasOwn(bindable, kind)) {
    const group = apiVersion?.includes('/') ? apiVersion : `/${apiVersion ?? ''}`;
    throw badRequest(`cannot bind token to object of type ${group}, Kind=${kind ?? ''}`);
  }
  const { resource, claim } = bindable[kind as keyof typeof bindable];
  const namespace = resource.namespaced ? account.metadata.namespace : undefined;
  const object = context.get(resource as Resource, { namespace, name });
  if (!object) throw notFound({ group: '', resource: resource.plural, name });
  const { uid } = object.metadata;
  if (wantedUid && wantedUid !== uid) {
    const why = `the UID in the bound object reference (${wantedUid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', resource: kind, name }, why);
  }
  if (claim !== 'pod') return { [claim]: { name, uid } };
  return { pod: { name, uid }, ...nodeOfPod(object as Pod, { account, context }) };
}

const bindable = {
  Pod: { resource: resources.pods, claim: 'pod' },
  Secret: { resource: resources.secrets, claim: 'secret' },
  Node: { resource: resources.nodes, claim: 'node' },
} as const;

function nodeOfPod(pod: Pod, { account, context }: Binding): Partial<KubernetesClaims> {
  const used = pod.spec?.serviceAccountName || 'default';
  if (used !== account.metadata.name) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account.metadata.name)} to pod running with different serviceaccount name.`,
    );
  }
  const kubelet = nodeOf(context.user);
  const nodeName = pod.spec?.nodeName;
  if (kubelet !== undefined && nodeName !== kubelet) {
    throw forbidden(
      { group: '', resource: 'pods', name: pod.metadata.name },
      `node requested token bound to a pod scheduled on a different node`,
    );
  }
  if (!nodeName) return {};
  const node = context.get(resources.nodes, { name: nodeName });
  return { node: { name: nodeName, uid: node?.metadata.uid ?? '' } };
}
