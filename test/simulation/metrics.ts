import type { Pod } from '../../src/api/core/v1.ts';
import type { MeasuredUsage } from '../../src/apiserver/registry/kind.ts';
import { formatTime } from '../../src/platform/clock.ts';
import { isReady } from './invariants/pods.ts';
import type { World } from './invariants/world.ts';

/** What there is to do for applications that are measured, in thousandths of a processor. Ready pods share it evenly. */
export type Loads = Map<string, number>;

const appOf = ({ metadata }: Pod) => metadata.labels?.app ?? '';

/** What pods use: those that are ready, and that there is something to do for. */
export const usageBy = (world: World, nowMs: number): MeasuredUsage => ({
  node: () => undefined,
  pod(namespace, name) {
    const pod = world.get<Pod>('pods', `${namespace}/${name}`);
    if (!pod || !isReady(pod)) return undefined;
    const load = world.loads.get(appOf(pod));
    if (load === undefined) return undefined;
    const serving = world
      .pods()
      .filter((one) => one.metadata.namespace === namespace && appOf(one) === appOf(pod) && isReady(one));
    const usage = { cpu: `${Math.floor(load / serving.length)}m` };
    return { timestamp: formatTime(nowMs), window: '15s', containers: [{ name: 'main', usage }] };
  },
});
