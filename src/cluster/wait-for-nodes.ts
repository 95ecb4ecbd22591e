import type { Node } from '../api/core/v1.ts';
import { leases, nodes } from '../api/generated/resources.ts';
import type { Client } from '../client/client.ts';
import type { Clock } from '../platform/clock.ts';
import { UserError } from './user-error.ts';

const readyOf = (node: Node | undefined) => node?.status?.conditions?.find((c) => c.type === 'Ready');

/** Nodes that have renewed their lease since. Lease times are exact to a microsecond. */
async function aliveSince(client: Client, sinceMs: number): Promise<Set<string>> {
  const { items } = await client.of(leases).list({ namespace: 'kube-node-lease' });
  const fresh = items.filter((lease) => Date.parse(lease.spec?.renewTime ?? '') >= sinceMs);
  return new Set(fresh.map((lease) => lease.metadata.name));
}

/** What keeps a node from being ready, in one line. */
function whyNotReady(name: string, node: Node | undefined): string {
  if (!node) return `${name} has not registered`;
  const condition = readyOf(node);
  return `${name}: ${condition?.message ?? 'says nothing of its readiness'}`;
}

const shortestPauseMs = 25;
/** Nodes that a message names. */
const mostNamed = 5;

export interface WaitOptions {
  client: Client;
  clock: Clock;
  names: readonly string[];
  timeoutMs: number;
  /** Only what nodes say after this moment counts: an old Node may still say that it is ready. */
  sinceMs: number;
  /** Resolves with the reason when waiting has become pointless. */
  failed: Promise<string>;
}

/** Resolves once all nodes are ready; rejects with what the first that are not lack. */
export async function waitForNodes(options: WaitOptions): Promise<void> {
  const { client, clock, names, timeoutMs } = options;
  const deadlineMs = clock.monotonic() + timeoutMs;
  let failure: string | undefined;
  void options.failed.then((reason) => {
    failure = reason;
  });
  for (;;) {
    const { items } = await client.of(nodes).list();
    const byName = new Map(items.map((node) => [node.metadata.name, node]));
    const alive = await aliveSince(client, options.sinceMs);
    const isReady = (name: string) => alive.has(name) && readyOf(byName.get(name))?.status === 'True';
    const missing = names.filter((name) => !isReady(name));
    if (missing.length === 0) return;
    if (failure !== undefined) throw new UserError(failure);
    if (clock.monotonic() > deadlineMs) {
      const reasons = missing.slice(0, mostNamed).map((name) => whyNotReady(name, byName.get(name)));
      if (missing.length > mostNamed) reasons.push(`${missing.length - mostNamed} more are not ready either`);
      throw new UserError(
        `not ready after ${timeoutMs / 1000} s: ${reasons.join('; ')}`,
        'the logs of a node stand in the data directory under nodes/',
      );
    }
    // A look at many takes long itself.
    await clock.sleep(Math.max(shortestPauseMs, names.length));
  }
}
