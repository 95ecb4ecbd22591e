import type { Node } from '../api/core/v1.ts';
import { nodes } from '../api/generated/resources.ts';
import type { Client } from '../client/client.ts';
import type { Clock } from '../platform/clock.ts';
import { UserError } from './user-error.ts';

const readyOf = (node: Node) => node.status?.conditions?.find((c) => c.type === 'Ready');

/** What keeps a node from being ready, in one line. */
function whyNotReady(name: string, node: Node | undefined): string {
  if (!node) return `${name} has not registered`;
  const condition = readyOf(node);
  return `${name}: ${condition?.message ?? 'says nothing of its readiness'}`;
}

export interface WaitOptions {
  client: Client;
  clock: Clock;
  names: readonly string[];
  timeoutMs: number;
  /** Resolves with the reason when waiting has become pointless. */
  failed: Promise<string>;
}

/** Resolves once all nodes are ready; rejects with what each one lacks. */
export async function waitForNodes(options: WaitOptions): Promise<void> {
  const { client, clock, names, timeoutMs } = options;
  const deadlineMs = clock.monotonic() + timeoutMs;
  let failure: string | undefined;
  void options.failed.then((reason) => {
    failure = reason;
  });
  for (;;) {
    const { items } = await client.of(nodes).list();
    const missing = names.filter(
      (name) =>
        readyOf((items.find((n) => n.metadata.name === name) as Node) ?? ({} as Node))?.status !== 'True',
    );
    if (missing.length === 0) return;
    if (failure !== undefined) throw new UserError(failure);
    if (clock.monotonic() > deadlineMs) {
      const reasons = missing.map((name) =>
        whyNotReady(
          name,
          items.find((n) => n.metadata.name === name),
        ),
      );
      throw new UserError(
        `not ready after ${timeoutMs / 1000} s: ${reasons.join('; ')}`,
        'the logs of a node stand in the data directory under nodes/',
      );
    }
    await clock.sleep(25);
  }
}
