import type { Deployment, ReplicaSet } from '../../api/apps/v1.ts';
import type { PodTemplateSpec } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { controllerReference } from '../shared/owners.ts';
import { hashOf } from '../shared/hash.ts';
import { meansSame } from '../shared/pods.ts';

/** Tells the pods of one template from those of another of the same Deployment. */
const hashLabel = 'pod-template-hash';

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [hashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** Whether both templates make the same pods, whatever hash they carry. */
export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return meansSame(withoutHash(a), withoutHash(b));
}

const byAge = (a: Stored<ReplicaSet>, b: Stored<ReplicaSet>) =>
  a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
  a.metadata.name.localeCompare(b.metadata.name);

/** Oldest first. */
export function sortByAge(sets: readonly Stored<ReplicaSet>[]): Stored<ReplicaSet>[] {
  return [...sets].sort(byAge);
}

/** The ReplicaSet of the current template: the oldest one, should there be several. */
export function findCurrent(
  deployment: Deployment,
  sets: readonly Stored<ReplicaSet>[],
): Stored<ReplicaSet> | undefined {
  return sortByAge(sets).find((set) =>
    sameTemplate(set.spec.template ?? { spec: undefined }, deployment.spec.template),
  );
}

/** The ReplicaSet for the current template, as it is created. */
export function newReplicaSet(
  deployment: Stored<Deployment>,
  options: { replicas: number; annotations: Record<string, string> },
): ReplicaSet {
  const { spec, metadata, status } = deployment;
  const hash = hashOf(spec.template, status?.collisionCount);
  const template = clone(spec.template) as PodTemplateSpec;
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  template.metadata = { ...template.metadata, labels };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace,
      labels,
      annotations: options.annotations,
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: options.replicas,
      ...(spec.minReadySeconds && { minReadySeconds: spec.minReadySeconds }),
      selector: {
        ...clone(spec.selector),
        matchLabels: { ...spec.selector.matchLabels, [hashLabel]: hash },
      },
      template,
    },
  };
}
