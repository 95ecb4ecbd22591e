import type { Node, Pod } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { specSums } from '../../machinery/pod-sums.ts';
import { readSums, zero } from '../../machinery/resource-sums.ts';
import { milliValue, quantityValue } from '../../machinery/quantity.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { refuse } from './refuse.ts';

const osLabel = 'kubernetes.io/os';

/** A pod is not resized to more than its node could ever give, nor on a node that cannot do it. */
export const podResize: AdmissionPlugin = {
  name: 'PodResizeValidator',
  validate(attributes) {
    const { operation, kind, subresource, context, object, old } = attributes;
    if (operation !== 'UPDATE' || subresource !== 'resize') return;
    if (kind.resource.plural !== 'pods' || kind.resource.group !== '') return;
    const { spec, metadata } = object as Pod;
    if (!spec.nodeName || metadata.generation === old?.metadata.generation) return;
    const node = context.get(nodes, { name: spec.nodeName });
    if (!node) throw refuse(attributes, `node ${goQuote(spec.nodeName)} not found`);
    const short = shortfalls(object as Pod, node);
    if (short.length > 0) {
      const why = `node didn't have enough allocatable resources: ${short.join('; ')}`;
      throw refusal(attributes, why, 'NodeCapacity');
    }
    const os = node.metadata.labels?.[osLabel] ?? '';
    if (os === 'linux') return;
    const where = `node ${goQuote(spec.nodeName)} is ${goQuote(os)}`;
    throw refusal(attributes, `pod resize is only supported on linux nodes, ${where}`, 'UnsupportedPlatform');
  },
};

const measured = { cpu: milliValue, memory: quantityValue };

/** What the pod asks for beyond what the node has for all pods together. */
function shortfalls({ spec }: Pod, { status }: Node): string[] {
  const requested = specSums(spec, 'requests');
  const allocatable = readSums(status?.allocatable);
  return Object.entries(measured).flatMap(([name, valueOf]) => {
    const [asked, has] = [requested, allocatable].map((sums) => valueOf(sums.get(name) ?? zero));
    return (asked as number) > (has as number) ? [`${name}, requested: ${asked}, allocatable: ${has}`] : [];
  });
}

/** Autoscalers tell by the cause whether to ask for less or to make another pod. */
function refusal(attributes: AdmissionAttributes, why: string, cause: string): StatusError {
  const error = refuse(attributes, why);
  const { status } = error;
  status.details = { ...status.details, causes: [{ reason: cause }] };
  return error;
}
