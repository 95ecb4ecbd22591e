import type { Lease } from '../../api/coordination/v1.ts';
import { leases, nodes } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { hasReason, ignoring } from '../../machinery/status-error.ts';
import { formatMicroTime } from '../../platform/clock.ts';
import type { NodeContext } from '../pods/context.ts';

const namespace = 'kube-node-lease';
const durationSeconds = 40;
/** As often as upstream: a node must not seem dead because somebody else writes as well. */
const mostTries = 5;
const cause = { reason: 'the node tells that it is alive' };

/** The node's heartbeat: cheap to write, so it comes often. */
export class NodeLease {
  readonly #context: NodeContext;
  #lease: Stored<Lease> | undefined;

  constructor(context: NodeContext) {
    this.#context = context;
  }

  /** Renews the lease, and makes it where there is none. Where somebody else has changed it, it is tried again at once. */
  async renew(): Promise<void> {
    for (let triesLeft = mostTries; ; triesLeft--) {
      try {
        return await this.#renewOnce();
      } catch (error) {
        if (triesLeft === 1 || !hasReason(error, 'Conflict')) throw error;
      }
    }
  }

  async #renewOnce(): Promise<void> {
    const { client, platform, nodeName } = this.#context;
    const renewTime = formatMicroTime(platform.clock.now());
    const held = this.#lease ?? (await this.#find());
    if (!held) {
      this.#lease = await client.of(leases).create(await this.#fresh(renewTime), { cause });
      return;
    }
    this.#lease = undefined;
    const spec = { ...held.spec, holderIdentity: nodeName, leaseDurationSeconds: durationSeconds, renewTime };
    const own = held.metadata.ownerReferences?.length ? {} : { ownerReferences: await this.#owner() };
    this.#lease = await client
      .of(leases)
      .update({ ...held, metadata: { ...held.metadata, ...own }, spec }, { cause });
  }

  async #find(): Promise<Stored<Lease> | undefined> {
    const { client, nodeName } = this.#context;
    return client.of(leases).get({ namespace, name: nodeName }).catch(ignoring('NotFound'));
  }

  async #fresh(renewTime: string): Promise<Lease> {
    const { nodeName } = this.#context;
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: nodeName, namespace, ownerReferences: await this.#owner() },
      spec: { holderIdentity: nodeName, leaseDurationSeconds: durationSeconds, renewTime },
    };
  }

  /** With the node its lease goes too. */
  async #owner(): Promise<NonNullable<Lease['metadata']['ownerReferences']>> {
    const { client, nodeName } = this.#context;
    const node = await client.of(nodes).get({ name: nodeName });
    return [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid }];
  }
}
