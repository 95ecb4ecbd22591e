import type { Node } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { CountedBlocks } from './metrics.ts';
import { Blocks } from './plan.ts';

/** A range of the pods' addresses, of which each node gets a part. */
export interface PodRange {
  /** Such as `10.244.0.0/16`. */
  readonly cidr: string;
  /** With how many bits all addresses of the part of one node begin. */
  readonly nodeBits: number;
}

export interface NodeIpamOptions {
  /** One, or two of different families. */
  readonly podRanges: readonly PodRange[];
}

/** Gives every node its own part of the pods' addresses, of each family. */
export function createNodeIpamController(context: ControllerContext, options: NodeIpamOptions): Component {
  const informer = context.informers.of(nodes);
  return createController({
    name: 'node-ipam-controller',
    queueName: 'cidrallocator_node',
    context,
    // One at a time: two nodes must not get the same part.
    workers: 1,
    setup: ({ queue }) => {
      const ranges = options.podRanges.map(
        ({ cidr, nodeBits }) => new CountedBlocks(context.meter, new Blocks(cidr, nodeBits)),
      );
      /** What nodes are being given, by their uids; it shows in them a little later. */
      const given = new Map<string, readonly string[]>();
      const without = new Set<string>();
      const look = (node: Stored<Node>) => {
        for (const block of blocksOf(node)) for (const range of ranges) range.take(block);
        if (!node.spec?.podCIDR) queue.add(keyOf(node));
      };
      informer.onChange({
        added: look,
        updated: (node, old) => {
          if (!node.spec?.podCIDR || node.spec.podCIDR !== old.spec?.podCIDR) look(node);
        },
        deleted: (node) => {
          for (const block of [...blocksOf(node), ...(given.get(node.metadata.uid) ?? [])])
            for (const range of ranges) range.giveBack(block);
          given.delete(node.metadata.uid);
          without.delete(keyOf(node));
          for (const name of without) queue.add(name);
        },
      });
      return async (name) => {
        const node = informer.get(name);
        if (!node || node.spec?.podCIDR) return done;
        const blocks = given.get(node.metadata.uid) ?? takeOfEach(ranges);
        if (typeof blocks === 'string') {
          without.add(name);
          const reason = `no part of ${blocks} is left for the pods of this node`;
          const message = `Node ${name} status is now: CIDRNotAvailable`;
          context.events.record(node, { type: 'Normal', reason: 'CIDRNotAvailable', message });
          return { type: 'hopeless', reason };
        }
        without.delete(name);
        given.set(node.metadata.uid, blocks);
        const cause = causedBy(node, 'the node has no addresses for its pods yet');
        const { uid } = node.metadata;
        const patch = { metadata: { uid }, spec: { podCIDR: blocks[0], podCIDRs: blocks } };
        await context.client
          .of(nodes)
          .patch(node.metadata, patch, { type: 'application/strategic-merge-patch+json', cause });
        return done;
      };
    },
  });
}

/** Takes a part of each range; where one of them is used up none is taken, and it is told which. */
function takeOfEach(ranges: readonly CountedBlocks[]): readonly string[] | string {
  const full = ranges.find(({ blocks: { sizes } }) => sizes.taken >= sizes.all);
  return full?.blocks.range ?? ranges.flatMap((range) => range.takeNext() ?? []);
}

const blocksOf = ({ spec }: Node) => spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
