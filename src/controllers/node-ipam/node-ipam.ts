import { nodes } from '../../api/generated/resources.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { nextBlock } from './plan.ts';

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
    context,
    // One at a time: two nodes must not get the same part.
    workers: 1,
    setup: ({ queue }) => {
      const given = new Map<string, string>();
      informer.onChange({
        added: (node) => queue.add(keyOf(node)),
        updated: (node) => queue.add(keyOf(node)),
        deleted: (node) => void given.delete(node.metadata.uid),
      });
      return async (name) => {
        const node = informer.get(name);
        if (!node || node.spec?.podCIDR) return done;
        const seen = informer.list().flatMap((n) => n.spec?.podCIDRs ?? n.spec?.podCIDR ?? []);
        const block = nextBlock(options.podRange, options.nodeBits, new Set([...seen, ...given.values()]));
        if (block === undefined) {
          const message = `no part of ${options.podRange} is left for the pods of this node`;
          context.events.record(node, { type: 'Warning', reason: 'CIDRNotAvailable', message });
          return { type: 'hopeless', reason: message };
        }
        given.set(node.metadata.uid, block);
        const cause = causedBy(node, 'the node has no addresses for its pods yet');
        const patch = { spec: { podCIDR: block, podCIDRs: [block] } };
        await context.client
          .of(nodes)
          .patch(node.metadata, patch, { type: 'application/strategic-merge-patch+json', cause });
        return done;
      };
    },
  });
}
