import type { Node } from '../../api/core/v1.ts';
import { csinodes, nodes } from '../../api/generated/resources.ts';
import type { CSINodeDriver } from '../../api/storage/v1.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { ignoring } from '../../machinery/status-error.ts';
import type { Plugin, PluginHandler } from '../plugins/plugin-registry.ts';
import type { NodeContext } from '../pods/context.ts';
import { VolumeError } from '../volumes/payload.ts';
import type { CsiDriver, DriverNode } from './csi-driver.ts';

const cause = { reason: 'a driver of volumes has come or gone' };
const mergePatch = 'application/merge-patch+json';
const nodeIds = 'csi.volume.kubernetes.io/nodeid';
const mostCounted = 2n ** 31n - 1n;

/** The CSI drivers of this node. What they say of it stands in its CSINode, and in its Node's labels. */
export class CsiDrivers implements PluginHandler {
  readonly #context: NodeContext;
  readonly #drivers = new Map<string, { plugin: Plugin; driver: CsiDriver }>();

  constructor(context: NodeContext) {
    this.#context = context;
  }

  /** The driver of a name. Throws where it has not made itself known, or has gone. */
  get(name: string): CsiDriver {
    const found = this.#drivers.get(name);
    if (found) return found.driver;
    throw new VolumeError(`driver name ${name} not found in the list of registered CSI drivers`);
  }

  async register(plugin: Plugin): Promise<void> {
    const { name, endpoint, versions } = plugin;
    if (!versions.some((version) => /^v?1\./.test(version))) {
      const said = versions.map((version) => JSON.stringify(version)).join(' ');
      throw new Error(
        `kubernetes.io/csi: validation failed for CSI Driver ${name} at endpoint ${endpoint}: none of the versions specified [${said}] are supported`,
      );
    }
    const { CsiDriver } = await import('./csi-driver.ts');
    const driver = await CsiDriver.connect(name, endpoint, this.#context.platform.clock);
    try {
      const told = await driver.node();
      await this.#noteOnNode(name, told);
      await this.#noteOnCsiNode(name, told);
    } catch (error) {
      driver.close();
      throw error;
    }
    this.#drivers.get(name)?.driver.close();
    this.#drivers.set(name, { plugin, driver });
  }

  async deregister(plugin: Plugin): Promise<void> {
    const found = this.#drivers.get(plugin.name);
    if (found?.plugin !== plugin) return;
    this.#drivers.delete(plugin.name);
    found.driver.close();
    await this.#patchDrivers([{ $patch: 'delete', name: plugin.name }]);
    const ids = idsOf(await this.#node());
    delete ids[plugin.name];
    await this.#patchNode({ annotations: { [nodeIds]: textOf(ids) } });
  }

  #node() {
    const { client, nodeName } = this.#context;
    return client.of(nodes).get({ name: nodeName });
  }

  async #noteOnNode(driver: string, { nodeId, topology }: DriverNode): Promise<void> {
    const node = await this.#node();
    const { labels = {} } = node.metadata;
    for (const [key, value] of Object.entries(topology)) {
      if (labels[key] === undefined || labels[key] === value) continue;
      const [said, stands] = [`"${key}":"${value}"`, `"${key}":"${labels[key]}"`];
      throw new Error(
        `detected topology value collision: driver reported ${said} but existing label is ${stands}`,
      );
    }
    const ids = { ...idsOf(node), [driver]: nodeId };
    const isKnown = Object.keys(topology).every((key) => Object.hasOwn(labels, key));
    if (isKnown && deepEqual(ids, idsOf(node))) return;
    await this.#patchNode({ labels: topology, annotations: { [nodeIds]: textOf(ids) } });
  }

  async #patchNode(metadata: object): Promise<void> {
    const { client, nodeName } = this.#context;
    await client.of(nodes).patch({ name: nodeName }, { metadata }, { type: mergePatch, cause });
  }

  async #noteOnCsiNode(name: string, { nodeId, maxVolumes, topology }: DriverNode): Promise<void> {
    const count = Number(maxVolumes > mostCounted ? mostCounted : maxVolumes);
    const topologyKeys = Object.keys(topology).sort();
    const wanted: CSINodeDriver = {
      name,
      nodeID: nodeId,
      topologyKeys,
      ...(count > 0 && { allocatable: { count } }),
    };
    const { client, nodeName } = this.#context;
    const { spec } = await client.of(csinodes).get({ name: nodeName });
    const stands = spec.drivers?.find((driver) => driver.name === name);
    if (stands && deepEqual({ ...stands, topologyKeys: stands.topologyKeys ?? [] }, wanted)) return;
    // What a driver said before cannot be changed, but it can go.
    if (stands) await this.#patchDrivers([{ $patch: 'delete', name }]);
    await this.#patchDrivers([wanted]);
  }

  async #patchDrivers(drivers: readonly object[]): Promise<void> {
    const { client, nodeName } = this.#context;
    const type = 'application/strategic-merge-patch+json';
    await client
      .of(csinodes)
      .patch({ name: nodeName }, { spec: { drivers } }, { type, cause })
      .catch(ignoring('NotFound'));
  }
}

/** What each driver calls the node, as an annotation says. */
function idsOf({ metadata }: Node): Record<string, string> {
  try {
    return JSON.parse(metadata.annotations?.[nodeIds] ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

const textOf = (ids: Record<string, string>) => (Object.keys(ids).length > 0 ? JSON.stringify(ids) : null);
