import type { Node } from '../api/core/v1.ts';
import type { ServiceCIDR } from '../api/networking/v1.ts';
import { nodes, servicecidrs } from '../api/generated/resources.ts';
import type { Component } from '../client/component.ts';
import type { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import {
  type AddressFamily,
  addressFamilies,
  familyOf,
  ipv4,
  plainNetwork,
} from '../machinery/address-family.ts';
import { internalAddress, ownServiceRanges } from '../machinery/service-ranges.ts';
import type { Platform } from '../platform/platform.ts';
import { orAborted } from '../platform/on-abort.ts';
import { runNft } from '../platform/nft.ts';
import { mustRun } from '../platform/processes.ts';
import { cniConfig, cniFileName } from './cni.ts';
import { InOrder } from './in-order.ts';
import {
  deviceIn,
  ipOption,
  parseRoutes,
  podCidrsOf,
  podRoutes,
  type Routes,
  routeChanges,
  routeProtocol,
  serviceRoutes,
} from './routes.ts';

export interface NetworkOptions {
  nodeName: string;
  informers: Informers;
  platform: Pick<Platform, 'processes' | 'files' | 'clock' | 'log'>;
  /** Directory in which the container runtime looks for its network. */
  cniConfigDir: string;
  cniStateDir: string;
  /** Addresses of all pods of the cluster, one range a family. */
  podRanges: readonly string[];
  /** Largest packet between nodes, bytes. */
  mtu: number;
}

/** The table for pods' packets that leave the node. */
export const table = 'k8ts-network';
/** Somebody else may have removed our routes: they are looked at this often even if nothing changes. */
const lookAgainMs = 30_000;

/** Pods' packets that leave the pods' network carry the node's address, or their answers would not come back. */
function masqueradeScript(podCidr: string, podRange: string): string {
  const family = familyOf(podCidr);
  const { nft } = family;
  const multicast = family === ipv4 ? '224.0.0.0/4' : 'ff00::/8';
  const leaves = `${nft} daddr != ${podRange} ${nft} daddr != ${multicast}`;
  return [
    `add table ${nft} ${table}`,
    `delete table ${nft} ${table}`,
    `add table ${nft} ${table}`,
    `add chain ${nft} ${table} postrouting { type nat hook postrouting priority srcnat + 1; policy accept; }`,
    `add rule ${nft} ${table} postrouting ${nft} saddr ${podCidr} ${leaves} masquerade`,
    '',
  ].join('\n');
}

/** Gives the pods of one node their network, and the node the way to the pods of the others and to Services. */
export function createNetwork(options: NetworkOptions): Component {
  return { name: 'network', run: (signal) => new Network(options).run(signal) };
}

class Network {
  readonly #options: NetworkOptions;
  readonly #nodes: Informer<Node>;
  readonly #serviceCidrs: Informer<ServiceCIDR>;
  readonly #order: InOrder;
  readonly #families: readonly AddressFamily[];
  #podCidrs = '';

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#families = addressFamilies.filter((family) => this.#rangeOf(family) !== undefined);
    this.#nodes = options.informers.of(nodes);
    this.#serviceCidrs = options.informers.of(servicecidrs);
    const { clock, log } = options.platform;
    const lookAgain = { afterMs: lookAgainMs, look: () => this.#order.changed() };
    this.#order = new InOrder({ what: 'pod network', sync: () => this.#sync(), lookAgain, clock, log });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { changed } = this.#order;
    this.#nodes.onChange({
      added: changed,
      deleted: changed,
      updated: (node, old) => void (isMoved(node, old) && changed()),
    });
    this.#serviceCidrs.onChange({ added: changed, deleted: changed });
    await orAborted(Promise.all([this.#nodes.synced, this.#serviceCidrs.synced]), signal);
    await this.#order.run(signal);
  }

  async #sync(): Promise<void> {
    const { nodeName, platform } = this.#options;
    const own = this.#nodes.get(nodeName);
    const podCidrs = own ? podCidrsOf(own) : [];
    if (podCidrs.length > 0 && podCidrs.join() !== this.#podCidrs) {
      await this.#installPodNetwork(podCidrs);
      this.#podCidrs = podCidrs.join();
    }
    const lines: string[] = [];
    for (const family of this.#families) {
      const listing = [ipOption(family), 'route', 'show', 'proto', routeProtocol];
      const listed = await mustRun(platform.processes, 'ip', listing);
      lines.push(...routeChanges(parseRoutes(listed), await this.#wantedRoutes(family)));
    }
    // A way that the kernel refuses, to an address that is not on its network, keeps none of the others from being made.
    if (lines.length > 0)
      await mustRun(platform.processes, 'ip', ['-force', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }

  /** The addresses of all pods of the family. */
  #rangeOf(family: AddressFamily): string | undefined {
    return this.#options.podRanges.find((range) => familyOf(range) === family);
  }

  async #wantedRoutes(family: AddressFamily): Promise<Routes> {
    const { nodeName, platform } = this.#options;
    const all = this.#nodes.list();
    const own = this.#nodes.get(nodeName);
    const address = own && internalAddress(own, family);
    const serviceCidrs = this.#serviceCidrs.list();
    // What the node sends to a Service itself is to come as far as the proxy's rules.
    const ranges = ownServiceRanges({ serviceCidrs, nodes: all, podRange: this.#rangeOf(family), family });
    const pods = podRoutes(all, nodeName, family);
    if (!address || ranges.length === 0) return pods;
    const shown = await mustRun(platform.processes, 'ip', [
      ipOption(family),
      '-oneline',
      'address',
      'show',
      'to',
      address,
    ]);
    const device = deviceIn(shown);
    return device === undefined
      ? pods
      : new Map([...pods, ...serviceRoutes(ranges, family, { device, address })]);
  }

  async #installPodNetwork(given: readonly string[]): Promise<void> {
    const { platform, mtu, cniConfigDir, cniStateDir } = this.#options;
    const podCidrs = given.map((cidr) => plainNetwork(cidr, familyOf(cidr)) ?? cidr);
    const wrong = podCidrs.find((cidr) => plainNetwork(cidr, familyOf(cidr)) === undefined);
    if (wrong !== undefined) throw new Error(`podCIDR ${JSON.stringify(wrong)} is no network`);
    for (const cidr of podCidrs)
      await runNft(platform.processes, masqueradeScript(cidr, this.#rangeOf(familyOf(cidr)) ?? cidr));
    await platform.files.makeDir(cniConfigDir);
    // In place: the runtime does not notice a file that is renamed into the directory.
    await platform.files.write(
      `${cniConfigDir}/${cniFileName}`,
      cniConfig({ podCidrs, mtu, stateDir: cniStateDir }),
    );
  }
}

function isMoved(node: Node, old: Node): boolean {
  return (
    podCidrsOf(node).join() !== podCidrsOf(old).join() ||
    JSON.stringify(node.status?.addresses) !== JSON.stringify(old.status?.addresses)
  );
}
