import type { Pod } from '../../api/core/v1.ts';
import type { HostFacts, NodeHost } from '../node/node-host.ts';
import { containerNameLabel, podUidLabel } from '../pods/labels.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { ContainerStats, CpuUsage, MemoryUsage, SandboxStats } from '../runtimes/types.ts';

/** Everything that is measured at one moment. */
export interface Measured {
  pods: Pod[];
  containers: ContainerStats[];
  sandboxes: SandboxStats[];
  nodeName: string;
  availableMemoryBytes: number;
  facts: HostFacts;
  startedAt: string;
  timeMs: number;
}

export async function measure(
  input: Pick<Measured, 'pods' | 'nodeName' | 'facts' | 'startedAt' | 'timeMs'> & {
    runtime: Runtime;
    host: NodeHost;
  },
): Promise<Measured> {
  const { runtime, host, ...rest } = input;
  const [containers, sandboxes, availableMemoryBytes] = await Promise.all([
    runtime.containers.stats(),
    runtime.sandboxes.stats().catch(() => []),
    host.availableMemoryBytes(),
  ]);
  return { ...rest, containers, sandboxes, availableMemoryBytes };
}

const iso = (ms: number) => new Date(ms).toISOString();

const cpuJson = (cpu: CpuUsage | undefined) =>
  cpu && {
    time: iso(cpu.timeMs),
    usageNanoCores: cpu.usageNanoCores,
    usageCoreNanoSeconds: cpu.usageCoreNanoseconds,
  };

const memoryJson = (memory: MemoryUsage | undefined) =>
  memory && {
    time: iso(memory.timeMs),
    availableBytes: memory.availableBytes,
    usageBytes: memory.usageBytes,
    workingSetBytes: memory.workingSetBytes,
    rssBytes: memory.rssBytes,
    pageFaults: memory.pageFaults,
    majorPageFaults: memory.majorPageFaults,
  };

const containersOf = (measured: Measured, pod: Pod) =>
  measured.containers.filter((c) => c.labels[podUidLabel] === pod.metadata.uid);

function sum(values: (number | undefined)[]): number | undefined {
  const known = values.filter((v) => v !== undefined);
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) : undefined;
}

/** The document of `/stats/summary`. */
export function summaryDocument(measured: Measured): unknown {
  const used = measured.facts.memoryBytes - measured.availableMemoryBytes;
  const time = iso(measured.timeMs);
  return {
    node: {
      nodeName: measured.nodeName,
      startTime: measured.startedAt,
      cpu: {
        time,
        usageNanoCores: sum(measured.containers.map((c) => c.cpu?.usageNanoCores)) ?? 0,
        usageCoreNanoSeconds: sum(measured.containers.map((c) => c.cpu?.usageCoreNanoseconds)) ?? 0,
      },
      memory: {
        time,
        availableBytes: measured.availableMemoryBytes,
        usageBytes: used,
        workingSetBytes: used,
      },
    },
    pods: measured.pods.map((pod) => podSummary(measured, pod)),
  };
}

function podSummary(measured: Measured, pod: Pod): unknown {
  const { name, namespace, uid } = pod.metadata;
  const containers = containersOf(measured, pod);
  const network = measured.sandboxes.find((s) => s.labels[podUidLabel] === uid)?.network;
  return {
    podRef: { name, namespace, uid },
    startTime: pod.status?.startTime,
    containers: containers.map((c) => ({
      name: c.labels[containerNameLabel] ?? c.container.name,
      startTime: pod.status?.startTime,
      cpu: cpuJson(c.cpu),
      memory: memoryJson(c.memory),
      rootfs: c.writableLayer && {
        time: iso(c.writableLayer.timeMs),
        usedBytes: c.writableLayer.usedBytes,
        inodesUsed: c.writableLayer.inodesUsed,
      },
    })),
    cpu: {
      time: iso(measured.timeMs),
      usageNanoCores: sum(containers.map((c) => c.cpu?.usageNanoCores)),
      usageCoreNanoSeconds: sum(containers.map((c) => c.cpu?.usageCoreNanoseconds)),
    },
    memory: {
      time: iso(measured.timeMs),
      usageBytes: sum(containers.map((c) => c.memory?.usageBytes)),
      workingSetBytes: sum(containers.map((c) => c.memory?.workingSetBytes)),
      rssBytes: sum(containers.map((c) => c.memory?.rssBytes)),
    },
    network: network && {
      time: iso(network.timeMs),
      ...network.interfaces[0],
      interfaces: network.interfaces,
    },
  };
}

