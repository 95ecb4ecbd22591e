import type { Pod } from '../../api/core/v1.ts';
import type { Client } from '../../client/client.ts';
import { milliValue } from '../../machinery/quantity.ts';

/** What the pods of a selector use, in thousandths, by pod and container. */
export type Usage = Map<string, Map<string, number>>;

interface PodMetrics {
  metadata: { name: string };
  containers: { name: string; usage: Record<string, string> }[];
}

/** Asks the metrics API, where somebody serves one; rejects where nobody does, or nothing is known of these pods. */
export async function readUsage(
  client: Client,
  { namespace, selector, resource }: { namespace: string; selector: string; resource: string },
): Promise<Usage> {
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`;
  const query = { labelSelector: selector };
  const failed = (why: string) => new Error(`unable to get metrics for resource ${resource}: ${why}`);
  const { items } = (await client.transport.request({ method: 'GET', path, query }).catch((error: Error) => {
    throw failed(`unable to fetch metrics from resource metrics API: ${error.message}`);
  })) as { items: PodMetrics[] };
  if (items.length === 0) throw failed('no metrics returned from resource metrics API');
  return new Map(
    items.map(({ metadata, containers }) => [
      metadata.name,
      new Map(containers.map(({ name, usage }) => [name, milliValue(usage[resource] ?? '0')])),
    ]),
  );
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, n) => total + n, 0);

/** What a pod uses: all of it, or one container. */
export function usedBy(usage: Usage, pod: Pod, container: string | undefined): number | undefined {
  const containers = usage.get(pod.metadata.name ?? '');
  return container === undefined ? containers && sum(containers.values()) : containers?.get(container);
}

/** What a pod has asked for; undefined where a container asks for nothing. */
export function requestedBy(pod: Pod, resource: string, container: string | undefined): number | undefined {
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  const counted = [...sidecars, ...pod.spec.containers].filter(
    ({ name }) => container === undefined || name === container,
  );
  const asked = counted.map(({ resources }) => resources?.requests?.[resource]);
  return asked.includes(undefined) ? undefined : sum(asked.map((text) => milliValue(text as string)));
}
