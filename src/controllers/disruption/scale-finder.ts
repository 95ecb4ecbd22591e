import type { Scale } from '../../api/autoscaling/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { OwnerReference } from '../../api/meta/v1.ts';
import {
  deployments,
  replicasets,
  replicationcontrollers,
  statefulsets,
} from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { resourcePath } from '../../client/client.ts';
import { hasReason, StatusError } from '../../machinery/status-error.ts';
import type { ControllerContext } from '../controller.ts';
import type { Discover } from '../discovery.ts';
import { controllerOf } from '../shared/owners.ts';

type Scaled = KubernetesObject & { spec?: { replicas?: number } };
const known: readonly Resource[] = [replicasets, statefulsets, replicationcontrollers];

const groupOf = (apiVersion: string) => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

/** Finds how many pods the controllers of some pods want. */
export class ScaleFinder {
  readonly #context: ControllerContext;
  readonly #discover: Discover;

  constructor(context: ControllerContext, discover: Discover) {
    this.#context = context;
    this.#discover = discover;
    for (const resource of [...known, deployments]) context.informers.of(resource);
  }

  /** The sum over all controllers, and the names of pods that have none. Throws for controllers that are gone or have no scale. */
  async total(pods: readonly Pod[]): Promise<{ scale: number; unmanaged: string[] }> {
    const owners = new Map<string, { owner: OwnerReference; namespace: string; pod: string }>();
    const unmanaged: string[] = [];
    for (const pod of pods) {
      const owner = controllerOf(pod);
      const { namespace = '', name = '' } = pod.metadata;
      if (!owner) unmanaged.push(name);
      else if (!owners.has(owner.uid)) owners.set(owner.uid, { owner, namespace, pod: name });
    }
    const found = await Promise.all(
      [...owners.values()].map(async ({ owner, namespace, pod }) => {
        const scale = await this.#scaleOf(owner, namespace);
        if (!scale) throw new Error(`found no controllers for pod "${pod}"`);
        return scale;
      }),
    );
    // Pods of several ReplicaSets of one Deployment share its scale.
    const byUid = new Map(found.map((entry) => [entry.uid, entry.scale]));
    return { scale: [...byUid.values()].reduce((sum, scale) => sum + scale, 0), unmanaged };
  }

  async #scaleOf(
    owner: OwnerReference,
    namespace: string,
  ): Promise<{ uid: string; scale: number } | undefined> {
    const isKnown = (r: Resource) => r.kind === owner.kind && r.group === groupOf(owner.apiVersion);
    const resource = known.find(isKnown) as Resource<Scaled> | undefined;
    if (!resource) return this.#byScale(owner, namespace);
    const object = this.#context.informers.of(resource).get(`${namespace}/${owner.name}`);
    if (!object || object.metadata.uid !== owner.uid) return undefined;
    const above = controllerOf(object);
    if (resource.kind === 'ReplicaSet' && above?.kind === 'Deployment') {
      const deployment = this.#context.informers.of(deployments).get(`${namespace}/${above.name}`);
      if (deployment?.metadata.uid === above.uid)
        return { uid: above.uid, scale: deployment.spec.replicas ?? 1 };
    }
    return { uid: owner.uid, scale: object.spec?.replicas ?? 1 };
  }

  /** Any other kind says it by its subresource. */
  async #byScale(
    owner: OwnerReference,
    namespace: string,
  ): Promise<{ uid: string; scale: number } | undefined> {
    const rows = await this.#discover();
    const resource = rows.find((r) => r.kind === owner.kind && r.group === groupOf(owner.apiVersion));
    if (!resource) throw new Error(`no matches for kind "${owner.kind}" in version "${owner.apiVersion}"`);
    const path = resourcePath(resource, { namespace, name: owner.name, subresource: 'scale' });
    try {
      const scale = (await this.#context.client.transport.request({ method: 'GET', path })) as Scale;
      return scale.metadata.uid === owner.uid
        ? { uid: owner.uid, scale: scale.spec?.replicas ?? 0 }
        : undefined;
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
      if (isAboutObject(error, owner.name)) return undefined;
      const { plural, group } = resource;
      const name = group ? `${plural}.${group}` : plural;
      throw new Error(`${name} does not implement the scale subresource`, { cause: error });
    }
  }
}

/** Whether it is the object that was not found, rather than its subresource. */
const isAboutObject = (error: unknown, name: string): boolean =>
  error instanceof StatusError && error.status.details?.name === name;
