import * as resources from '../../api/generated/resources.ts';
import type { PersistentVolume, Pod } from '../../api/core/v1.ts';
import type { UserInfo } from '../registry/kind.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { claimNameIn, isMirrorPod, namesIn } from '../../machinery/pod-references.ts';
import { claimNameOf } from '../../machinery/resource-claims.ts';
import { type Attributes, type Authorizer, type Decision, noOpinion } from './authorizer.ts';
import type { ObjectReader } from './object-reader.ts';
import type { RuleSource, UserRules } from './rule-source.ts';
import { bootstrapRoles } from './rbac/cluster-roles.ts';
import { ruleAllows } from './rbac/rules.ts';

const prefix = 'system:node:';

/** The node that a user is the kubelet of; undefined for everybody else. */
export function nodeOf(user: UserInfo): string | undefined {
  if (!user.name.startsWith(prefix) || !user.groups.includes('system:nodes')) return undefined;
  return user.name.slice(prefix.length);
}

const nodeRules = bootstrapRoles.find((role) => role.name === 'system:node')?.rules ?? [];

const allowed: Decision = { verdict: 'allow', reason: '' };
const refused = (reason: string): Decision => ({ verdict: 'none', reason });

/** What a kubelet may read only for the pods that are bound to its node. */
const guarded = new Set([
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'persistentvolumes',
  'serviceaccounts',
]);

/**
 * Kubelets may do what the role system:node says, but see secrets, config maps, volumes, resource claims and service accounts
 * only where a pod on their node refers to them, nodes, pods, volume attachments and resource slices only of their own, and
 * write leases and CSI nodes only of their own. (KEP-4601)
 */
export class NodeAuthorizer implements Authorizer, RuleSource {
  readonly #reader: ObjectReader;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  authorize(user: UserInfo, a: Attributes): Decision {
    const node = nodeOf(user);
    if (node === undefined) return noOpinion;
    if (node === '') return refused(`unknown node for user ${goQuote(user.name)}`);
    if (!nodeRules.some((rule) => ruleAllows(rule, a))) return noOpinion;
    if (a.isResource && a.group === '' && guarded.has(a.resource)) return this.#guarded(node, a);
    if (isMain(a, '', 'nodes')) return ownNode(node, a);
    if (isMain(a, '', 'pods')) return this.#ownPod(node, a);
    if (isMain(a, 'resource.k8s.io', 'resourceslices')) return this.#ownSlice(node, a);
    if (isMain(a, 'resource.k8s.io', 'resourceclaims')) return this.#usedClaim(node, a);
    if (isMain(a, 'storage.k8s.io', 'volumeattachments')) return this.#ownAttachment(node, a);
    if (a.resource === 'leases' && a.group === 'coordination.k8s.io') return ownLease(node, a);
    if (a.resource === 'csinodes' && a.name !== '' && a.name !== node) {
      return refused('can only access CSINode with the same name as the requesting node');
    }
    return allowed;
  }

  /** What a node may do depends on its pods: nobody can list it. */
  rulesFor(user: UserInfo): UserRules {
    if (nodeOf(user) === undefined) return { rules: [], errors: [], incomplete: false };
    return {
      rules: [],
      errors: ['node authorizer does not support user rule resolution'],
      incomplete: true,
    };
  }

  /** That it creates and deletes its own alone is for admission to see. */
  #ownPod(node: string, a: Attributes): Decision {
    const { namespace, name, verb } = a;
    const isList = verb === 'list' || verb === 'watch';
    if (verb !== 'get' && (!isList || selectsNode(node, a))) return allowed;
    if (isList && name === '') return refused('can only list/watch pods with spec.nodeName field selector');
    const pod = this.#reader.get(resources.pods, { namespace, name });
    return pod?.spec?.nodeName === node ? allowed : unrelated(node);
  }

  /** That it creates its own alone is for admission to see. */
  #ownSlice(node: string, a: Attributes): Decision {
    if (a.verb === 'create') return allowed;
    if (a.verb === 'list' || a.verb === 'watch' || a.verb === 'deletecollection') {
      if (selectsNode(node, a)) return allowed;
      return refused('can only list/watch/deletecollection resourceslices with spec.nodeName field selector');
    }
    const slice = this.#reader.get(resources.resourceslices, { name: a.name });
    return slice?.spec?.nodeName === node ? allowed : unrelated(node);
  }

  #usedClaim(node: string, { namespace, name }: Attributes): Decision {
    const isUsed = this.#isUsed(node, 'resourceclaims', { namespace, name });
    return isUsed ? allowed : unrelated(node);
  }

  #ownAttachment(node: string, { name }: Attributes): Decision {
    const attachment = this.#reader.get(resources.volumeattachments, { name });
    return attachment?.spec?.nodeName === node ? allowed : unrelated(node);
  }

  #guarded(node: string, a: Attributes): Decision {
    if (a.name === '') return refused(`No Object name found`);
    if (a.namespace === '' && a.resource !== 'persistentvolumes')
      return refused('can only read namespaced object of this type');
    const volumeName = a.resource === 'persistentvolumes';
    const wanted = volumeName ? this.#claimOf(a.name) : { namespace: a.namespace, name: a.name };
    const resource = volumeName ? 'persistentvolumeclaims' : a.resource;
    if (wanted && this.#isUsed(node, resource, wanted)) return allowed;
    return a.resource === 'secrets' && this.#isOfVolume(node, a) ? allowed : unrelated(node);
  }

  /** Whether a secret is one that a volume of a pod on the node is mounted with. */
  #isOfVolume(node: string, secret: { namespace: string; name: string }): boolean {
    for (const pod of this.#podsOf(node)) {
      const { namespace = '' } = pod.metadata;
      for (const volume of pod.spec.volumes ?? []) {
        const claim = claimNameIn(pod, volume);
        const bound = claim && this.#volumeOf({ namespace, name: claim });
        const isGiven = bound && secretsOf(bound).some(isSameAs(secret));
        if (isGiven) return true;
      }
    }
    return false;
  }

  /** The volume that a claim is bound to, as the volume says too: anybody can claim one of another. */
  #volumeOf(claim: { namespace: string; name: string }): PersistentVolume | undefined {
    const name = this.#reader.get(resources.persistentvolumeclaims, claim)?.spec?.volumeName;
    const volume = name ? this.#reader.get(resources.persistentvolumes, { name }) : undefined;
    const ref = volume?.spec?.claimRef;
    return ref && isSameAs(claim)(ref) ? volume : undefined;
  }

  #claimOf(volume: string): { namespace: string; name: string } | undefined {
    const ref = this.#reader.get(resources.persistentvolumes, { name: volume })?.spec?.claimRef;
    return ref?.name && ref.namespace ? { namespace: ref.namespace, name: ref.name } : undefined;
  }

  #isUsed(node: string, resource: string, { namespace, name }: { namespace: string; name: string }): boolean {
    for (const pod of this.#podsOf(node, namespace)) if (refersTo(pod, resource, name)) return true;
    return false;
  }

  /** A node makes its mirror pods itself: what they refer to, it may not see for that. */
  *#podsOf(node: string, namespace?: string): Iterable<Pod> {
    const own = this.#reader.listWhere(resources.pods, { field: 'spec.nodeName', value: node }, namespace);
    for (const pod of own) if (pod.spec?.nodeName === node && !isMirrorPod(pod)) yield pod;
  }
}

