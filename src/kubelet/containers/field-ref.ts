import type { Container, Pod, ResourceFieldSelector } from '../../api/core/v1.ts';
import { goQuote } from '../../machinery/go-text.ts';
import {
  milliValue,
  type ParsedQuantity,
  parseQuantity,
  quantityOf,
  quantityValue,
} from '../../machinery/quantity.ts';
import { readSums, type Sums } from '../../machinery/resource-sums.ts';
import { allContainers } from '../pods/pod-kinds.ts';
import { own } from '../../machinery/own.ts';

/** Addresses that are known only once the pod has its place. */
export interface PodAddresses {
  podIps: string[];
  hostIps: string[];
}

const subscript = /^(metadata\.(?:labels|annotations))\['([^']+)'\]$/;

/** Labels or annotations as a file of the downward API shows them: sorted `key="value"` lines. */
function formatMap(map: Record<string, string> | undefined): string {
  const lines = Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${goQuote(map?.[key] ?? '')}`);
  return lines.join('\n');
}

/** The value of a pod's field by its path. Throws an Error for a path that the downward API does not know. */
export function podFieldValue(pod: Pod, path: string, addresses: PodAddresses): string {
  const [, map, key] = subscript.exec(path) ?? [];
  if (map && key) {
    const of = map === 'metadata.labels' ? pod.metadata.labels : pod.metadata.annotations;
    return own(of, key) ?? '';
  }
  const value = own(plainFields, path);
  if (!value) throw new Error(`unsupported fieldPath: ${path}`);
  return value(pod, addresses);
}

const plainFields: Record<string, (pod: Pod, addresses: PodAddresses) => string> = {
  'metadata.name': (pod) => pod.metadata.name ?? '',
  'metadata.namespace': (pod) => pod.metadata.namespace ?? '',
  'metadata.uid': (pod) => pod.metadata.uid ?? '',
  'metadata.labels': (pod) => formatMap(pod.metadata.labels),
  'metadata.annotations': (pod) => formatMap(pod.metadata.annotations),
  'spec.nodeName': (pod) => pod.spec.nodeName ?? '',
  'spec.serviceAccountName': (pod) => pod.spec.serviceAccountName ?? '',
  'status.hostIP': (_, a) => a.hostIps[0] ?? '',
  'status.hostIPs': (_, a) => a.hostIps.join(','),
  'status.podIP': (_, a) => a.podIps[0] ?? '',
  'status.podIPs': (_, a) => a.podIps.join(','),
};

/** A container's request or limit in units of the divisor, rounded up; a limit that is missing is the pod's, or the node's. */
export function resourceFieldValue(
  pod: Pod,
  selector: ResourceFieldSelector,
  own: { container?: Container; allocatable: Sums },
): string {
  const [side, resource] = splitResource(selector.resource);
  const container = selector.containerName
    ? (allContainers(pod).find((c) => c.name === selector.containerName) as Container | undefined)
    : own.container;
  if (!container) throw new Error(`container ${selector.containerName ?? ''} not found`);
  const asked = readSums(container.resources?.[side]).get(resource);
  const amount = asked ?? (side === 'limits' ? outerLimit(pod, resource, own.allocatable) : undefined);
  return divide(amount ?? quantityOf(0), divisorOf(selector), resource);
}

/** What holds a container that has no limit of its own. */
function outerLimit(pod: Pod, resource: string, allocatable: Sums): ParsedQuantity | undefined {
  return readSums(pod.spec.resources?.limits).get(resource) ?? allocatable.get(resource);
}

/** An empty or zero divisor stands for 1. */
function divisorOf({ divisor }: ResourceFieldSelector): ParsedQuantity {
  const parsed = parseQuantity(divisor || '1');
  return parsed.unscaled === 0n ? quantityOf(1) : parsed;
}

function splitResource(resource: string): ['limits' | 'requests', string] {
  const [side, ...name] = resource.split('.');
  if (side !== 'limits' && side !== 'requests')
    throw new Error(`unsupported container resource : ${resource}`);
  return [side, name.join('.')];
}

function divide(amount: ParsedQuantity, divisor: ParsedQuantity, resource: string): string {
  const value = resource === 'cpu' ? milliValue : quantityValue;
  return String(Math.ceil(value(amount) / value(divisor)));
}
