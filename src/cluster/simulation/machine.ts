import { Client } from '../../client/client.ts';
import { createKubelet } from '../../kubelet/kubelet.ts';
import { podNameLabel, podNamespaceLabel } from '../../kubelet/pods/labels.ts';
import { simulatedHost, simulatedIntervals } from '../../kubelet/node/simulated-host.ts';
import type { Latencies } from '../../kubelet/runtimes/simulated/world.ts';
import type { ContainerStats } from '../../kubelet/runtimes/types.ts';
import { SimulatedRuntime } from '../../kubelet/runtimes/simulated/runtime.ts';
import type { Clock } from '../../platform/clock.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import type { Platform } from '../../platform/platform.ts';
import { systemProcesses } from '../../platform/processes.ts';
import type { Random } from '../../platform/random.ts';
import { network } from '../options.ts';
import { runComponents } from '../run-components.ts';
import { usualServiceNetwork } from '../service-network.ts';
import { mortal } from './life.ts';
import type { ProcessParts } from './control-plane.ts';

/** How large a simulated machine is. */
export interface MachineSize {
  cpus: number;
  memoryBytes: number;
  labels?: Record<string, string>;
}

export interface MachineOptions {
  name: string;
  clock: Clock;
  random: Random;
  size: MachineSize;
  heartbeatMs: number;
  latencies?: Partial<Latencies>;
  /** Whether what listens at a pod's address answers its probes; it does unless given. */
  answers?(address: string): boolean;
  /** Whether a registry has an image, by its full name; it does unless given. */
  hasImage?(name: string): boolean;
}

const podNameIn = (labels: Record<string, string>) => `${labels[podNamespaceLabel]}/${labels[podNameLabel]}`;

const diskBytes = 2 ** 38;

/** A machine that is not there: what runs on it and lies on its disk outlives its kubelet. */
export class Machine {
  readonly name: string;
  readonly #options: MachineOptions;
  #runtime: SimulatedRuntime;
  #files: MemoryFiles;

  constructor(options: MachineOptions) {
    this.name = options.name;
    this.#options = options;
    this.#files = new MemoryFiles();
    this.#runtime = this.#newRuntime();
  }

  /** Forgets everything: a new machine of the same name. */
  replace(): void {
    void this.#runtime.close();
    this.#files = new MemoryFiles();
    this.#runtime = this.#newRuntime();
  }

  /** The pods that have a running container here, as `namespace/name`. */
  async running(): Promise<string[]> {
    const containers = await this.#runtime.containers.list({ state: 'running' });
    return [...new Set(containers.map(({ labels }) => podNameIn(labels)))];
  }

  /** What each of its running containers uses. */
  stats(): Promise<ContainerStats[]> {
    return this.#runtime.containers.stats();
  }

  #newRuntime(): SimulatedRuntime {
    const { clock, random, latencies, answers, hasImage } = this.#options;
    return new SimulatedRuntime({ clock, random, latencies, answers, hasImage, files: this.#files });
  }

  /** Starts a kubelet on it. */
  runKubelet({ life, world, transportFor }: ProcessParts): void {
    const { name } = this;
    const { cpus, memoryBytes, labels } = this.#options.size;
    const user = { name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] };
    const files = mortal(this.#files, life);
    const platform: Platform = { ...world, files, processes: systemProcesses };
    const kubelet = createKubelet({
      client: new Client(transportFor(user)),
      runtime: mortal(this.#runtime, life),
      platform,
      host: simulatedHost({ nodeName: name, cpus, memoryBytes, diskBytes, files }),
      dialer: this.#runtime.dialer,
      nodeName: name,
      dirs: { root: '/var/lib/kubelet', logs: '/var/log/pods' },
      node: {
        addresses: [
          { type: 'InternalIP', address: '127.0.0.1' },
          { type: 'Hostname', address: name },
        ],
        labels,
      },
      cluster: { dnsServers: [usualServiceNetwork.dnsAddress], domain: network.domain },
      intervals: { ...simulatedIntervals, leaseMs: this.#options.heartbeatMs },
    });
    const running = runComponents([kubelet], world);
    life.signal.addEventListener('abort', () => void running.stop(), { once: true });
  }
}
