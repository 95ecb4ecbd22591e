import type { Container, Pod } from '../../api/core/v1.ts';
import { events, nodes, pods, serviceaccounts } from '../../api/generated/resources.ts';
import { Client } from '../../client/client.ts';
import type { Dialer } from '../../platform/dial.ts';
import { silentLog } from '../../platform/log.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import { systemProcesses } from '../../platform/processes.ts';
import { seededRandom } from '../../platform/random.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import type { KubeletIntervals } from '../config.ts';
import { createKubelet } from '../kubelet.ts';
import { simulatedHost } from '../node/simulated-host.ts';
import { SimulatedRuntime } from '../runtimes/simulated/runtime.ts';
import { TestApi } from './test-api.ts';

export interface TestNodeOptions {
  /** The addresses of its pods; none where its Node says them later. */
  podCidrs?: readonly string[];
  /** Its own; `192.0.2.1` unless given. */
  addresses?: readonly string[];
  intervals?: Partial<KubeletIntervals>;
}

/** A kubelet on a simulated node, before a fake API, on a clock that moves when told to. */
export class TestNode {
  readonly api = new TestApi();
  readonly clock = new VirtualClock();
  readonly random = seededRandom(7);
  readonly files = new MemoryFiles();
  readonly runtime: SimulatedRuntime;
  readonly dialer: Dialer;
  readonly #addresses: readonly string[];
  readonly #intervals: Partial<KubeletIntervals> | undefined;
  #abort = new AbortController();
  #run: Promise<void> = Promise.resolve();

  constructor(
    dialer: Partial<Dialer> = {},
    { podCidrs = ['10.244.1.0/24'], addresses = ['192.0.2.1'], intervals }: TestNodeOptions = {},
  ) {
    const { clock, random, files } = this;
    this.runtime = new SimulatedRuntime({ clock, random, files, ...(podCidrs.length > 0 && { podCidrs }) });
    this.#intervals = intervals;
    this.#addresses = addresses;
    const refuse = async () => {
      throw new Error('nothing to dial');
    };
    this.dialer = { httpGet: refuse, tcp: refuse, grpc: refuse, ...dialer };
    this.api.add(serviceaccounts, { metadata: { name: 'default', namespace: 'default' } });
  }

  async start(): Promise<void> {
    const { clock, random, files, runtime, dialer } = this;
    this.#abort = new AbortController();
    const kubelet = createKubelet({
      client: new Client(this.api),
      runtime,
      platform: { clock, random, files, log: silentLog, processes: systemProcesses },
      host: simulatedHost({ nodeName: 'n1', cpus: 4, memoryBytes: 8 * 2 ** 30, diskBytes: 2 ** 36, files }),
      dialer,
      nodeName: 'n1',
      dirs: {
        root: '/kubelet',
        logs: '/logs',
        logLinks: { dir: '/links', podLogs: '/logs' },
        staticPods: '/manifests',
      },
      node: { addresses: this.#addresses.map((address) => ({ type: 'InternalIP', address })) },
      cluster: { dnsServers: ['10.96.0.10'], domain: 'cluster.local' },
      intervals: this.#intervals,
    });
    this.#run = kubelet.run(this.#abort.signal);
    await this.until(() => this.api.get(nodes, '', 'n1') !== undefined);
  }

  /** Stops the kubelet; what runs goes on. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.clock.advance(1);
    await this.#run;
  }

  /** Moves time on until the condition holds; fails after ten minutes of it. */
  async until(condition: () => boolean): Promise<void> {
    for (let spent = 0; spent < 6000; spent++) {
      if (condition()) return;
      await this.clock.advance(100);
    }
    throw new Error(`still not so: ${condition}`);
  }

  create(name: string, spec: Partial<Pod['spec']>, annotations?: Record<string, string>): Pod {
    return this.api.add(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', annotations },
      spec: { nodeName: 'n1', terminationGracePeriodSeconds: 30, containers: [container('c')], ...spec },
    });
  }

  pod(name: string): Pod | undefined {
    return this.api.get(pods, 'default', name);
  }

  /** What was told about a pod: `Reason: message`, in order. */
  told(name: string): string[] {
    const about = this.api.list(events).filter((e) => e.involvedObject.name === name);
    return about.map((e) => `${e.reason}: ${e.message}`);
  }
}

/** A container of a test pod. */
export function container(name: string, more: Partial<Container> = {}): Container {
  return { name, image: `registry.example/${name}:1`, ...more };
}