type Labels = Record<string, string | undefined>;

function sample(name: string, labels: Labels, value: number, timeMs: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text ?? '')}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value} ${Math.trunc(timeMs)}\n`;
}

const escape = (text: string) => text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));

function family(name: string, type: string, help: string, samples: string[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('')}`;
}

const secondsOf = (cpu: CpuUsage) => cpu.usageCoreNanoseconds / 1e9;

/** The text of `/metrics/resource`, which the metrics server reads. */
export function resourceMetrics(measured: Measured): string {
  const { timeMs } = measured;
  const used = measured.facts.memoryBytes - measured.availableMemoryBytes;
  const rows = measured.pods.flatMap((pod) => containersOf(measured, pod).map((stats) => ({ pod, stats })));
  const labels = ({ pod, stats }: (typeof rows)[number]): Labels => ({
    container: stats.labels[containerNameLabel] ?? stats.container.name,
    namespace: pod.metadata.namespace,
    pod: pod.metadata.name,
  });
  const cpu = rows.flatMap((r) => r.stats.cpu ?? []);
  const podRows = measured.pods.map((pod) => ({ pod, containers: containersOf(measured, pod) }));
  const podLabels = (pod: Pod): Labels => ({ namespace: pod.metadata.namespace, pod: pod.metadata.name });
  return [
    family(
      'container_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed by the container in core-seconds',
      rows.flatMap((r) =>
        r.stats.cpu
          ? [
              sample(
                'container_cpu_usage_seconds_total',
                labels(r),
                secondsOf(r.stats.cpu),
                r.stats.cpu.timeMs,
              ),
            ]
          : [],
      ),
    ),
    family(
      'container_memory_working_set_bytes',
      'gauge',
      'Current working set of the container in bytes',
      rows.flatMap((r) =>
        r.stats.memory
          ? [
              sample(
                'container_memory_working_set_bytes',
                labels(r),
                r.stats.memory.workingSetBytes,
                r.stats.memory.timeMs,
              ),
            ]
          : [],
      ),
    ),
    family(
      'container_start_time_seconds',
      'gauge',
      'Start time of the container since unix epoch in seconds',
      rows.map((r) =>
        sample(
          'container_start_time_seconds',
          labels(r),
          Date.parse(r.pod.status?.startTime ?? '') / 1000 || 0,
          timeMs,
        ),
      ),
    ),
    family(
      'node_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed by the node in core-seconds',
      [
        sample(
          'node_cpu_usage_seconds_total',
          {},
          cpu.reduce((total, c) => total + secondsOf(c), 0),
          timeMs,
        ),
      ],
    ),
    family('node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes', [
      sample('node_memory_working_set_bytes', {}, used, timeMs),
    ]),
    family(
      'pod_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed by the pod in core-seconds',
      podRows.map(({ pod, containers }) =>
        sample(
          'pod_cpu_usage_seconds_total',
          podLabels(pod),
          (sum(containers.map((c) => c.cpu?.usageCoreNanoseconds)) ?? 0) / 1e9,
          timeMs,
        ),
      ),
    ),
    family(
      'pod_memory_working_set_bytes',
      'gauge',
      'Current working set of the pod in bytes',
      podRows.map(({ pod, containers }) =>
        sample(
          'pod_memory_working_set_bytes',
          podLabels(pod),
          sum(containers.map((c) => c.memory?.workingSetBytes)) ?? 0,
          timeMs,
        ),
      ),
    ),
    family(
      'resource_scrape_error',
      'gauge',
      '1 if there was an error while getting container metrics, 0 otherwise',
      [sample('resource_scrape_error', {}, 0, timeMs)],
    ),
  ].join('');
}
