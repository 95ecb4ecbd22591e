import type { TokenRequest } from '../../../api/authentication/v1.ts';
import type { Pod, Volume } from '../../../api/core/v1.ts';
import { csidrivers, persistentvolumeclaims, persistentvolumes } from '../../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../../api/resource.ts';
import { csiVolumeOf, csiVolumeOfPod } from '../../../machinery/csi-translation/translate.ts';
import { aggregated, goQuote } from '../../../machinery/go-text.ts';
import { claimNameIn } from '../../../machinery/pod-references.ts';
import { notFound } from '../../../machinery/status-error.ts';
import type { HookContext } from '../../registry/kind.ts';
import type { Attributes, Authorizer } from '../authorizer.ts';

/** A request of a node for a token that is bound to one of its pods. */
export interface NodeTokenRequest {
  spec: TokenRequest['spec'];
  pod: Pod;
  /** The service account. */
  name: string;
  namespace: string;
  context: HookContext;
}

/**
 * Why a node gets no token for whom it says: a pod's is for whom a volume of it, or the CSI driver behind one, says. For others
 * somebody has to give the node a right to the audience. (KEP-4935, `ServiceAccountNodeAudienceRestriction`)
 */
export async function audienceRefusal(
  request: NodeTokenRequest,
  authorizer: Authorizer,
): Promise<string | undefined> {
  const { audiences = [] } = request.spec;
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences';
  const [audience = ''] = audiences;
  const { isNamed, errors } = lookFor(audience, request);
  if (isNamed) return undefined;
  if (errors.length > 0) return `error validating audience ${goQuote(audience)}: ${aggregated(errors)}`;
  const { user } = request.context;
  const { verdict } = await authorizer.authorize(user, rightTo(audience, request));
  if (verdict === 'allow') return undefined;
  return `audience ${goQuote(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`;
}

const rightTo = (audience: string, { name, namespace }: NodeTokenRequest): Attributes => ({
  isResource: true,
  verb: 'request-serviceaccounts-token-audience',
  group: '',
  version: 'v1',
  namespace,
  resource: audience,
  subresource: '',
  name,
  path: '',
});

/** What cannot be looked at is told only where nothing else names the audience. */
function lookFor(audience: string, { pod, context }: NodeTokenRequest) {
  const errors: string[] = [];
  for (const volume of pod.spec.volumes ?? []) {
    const sources = volume.projected?.sources ?? [];
    const isProjected = sources.some(
      ({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience,
    );
    if (isProjected) return { isNamed: true, errors };
    try {
      const driver = driverOf(volume, pod, context);
      if (driver !== undefined && wantsTokens(driver, audience, context)) return { isNamed: true, errors };
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  return { isNamed: false, errors };
}

/** The CSI driver that serves a volume; undefined for volumes that need none. */
function driverOf(volume: Volume, pod: Pod, context: HookContext): string | undefined {
  const { namespace = '' } = pod.metadata;
  if (volume.csi) return volume.csi.driver;
  const claim = claimNameIn(pod, volume);
  if (claim === undefined) return csiVolumeOfPod(volume, namespace)?.spec.csi?.driver;
  const { spec } = found(persistentvolumeclaims, { namespace, name: claim }, context);
  const bound = found(persistentvolumes, { name: spec.volumeName ?? '' }, context);
  return csiVolumeOf(bound)?.spec.csi?.driver;
}

const wantsTokens = (driver: string, audience: string, context: HookContext) =>
  found(csidrivers, { name: driver }, context).spec.tokenRequests?.some(
    (wanted) => (wanted.audience ?? '') === audience,
  ) ?? false;

function found<T extends KubernetesObject>(
  resource: Resource<T>,
  ref: { namespace?: string; name: string },
  context: HookContext,
) {
  const object = context.getLean(resource, ref);
  if (!object) throw notFound({ group: resource.group, resource: resource.singular, name: ref.name });
  return object;
}
