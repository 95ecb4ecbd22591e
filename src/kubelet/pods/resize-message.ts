import type { Container, Pod, ResourceRequirements } from '../../api/core/v1.ts';

/** What an event tells of a resize after its first words: resources of the containers and the pod's generation. */
export function resizeMessage(start: string, pod: Pod, more: { generation: number; error?: string }): string {
  const { initContainers = [], containers } = pod.spec;
  const summary = {
    ...(initContainers.length > 0 && { initContainers: initContainers.map(summaryOf) }),
    containers: containers.map(summaryOf),
    generation: more.generation,
    ...(more.error && { error: more.error }),
  };
  return `${start}: ${JSON.stringify(summary)}`;
}

const summaryOf = ({ name, resources }: Pick<Container, 'name' | 'resources'>) => ({
  name,
  resources: inOrder(resources),
});

/** Fields and resources in Go's order. */
function inOrder({ limits, requests, claims }: ResourceRequirements = {}) {
  const sorted = (list: Record<string, string>) =>
    Object.fromEntries(Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    ...(limits && { limits: sorted(limits) }),
    ...(requests && { requests: sorted(requests) }),
    ...(claims && { claims }),
  };
}
