import * as resources from '../../../api/generated/resources.ts';
import type { BoundObjectReference, TokenRequest } from '../../../api/authentication/v1.ts';
import type { CertificateSigningRequest } from '../../../api/certificates/v1.ts';
import type { Node, PersistentVolumeClaim, Pod } from '../../../api/core/v1.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { isMirrorPod, namesIn } from '../../../machinery/pod-references.ts';
import { readRequest } from '../../../platform/x509.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/admission.ts';
import { refuse } from '../../admission/refuse.ts';
import type { Authorizer } from '../authorizer.ts';
import { nodeOf } from '../node-authorizer.ts';
import { audienceRefusal } from './token-audience.ts';

/**
 * Kubelets change their own node and the pods bound to it, nothing of another's. `authorizer` says for whom a node gets tokens
 * besides those whom its pods name.
 */
export const nodeRestriction = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'NodeRestriction',
  validate(attributes) {
    const { user } = attributes.context;
    const node = nodeOf(user);
    if (node === undefined) return undefined;
    if (node === '') throw refuse(attributes, `could not determine node from user ${goQuote(user.name)}`);
    const { group, plural } = attributes.kind.resource;
    const what = group ? `${plural}.${group}` : plural;
    const why = checks.get(what)?.(attributes, node);
    if (why) throw refuse(attributes, why);
    if (what === 'serviceaccounts') return checkAudience(attributes, authorizer);
    return what === 'certificatesigningrequests.certificates.k8s.io'
      ? checkCertificateRequest(attributes, node)
      : undefined;
  },
});

type Check = (attributes: AdmissionAttributes, node: string) => string | undefined;

const nodeName = (object: KubernetesObject | undefined) => (object as Pod | undefined)?.spec?.nodeName;

/** By resource. Those of the last three that stand already are known to the authorizer. */
const checks = new Map<string, Check>([
  ['pods', checkPod],
  ['nodes', checkNode],
  ['persistentvolumeclaims', checkClaim],
  ['serviceaccounts', checkToken],
  ['leases.coordination.k8s.io', checkLease],
  ['csinodes.storage.k8s.io', checkCsiNode],
  ['resourceslices.resource.k8s.io', checkSlice],
]);

/** The pod as it stands; an eviction does not bring it along. */
const podOf = ({ old, context, namespace, name }: AdmissionAttributes) =>
  old ?? context.get(resources.pods, { namespace, name });

function checkPod(attributes: AdmissionAttributes, node: string): string | undefined {
  const { operation, subresource, object } = attributes;
  const old = podOf(attributes);
  const who = `node ${goQuote(node)}`;
  const own = 'with spec.nodeName set to itself';
  if (subresource === 'status')
    return nodeName(old) === node
      ? checkPodStatus(object as Pod, old as Pod, node)
      : `${who} can only update pod status for pods ${own}`;
  if (subresource === 'eviction')
    return nodeName(old) === node ? undefined : `node ${node} can only evict pods ${own}`;
  if (subresource !== '')
    return `unexpected pod subresource ${goQuote(subresource)}, only 'status' and 'eviction' are allowed`;
  if (operation === 'DELETE')
    return nodeName(old) === node ? undefined : `${who} can only delete pods ${own}`;
  if (operation !== 'CREATE')
    return `unexpected operation ${goQuote(operation)}, ${who} can only create and delete mirror pods`;
  return checkMirrorPod(attributes, node);
}

/** What others say of a pod stays as it is. */
function checkPodStatus(pod: Pod, old: Pod, node: string): string | undefined {
  const who = `node ${goQuote(node)}`;
  if (!deepEqual(pod.metadata.labels ?? {}, old.metadata.labels ?? {}))
    return `${who} cannot update labels through pod status`;
  const claimsOf = ({ status }: Pod) => status?.resourceClaimStatuses ?? [];
  // The word is upstream's.
  if (!deepEqual(claimsOf(pod), claimsOf(old))) return `${who} cannot update resource claim statues`;
  // What stands there is a claim that the node may read.
  const extended = ({ status }: Pod) => status?.extendedResourceClaimStatus;
  return deepEqual(extended(pod), extended(old))
    ? undefined
    : `${who} cannot update extended resource claim status`;
}

