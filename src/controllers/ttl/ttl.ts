import type { Node } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { nextRange, ttlSecondsOf } from './plan.ts';

const annotation = 'node.alpha.kubernetes.io/ttl';

/** Tells kubelets, by an annotation of each node, for how many seconds they may keep ConfigMaps and Secrets without asking. */
export function createTtlController(context: ControllerContext): Component {
  const informer = context.informers.of(nodes);
  return createController({
    name: 'ttl-controller',
    queueName: 'ttlcontroller',
    context,
    setup: ({ queue }) => {
      let [count, range] = [0, 0];
      const add = (node: Stored<Node>) => queue.add(keyOf(node));
      const recount = (more: number) => {
        count += more;
        const next = nextRange(range, count);
        if (next === range) return;
        range = next;
        for (const node of informer.list()) add(node);
      };
      informer.onChange({
        added: (node) => {
          recount(1);
          add(node);
        },
        updated: (node, before) => {
          if (node.metadata.annotations?.[annotation] !== before.metadata.annotations?.[annotation])
            add(node);
        },
        deleted: () => recount(-1),
      });
      return async (name) => {
        const node = informer.get(name);
        const seconds = ttlSecondsOf(range);
        if (!node || Number(node.metadata.annotations?.[annotation] ?? Number.NaN) === seconds) return done;
        const { uid } = node.metadata;
        const patch = { metadata: { uid, annotations: { [annotation]: String(seconds) } } };
        const cause = causedBy(node, `the cluster has ${count} nodes`);
        const type = 'application/strategic-merge-patch+json';
        await context.client.of(nodes).patch(node.metadata, patch, { type, cause });
        return done;
      };
    },
  });
}
