import type { Binding, Node, Pod, PodStatus } from '../../../../api/core/v1.ts';
import { nodes } from '../../../../api/generated/resources.ts';
import type { Stored } from '../../../../api/resource.ts';
import {
  type FieldError,
  invalidObject,
  noErrors,
  notSupported,
  required,
} from '../../../../machinery/field-error.ts';
import { badRequest, conflict } from '../../../../machinery/status-error.ts';
import { timestamp } from '../../../../platform/clock.ts';
import type { HookContext, Subresource } from '../../../registry/kind.ts';
import { success } from '../../shared/success.ts';
import { setPodCondition } from './conditions.ts';

/** Whether a pod takes this label over from its node. */
export const isTopologyLabel = (key: string) =>
  key === 'topology.kubernetes.io/zone' || key === 'topology.kubernetes.io/region';

/** `POST .../binding`: gives a pod to a node, once. */
export const bindingSubresource: Subresource<Pod> = {
  verbs: ['create'],
  gvk: { group: '', version: 'v1', kind: 'Binding' },
  async handle({ object, body, context, update }) {
    const binding = body as Binding;
    if (binding.metadata.name !== object.metadata.name) {
      throw badRequest('name in URL does not match name in Binding object');
    }
    const errors = bindingErrors(binding);
    if (errors.length > 0) throw invalidObject({ group: '', kind: 'Binding' }, object.metadata.name, errors);
    await update((pod) => bind(pod, binding, context), opened);
    return success(201);
  },
};

/** A binding sets fields of these; what stands in the fields is never written into. */
const opened = (pod: Pod): Pod => ({
  ...pod,
  metadata: { ...pod.metadata },
  spec: { ...pod.spec },
  status: { ...pod.status },
});

function bindingErrors({ target }: Binding): readonly FieldError[] {
  const kind = target?.kind;
  const wrongKind =
    kind && kind !== 'Node' ? [notSupported('target.kind', kind, ['Node', '<empty>'])] : noErrors;
  return target?.name ? wrongKind : [...wrongKind, required('target.name')];
}

/** Why the pod cannot be bound; undefined if it can. */
function obstacle({ metadata, spec }: Pod, binding: Binding): string | undefined {
  const { uid, resourceVersion } = binding.metadata;
  if (uid && uid !== metadata.uid) {
    return `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    return `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
  }
  if (metadata.deletionTimestamp)
    return `pod ${metadata.name} is being deleted, cannot be assigned to a host`;
  if (spec.nodeName)
    return `pod ${metadata.name} is already assigned to node ${JSON.stringify(spec.nodeName)}`;
  return spec.schedulingGates?.length
    ? `pod ${metadata.name} has non-empty .spec.schedulingGates`
    : undefined;
}

function bind(pod: Pod, binding: Binding, context: HookContext): void {
  const why = obstacle(pod, binding);
  if (why) throw conflict({ group: '', resource: 'pods/binding', name: pod.metadata.name }, why);
  const { name } = binding.target;
  pod.spec.nodeName = name;
  const { annotations } = binding.metadata;
  if (annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
  copyTopology(pod, context.getLean<Node>(nodes, { name: name as string }));
  const status = pod.status as PodStatus;
  const scheduled = { type: 'PodScheduled', status: 'True', observedGeneration: pod.metadata.generation };
  setPodCondition(status, scheduled, timestamp(context.platform.clock));
  delete status.nominatedNodeName;
}

/** A pod learns from its labels in which zone it runs. */
function copyTopology(pod: Pod, node: Stored<Node> | undefined): void {
  const labels = Object.entries(node?.metadata.labels ?? {}).filter(([key]) => isTopologyLabel(key));
  if (labels.length > 0) pod.metadata.labels = { ...pod.metadata.labels, ...Object.fromEntries(labels) };
}
