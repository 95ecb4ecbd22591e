import type { Node } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { IpamMetrics } from './metrics.ts';
import { Blocks } from './plan.ts';

export interface NodeIpamOptions {
  /** Addresses of all pods, such as `10.244.0.0/16`. */
  podRange: string;
  /** Bits of the part that one node gets. */
  nodeBits: number;
}

/** Gives every node its own part of the pods' addresses. */
export function createNodeIpamController(context: ControllerContext, options: NodeIpamOptions): Component {
  const informer = context.informers.of(nodes);
  return createController({
    name: 'node-ipam-controller',
    queueName: 'cidrallocator_node',
    context,
    // One at a time: two nodes must not get the same part.
    workers: 1,
    setup: ({ queue }) => {
      const blocks = new Blocks(options.podRange, options.nodeBits);
      const metrics = new IpamMetrics(context.meter, options.podRange, blocks);
      /** What nodes are being given, by their uids; it shows in them a little later. */
      const given = new Map<string, string>();
      const without = new Set<string>();
      const look = (node: Stored<Node>) => {
        for (const block of blocksOf(node)) metrics.counting(() => blocks.take(block));
        if (!node.spec?.podCIDR) queue.add(keyOf(node));
      };
      informer.onChange({
        added: look,
        updated: (node, old) => {
          if (!node.spec?.podCIDR || node.spec.podCIDR !== old.spec?.podCIDR) look(node);
        },
        deleted: (node) => {
          for (const block of [...blocksOf(node), given.get(node.metadata.uid)])
            if (block !== undefined) metrics.counting(() => blocks.giveBack(block));
          given.delete(node.metadata.uid);
          without.delete(keyOf(node));
          for (const name of without) queue.add(name);
        },
      });
      return async (name) => {
        const node = informer.get(name);
        if (!node || node.spec?.podCIDR) return done;
        const block = given.get(node.metadata.uid) ?? metrics.counting(() => blocks.takeNext());
        if (block === undefined) {
          without.add(name);
          const reason = `no part of ${options.podRange} is left for the pods of this node`;
          const message = `Node ${name} status is now: CIDRNotAvailable`;
          context.events.record(node, { type: 'Normal', reason: 'CIDRNotAvailable', message });
          return { type: 'hopeless', reason };
        }
        without.delete(name);
        given.set(node.metadata.uid, block);
        const cause = causedBy(node, 'the node has no addresses for its pods yet');
        const { uid } = node.metadata;
        const patch = { metadata: { uid }, spec: { podCIDR: block, podCIDRs: [block] } };
        await context.client
          .of(nodes)
          .patch(node.metadata, patch, { type: 'application/strategic-merge-patch+json', cause });
        return done;
      };
    },
  });
}

const blocksOf = ({ spec }: Node) => spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
