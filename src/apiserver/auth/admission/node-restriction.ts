import * as resources from '../../../api/generated/resources.ts';
import type { Node, Pod } from '../../../api/core/v1.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { isMirrorPod, namesIn } from '../../../machinery/pod-references.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/admission.ts';
import { refuse } from '../../admission/refuse.ts';
import { nodeOf } from '../node-authorizer.ts';

/** Kubelets change their own node and the pods bound to it, nothing of another's. */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  validate(attributes) {
    const node = nodeOf(attributes.context.user);
    if (node === undefined) return;
    const { group, plural } = attributes.kind.resource;
    const what = group ? `${plural}.${group}` : plural;
    const why = checks.get(what)?.(attributes, node);
    if (why) throw refuse(attributes, why);
  },
};

type Check = (attributes: AdmissionAttributes, node: string) => string | undefined;

const nodeName = (object: KubernetesObject | undefined) => (object as Pod | undefined)?.spec?.nodeName;

/** By resource. Those of the last three that stand already are known to the authorizer. */
const checks = new Map<string, Check>([
  ['pods', checkPod],
  ['nodes', checkNode],
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
    return nodeName(old) === node ? undefined : `${who} can only update pod status for pods ${own}`;
  if (subresource === 'eviction')
    return nodeName(old) === node ? undefined : `${who} can only evict pods ${own}`;
  if (subresource !== '')
    return `unexpected pod subresource ${goQuote(subresource)}, only 'status' and 'eviction' are allowed`;
  if (operation === 'DELETE')
    return nodeName(old) === node ? undefined : `${who} can only delete pods ${own}`;
  if (operation !== 'CREATE')
    return `unexpected operation ${goQuote(operation)}, ${who} can only create and delete mirror pods`;
  return checkMirrorPod(object as Pod, node);
}

/** A kubelet's own pods are shown in the API as mirrors; they cannot use what only the API hands out. */
function checkMirrorPod(pod: Pod, node: string): string | undefined {
  const who = `node ${goQuote(node)}`;
  if (!isMirrorPod(pod)) {
    return `pod does not have "kubernetes.io/config.mirror" annotation, ${who} can only create mirror pods`;
  }
  if (pod.spec?.nodeName !== node) return `${who} can only create pods with spec.nodeName set to itself`;
  const found = referencesOf(pod);
  return found && `${who} can not create pods that reference ${found}`;
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
  if (operation === 'DELETE') return `${who} is not allowed to delete node`;
  const labels = changedLabels(object, old);
  if (labels.length > 0) {
    const verb = operation === 'CREATE' ? 'set' : 'modify';
    return `is not allowed to ${verb} the following labels: ${labels.join(', ')}`;
  }
  if (operation !== 'UPDATE') return undefined;
  const [now, before] = [(object as Node).spec, (old as Node | undefined)?.spec];
  if (!deepEqual(now?.taints ?? [], before?.taints ?? [])) return `${who} is not allowed to modify taints`;
  return undefined;
}

function checkToken({ subresource, object }: AdmissionAttributes): string | undefined {
  if (subresource !== 'token') return undefined;
  const ref = (
    object as { spec?: { boundObjectRef?: { kind?: string; name?: string; uid?: string } } } | undefined
  )?.spec?.boundObjectRef;
  if (ref?.kind !== 'Pod' || !ref.name) return 'node requested token not bound to a pod';
  return ref.uid ? undefined : 'node requested token with a pod binding without a uid';
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
