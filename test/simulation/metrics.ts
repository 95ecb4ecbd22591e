import type { Pod } from '../../src/api/core/v1.ts';
import { pods } from '../../src/api/generated/resources.ts';
import { Client } from '../../src/client/client.ts';
import type { Transport } from '../../src/client/transport.ts';
import type { ControllerReplacements } from '../../src/cluster/simulation/control-plane.ts';
import type { limit } from '../../src/controllers/autoscaling/behavior.ts';
import { createHorizontalPodAutoscaler } from '../../src/controllers/autoscaling/horizontal.ts';
import type { ControllerContext } from '../../src/controllers/controller.ts';
import { isReady } from './invariants/pods.ts';

/** What there is to do for applications that are measured, in thousandths of a processor. Ready pods share it evenly. */
export type Loads = Map<string, number>;

/** What each of so many pods uses. */
const shareOf = (load: number, count: number): number => Math.floor(load / Math.max(count, 1));

const path = /^\/apis\/metrics\.k8s\.io\/v1beta1\/namespaces\/([^/]+)\/pods$/;
const selector = /^app=(.+)$/;

/** Answers for the metrics API, before everything else that is asked. */
function withMetrics({ client, informers }: ControllerContext, loads: Loads): Transport {
  const known = informers.of(pods);
  const { transport } = client;
  const isOf = ({ metadata }: Pod, namespace: string, app: string) =>
    metadata.namespace === namespace && metadata.labels?.app === app;
  return {
    watch: (request, sink) => transport.watch(request, sink),
    request: async (request) => {
      const [, namespace] = path.exec(request.path) ?? [];
      const [, app = ''] = selector.exec(String(request.query?.labelSelector)) ?? [];
      const load = loads.get(app);
      if (!namespace || load === undefined) return transport.request(request);
      const serving = known.list().filter((pod) => isOf(pod, namespace, app) && isReady(pod));
      const cpu = `${shareOf(load, serving.length)}m`;
      const items = serving.map(({ metadata }) => {
        return { metadata: { name: metadata.name }, containers: [{ name: 'main', usage: { cpu } }] };
      });
      return { items };
    },
  };
}

/** The autoscaler, in a cluster whose metrics are measured. */
export const withLoads = (loads: Loads, decide?: typeof limit): ControllerReplacements => ({
  'horizontal-pod-autoscaler': (context, { discover }) => {
    const client = new Client(withMetrics(context, loads));
    return createHorizontalPodAutoscaler({ ...context, client }, { discover, decide });
  },
});