const isMain = (a: Attributes, group: string, resource: string) =>
  a.isResource && a.group === group && a.resource === resource && a.subresource === '';

const unrelated = (node: string) => refused(`no relationship found between node '${node}' and this object`);

/** Whether no objects but those of the node are asked for. */
const selectsNode = (node: string, { selectors }: Attributes) =>
  selectors?.().fields.requirements.some(
    ({ key, operator, values = [] }) =>
      key === 'spec.nodeName' && operator === 'In' && values.length === 1 && values[0] === node,
  ) ?? false;

/** By its name alone, so that it can look for itself before it is there. What it writes is for admission to see. */
function ownNode(node: string, { verb, name }: Attributes): Decision {
  if ((verb !== 'get' && verb !== 'list' && verb !== 'watch') || name === node) return allowed;
  if (name === '') return refused(`node '${node}' cannot read all nodes, only its own Node object`);
  return refused(`node '${node}' cannot read '${name}', only its own Node object`);
}

function ownLease(node: string, a: Attributes): Decision {
  if (a.namespace !== 'kube-node-lease')
    return refused(`can only access leases in the "kube-node-lease" system namespace`);
  if (a.verb !== 'create' && a.name !== node) {
    return refused('can only access node lease with the same name as the requesting node');
  }
  return allowed;
}

interface NamespacedName {
  namespace?: string;
  name?: string;
}

const isSameAs = (wanted: NamespacedName) => (ref: NamespacedName | undefined) =>
  ref?.name === wanted.name && ref?.namespace === wanted.namespace;

/** The secrets that a node needs for a volume; those of the namespace of its claim where they name none. */
function secretsOf({ spec }: PersistentVolume): readonly NamespacedName[] {
  const { csi, azureFile, cinder, storageos, cephfs, flexVolume, rbd, scaleIO, iscsi } = spec;
  const namespace = spec.claimRef?.namespace ?? '';
  const own = [cephfs, flexVolume, rbd, scaleIO, iscsi].map((source) => source?.secretRef);
  const named = [
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
    cinder?.secretRef,
    storageos?.secretRef,
  ];
  return [
    { namespace: azureFile?.secretNamespace || namespace, name: azureFile?.secretName },
    ...own.map((ref) => ({ namespace: ref?.namespace || namespace, name: ref?.name })),
    ...named.map((ref) => ({ namespace: ref?.namespace, name: ref?.name })),
  ];
}

function refersTo(pod: Pod, resource: string, name: string): boolean {
  if (resource === 'resourceclaims') return claimNamesOf(pod).includes(name);
  if (resource === 'serviceaccounts') return pod.spec?.serviceAccountName === name;
  const volumes = pod.spec?.volumes ?? [];
  if (resource === 'persistentvolumeclaims')
    return volumes.some((volume) => claimNameIn(pod, volume) === name);
  return namesIn(pod, resource === 'secrets' ? 'secret' : 'configMap').includes(name);
}

/** Also of the claim that was made for its extended resources. */
const claimNamesOf = (pod: Pod) => [
  ...(pod.spec?.resourceClaims ?? []).map((entry) => claimNameOf(pod, entry)),
  pod.status?.extendedResourceClaimStatus?.resourceClaimName,
];
