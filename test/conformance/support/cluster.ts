import { startCluster, type TestClusterOptions } from '../../../src/cluster/testing.ts';
import { Api, at } from './api.ts';

/** A cluster in this process, and the way to it over HTTPS. */
export interface ConformanceCluster {
  api: Api;
  url: string;
  kubeconfigPath: string;
  /** Makes a namespace in which pods may be made at once. */
  namespace(labels?: Record<string, string>): Promise<string>;
  stop(): Promise<void>;
}

let last = 0;

/** A name that no other object of this process has. */
export function fresh(prefix: string): string {
  last += 1;
  return `${prefix}-${last}`;
}

export async function startConformanceCluster(options: TestClusterOptions = {}): Promise<ConformanceCluster> {
  const cluster = await startCluster(options);
  const api = Api.of(cluster.kubeconfig);
  return {
    api,
    url: cluster.url,
    kubeconfigPath: cluster.kubeconfigPath,
    async namespace(labels) {
      const ns = fresh('conformance');
      await api.post(at('v1', 'namespaces'), { metadata: { name: ns, labels } });
      await eventually(() => api.has(at('v1', 'serviceaccounts', { ns, name: 'default' })));
      return ns;
    },
    async stop() {
      api.close();
      await cluster.stop();
    },
  };
}

/** Waits until `check` gives something that counts as true; rejects with its last failure where that takes too long. */
export async function eventually<T>(check: () => Promise<T | false>, timeoutMs = 15_000): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let last: unknown = new Error(`never true: ${check}`);
  while (performance.now() < deadlineMs) {
    try {
      const found = await check();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw last;
}
