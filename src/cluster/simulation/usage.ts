import type { MeasuredUsage } from '../../apiserver/registry/kind.ts';
import { containerNameLabel, podNameLabel, podNamespaceLabel } from '../../kubelet/pods/labels.ts';
import type { ContainerStats } from '../../kubelet/runtimes/types.ts';
import { usageOf } from '../../metrics/window.ts';
import { formatTime } from '../../platform/clock.ts';
import type { Machine } from './machine.ts';

/** A metrics server would measure over this time; what simulated containers use does not change. */
const window = '15s';

const podOf = ({ labels }: ContainerStats) => `${labels[podNamespaceLabel]}/${labels[podNameLabel]}`;

/** What machines and pods use at the moment, as the behaviour of their containers says: asked only when somebody wants to know. */
export async function simulatedUsage(machines: Iterable<Machine>, nowMs: number): Promise<MeasuredUsage> {
  const byNode = new Map<string, ContainerStats[]>();
  for (const machine of machines) byNode.set(machine.name, await machine.stats());
  const byPod = new Map<string, ContainerStats[]>();
  for (const stats of [...byNode.values()].flat())
    byPod.set(podOf(stats), [...(byPod.get(podOf(stats)) ?? []), stats]);
  const measured = { timestamp: formatTime(nowMs), window };
  return {
    node: (name) => {
      const all = byNode.get(name);
      return all && { ...measured, usage: usageOfAll(all) };
    },
    pod: (namespace, name) => {
      const containers = byPod
        .get(`${namespace}/${name}`)
        ?.map((stats) => ({ name: stats.labels[containerNameLabel] ?? '', usage: usageOfAll([stats]) }));
      return containers && { ...measured, containers };
    },
  };
}

const sum = (numbers: (number | undefined)[]) => numbers.reduce<number>((total, n = 0) => total + n, 0);

const usageOfAll = (all: ContainerStats[]) =>
  usageOf(
    sum(all.map(({ cpu }) => cpu?.usageNanoCores)),
    sum(all.map(({ memory }) => memory?.workingSetBytes)),
  );
