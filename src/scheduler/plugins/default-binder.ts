import type { Binding } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import type { Client } from '../../client/client.ts';
import { causedBy } from '../../client/transport.ts';
import type { Plugin } from '../framework/framework.ts';

/** Tells the API server where the pod goes. */
export function defaultBinder(client: Client): Plugin {
  return {
    name: 'DefaultBinder',
    async bind({ pod: { pod } }, node) {
      const { name, namespace, uid } = pod.metadata;
      const target = { apiVersion: 'v1', kind: 'Node', name: node };
      const binding: Binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target,
      };
      const cause = causedBy(
        { ...pod, apiVersion: 'v1', kind: 'Pod' },
        `${node} is the best of the nodes that it fits on`,
      );
      await client.of(pods).postSubresource({ name, namespace }, 'binding', binding, { cause });
      return true;
    },
  };
}