/** A kubelet's own pods are shown in the API as mirrors; they cannot use what only the API hands out. */
function checkMirrorPod({ object, context }: AdmissionAttributes, node: string): string | undefined {
  const pod = object as Pod;
  const who = `node ${goQuote(node)}`;
  if (!isMirrorPod(pod)) {
    return `pod does not have "kubernetes.io/config.mirror" annotation, ${who} can only create mirror pods`;
  }
  if (pod.spec?.nodeName !== node) return `${who} can only create pods with spec.nodeName set to itself`;
  const trouble = checkOwner(pod, context.get(resources.nodes, { name: node })?.metadata.uid, node);
  if (trouble) return trouble;
  const found = referencesOf(pod);
  return found && `${who} can not create pods that reference ${found}`;
}

/** A mirror pod goes with its node. */
function checkOwner(pod: Pod, uid: string | undefined, node: string): string | undefined {
  const who = `node ${goQuote(node)}`;
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  if (others.length > 0) return `${who} can only create pods with a single owner reference set to itself`;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return `${who} can only create pods with an owner reference set to itself`;
  if (!owner.controller) return `${who} can only create pods with a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion) return `${who} must not set blockOwnerDeletion on an owner reference`;
  return owner.uid === uid ? undefined : `node ${node} UID mismatch: expected ${owner.uid} got ${uid ?? ''}`;
}

/** Something of the API's that a pod refers to, wherever it does. */
function referencesOf(pod: Pod): string | undefined {
  const { serviceAccountName, volumes = [], resourceClaims = [] } = pod.spec;
  if (serviceAccountName) return 'a service account';
  if (namesIn(pod, 'secret').some(Boolean)) return 'secrets';
  if (namesIn(pod, 'configMap').some(Boolean)) return 'configmaps';
  const sources = volumes.flatMap(({ projected }) => projected?.sources ?? []);
  if (sources.some(({ clusterTrustBundle }) => clusterTrustBundle)) return 'clustertrustbundles';
  if (volumes.some((volume) => volume.persistentVolumeClaim)) return 'persistentvolumeclaims';
  return resourceClaims.length > 0 ? 'resourceclaims' : undefined;
}

/** Labels of the reserved name spaces that a kubelet may set on its node. */
const kubeletLabels =
  /^(kubernetes\.io\/(hostname|arch|os)|beta\.kubernetes\.io\/(arch|os|instance-type)|node\.kubernetes\.io\/.*|kubelet\.kubernetes\.io\/.*|(failure-domain\.beta|topology)\.kubernetes\.io\/(zone|region))$/;
const reservedLabels = /(^|\.)(kubernetes|k8s)\.io\//;

const isForbiddenLabel = (key: string) =>
  /(^|\.)node-restriction\.kubernetes\.io\//.test(key) ||
  (reservedLabels.test(key) && !kubeletLabels.test(key));

function changedLabels(object: KubernetesObject | undefined, old: KubernetesObject | undefined): string[] {
  const [now = {}, before = {}] = [object?.metadata.labels, old?.metadata.labels];
  const keys = new Set([...Object.keys(now), ...Object.keys(before)]);
  return [...keys].filter((key) => now[key] !== before[key] && isForbiddenLabel(key)).sort();
}

function checkNode(attributes: AdmissionAttributes, node: string): string | undefined {
  const { operation, object, old, name } = attributes;
  const who = `node ${goQuote(node)}`;
  const about = name || object?.metadata.name;
  if (about !== node) return `${who} is not allowed to modify node ${goQuote(about ?? '')}`;
  if (operation === 'DELETE') return undefined;
  const labels = changedLabels(object, old);
  if (labels.length > 0) {
    return operation === 'CREATE'
      ? `${who} is not allowed to set the following labels: ${labels.join(', ')}`
      : `is not allowed to modify labels: ${labels.join(', ')}`;
  }
  const [now, before] = [(object as Node).spec, (old as Node | undefined)?.spec];
  if (operation !== 'UPDATE')
    return now?.configSource && `${who} is not allowed to create pods with a non-nil configSource`;
  if (now?.configSource && !deepEqual(now.configSource, before?.configSource))
    return `${who} is not allowed to update configSource to a new non-nil configSource`;
  if (!deepEqual(now?.taints ?? [], before?.taints ?? [])) return `${who} is not allowed to modify taints`;
  // It would go with an owner of its choice, and could come again with other taints and labels.
  const owners = ({ metadata }: KubernetesObject) => metadata.ownerReferences ?? [];
  return deepEqual(owners(object as Node), owners(old as Node))
    ? undefined
    : `${who} is not allowed to modify ownerReferences`;
}

const serverFields = ['resourceVersion', 'managedFields'];
const sizeFields = ['capacity', 'conditions', 'allocatedResources', 'allocatedResourceStatuses'];

const without = (object: object, names: readonly string[]) =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

/** What a kubelet may say of a claim: how large its volume is by now, and how far that has come. */
function checkClaim({ subresource, object, old }: AdmissionAttributes, node: string): string | undefined {
  if (subresource !== 'status') return 'may only update PVC status';
  const rest = ({ metadata, status, ...more }: PersistentVolumeClaim) => ({
    ...more,
    metadata: without(metadata, serverFields),
    status: without(status ?? {}, sizeFields),
  });
  const [now, before] = [object, old].map((claim) => rest(claim as PersistentVolumeClaim));
  if (deepEqual(now, before)) return undefined;
  return `node ${goQuote(node)} is not allowed to update fields other than status.capacity and status.conditions`;
}

function checkToken(
  { subresource, object, namespace, context }: AdmissionAttributes,
  node: string,
): string | undefined {
  if (subresource !== 'token') return undefined;
  const ref = (object as { spec?: { boundObjectRef?: BoundObjectReference } } | undefined)?.spec
    ?.boundObjectRef;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name)
    return 'node requested token not bound to a pod';
  if (!ref.uid) return 'node requested token with a pod binding without a uid';
  const pod = context.get(resources.pods, { namespace, name: ref.name });
  // A pod that is not there, or another, is told by the request itself.
  if (pod && nodeName(pod) !== node)
    return 'node requested token bound to a pod scheduled on a different node';
  return undefined;
}

/** A pod that is not there, or another than was meant, is told by the request itself. */
async function checkAudience(attributes: AdmissionAttributes, authorizer: Authorizer): Promise<void> {
  const { subresource, object, namespace, name, context } = attributes;
  if (subresource !== 'token') return;
  const { spec } = object as TokenRequest;
  const pod = context.get(resources.pods, { namespace, name: spec.boundObjectRef?.name ?? '' });
  if (!pod || pod.metadata.uid !== spec.boundObjectRef?.uid) return;
  const why = await audienceRefusal({ spec, pod, name, namespace, context }, authorizer);
  if (why) throw refuse(attributes, why);
}

/** What nodes are known by. */
const nodeSigners = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'];

/** A node asks for certificates of its own name alone. The rest of them is for their signer to see. */
async function checkCertificateRequest(attributes: AdmissionAttributes, node: string): Promise<void> {
  if (attributes.operation !== 'CREATE') return;
  const { signerName, request } = (attributes.object as CertificateSigningRequest).spec;
  if (!nodeSigners.includes(signerName)) return;
  const { commonName } = await readRequest(request).catch((error: Error) => {
    throw refuse(attributes, `unable to parse csr: ${error.message}`);
  });
  if (commonName !== `system:node:${node}`)
    throw refuse(attributes, `can only create a node CSR with CN=system:node:${node}`);
}

const nameOf = ({ name, object }: AdmissionAttributes) => name || object?.metadata.name;

function checkLease(attributes: AdmissionAttributes, node: string): string | undefined {
  if (attributes.namespace !== 'kube-node-lease')
    return 'can only access leases in the "kube-node-lease" system namespace';
  if (nameOf(attributes) === node) return undefined;
  return 'can only access node lease with the same name as the requesting node';
}

function checkCsiNode(attributes: AdmissionAttributes, node: string): string | undefined {
  if (nameOf(attributes) === node) return undefined;
  return 'can only access CSINode with the same name as the requesting node';
}

function checkSlice({ operation, object, old }: AdmissionAttributes, node: string): string | undefined {
  const [verb, slice] = operation === 'DELETE' ? ['delete', old] : ['create', object];
  if (operation === 'UPDATE' || nodeName(slice) === node) return undefined;
  return `can only ${verb} ResourceSlice with the same NodeName as the requesting node`;
}
