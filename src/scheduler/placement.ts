import type { Pod } from '../api/core/v1.ts';
import { pods } from '../api/generated/resources.ts';
import type { Stored } from '../api/resource.ts';
import type { Client } from '../client/client.ts';
import { causedBy } from '../client/transport.ts';
import type { Extender } from './extenders/extender.ts';
import type { Extenders } from './extenders/extenders.ts';
import { type Decision, type Plugin, Rejected } from './framework/framework.ts';
import { statusOfRefusal } from './framework/stopwatch.ts';
import type { Attempt } from './metrics/profile-metrics.ts';

/** A pod on its way to the node that was chosen, and what its binding needs. */
export interface Placement {
  attempt: Attempt;
  decision: Decision;
  node: string;
  signal: AbortSignal;
  /** The pod says that it goes there. */
  isAnnounced?: boolean;
  extenders?: Extenders;
}

export function reserve({ attempt: { metrics }, decision, node }: Placement): void {
  metrics.start();
  for (const plugin of decision.profile.at.reserve) {
    const refusal = plugin.reserve?.(decision, node);
    if (!refusal) continue;
    metrics.lap('Reserve', statusOfRefusal(refusal));
    throw new Rejected(refusal);
  }
  metrics.lap('Reserve');
}

/** Undoes what `reserve` and `prepare` have done. */
export async function unreserve({ attempt: { metrics }, decision, node }: Placement): Promise<void> {
  const startMs = metrics.nowMs();
  for (const plugin of [...decision.profile.at.reserve].reverse()) await plugin.unreserve?.(decision, node);
  metrics.took('Unreserve', startMs);
}

/** Whether it takes its time before the pod is bound. */
export function actsBeforeBind({ decision, node }: Placement): boolean {
  const { permit, preBind } = decision.profile.at;
  const acts = (plugin: Plugin) => plugin.actsBeforeBind?.(decision, node) ?? true;
  return permit.some(acts) || preBind.some(acts);
}

/** Does whatever is to be done before the pod is bound; throws where it must not be. */
export async function prepare({ attempt: { metrics }, decision, node, signal }: Placement): Promise<void> {
  const { permit, preBind } = decision.profile.at;
  const permitted = async () => {
    for (const plugin of permit) {
      const refusal = await named('Permit', plugin, () => plugin.permit?.(decision, node, signal));
      if (refusal) throw new Rejected(refusal);
    }
  };
  if (permit.length > 0) await metrics.during('Permit', permitted);
  await metrics.during('PreBind', async () => {
    for (const plugin of preBind)
      await named('PreBind', plugin, () => plugin.preBind?.(decision, node, signal));
  });
}

/** An extender that binds goes before the plugins. */
export function bind(placement: Placement): Promise<void> {
  const { decision, extenders } = placement;
  const binder = extenders?.binderOf(decision.pod.pod);
  return binder ? bindAsking(binder, placement) : bindByPlugins(placement);
}

async function bindAsking(binder: Extender, placement: Placement): Promise<void> {
  const { decision, node, extenders } = placement;
  if (!(await extenders?.bind(binder, decision.pod.pod, node))) await bindByPlugins(placement);
}

function bindByPlugins({ attempt: { metrics }, decision, node }: Placement): Promise<void> {
  return metrics.during('Bind', async () => {
    for (const plugin of decision.profile.at.bind)
      if (await named('Bind', plugin, () => plugin.bind?.(decision, node))) return;
  });
}

export function postBind({ attempt: { metrics }, decision, node }: Placement): void {
  const plugins = decision.profile.at.postBind;
  if (plugins.length === 0) return;
  const startMs = metrics.nowMs();
  for (const plugin of plugins) plugin.postBind?.(decision, node);
  metrics.took('PostBind', startMs);
}

/** What goes wrong says, in upstream's words, with whom. */
async function named<T>(
  point: string,
  { name }: Plugin,
  run: () => Promise<T> | undefined,
): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`running ${point} plugin "${name}": ${text}`, { cause: error });
  }
}

/** Says where a pod is going to be, so that nobody takes the node for idle meanwhile. (KEP-5278) */
export async function announce(client: Client, pod: Stored<Pod>, node: string): Promise<void> {
  if (pod.status?.nominatedNodeName === node) return;
  const cause = causedBy({ ...pod, apiVersion: 'v1', kind: 'Pod' }, `the pod is about to go to ${node}`);
  const patch = { status: { nominatedNodeName: node } };
  const type = 'application/merge-patch+json';
  await client.of(pods).patch(pod.metadata, patch, { type, subresource: 'status', cause });
}
