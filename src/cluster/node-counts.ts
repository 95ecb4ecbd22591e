import { nodes } from '../api/generated/resources.ts';
import type { Client } from '../client/client.ts';

/** How many nodes are ready, and how many there are. */
export async function nodeCounts(client: Client): Promise<[ready: number, all: number]> {
  const { items } = await client.of(nodes).list();
  const ready = items.filter((node) =>
    node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'),
  );
  return [ready.length, items.length];
}
