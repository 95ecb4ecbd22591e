import type { UserInfo } from '../../apiserver/registry/kind.ts';
import type { ApiServer } from '../../apiserver/server.ts';
import type { Discovery } from '../../apiserver/discovery/discovery.ts';
import { Client } from '../../client/client.ts';
import type { Component } from '../../client/component.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { Informers } from '../../client/informers.ts';
import type { Transport } from '../../client/transport.ts';
import { createControllers } from '../../controllers/all.ts';
import type { Discover, ServedResource } from '../../controllers/discovery.ts';
import type { ControllerContext } from '../../controllers/controller.ts';
import type { Platform } from '../../platform/platform.ts';
import { createScheduler } from '../../scheduler/scheduler.ts';
import { discover } from '../discover.ts';
import { network } from '../options.ts';
import { runComponents } from '../run-components.ts';
import type { Life } from './life.ts';

type World = Pick<Platform, 'clock' | 'random' | 'log'>;

/** What one process of the control plane is given. */
export interface ProcessParts {
  life: Life;
  world: World;
  /** The way to the API server as some user. */
  transportFor(user: UserInfo): Transport;
}

/** A controller that takes the place of the cluster's own, by its name. */
export type ControllerReplacements = Record<
  string,
  (context: ControllerContext, more: { discover: Discover }) => Component
>;

const authenticated = 'system:authenticated';
const serviceAccount = (name: string): UserInfo => ({
  name: `system:serviceaccount:kube-system:${name}`,
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', authenticated],
});
const systemUser = (name: string): UserInfo => ({ name: `system:${name}`, groups: [authenticated] });

/** Stands for the certificate of an authority in what controllers publish: nobody connects. */
const authority = 'a simulated cluster has no certificates';

function contextOf({ world, transportFor }: ProcessParts, user: UserInfo, informers: Informers) {
  const client = new Client(transportFor(user));
  const component = user.name.slice(user.name.lastIndexOf(':') + 1);
  const events = new EventRecorder({ client, ...world, source: { component } });
  return { client, informers, events, ...world };
}

function informersOf({ world, transportFor, life }: ProcessParts, user: UserInfo): Informers {
  const informers = new Informers({ client: new Client(transportFor(user)), ...world });
  informers.start(life.signal);
  return informers;
}

function run(components: readonly Component[], { life, world }: ProcessParts): void {
  const running = runComponents(components, world);
  life.signal.addEventListener('abort', () => void running.stop(), { once: true });
}

/** What is served changes rarely, and is asked for every few seconds of days that pass in moments. */
function remembering(current: () => ApiServer | undefined): Discover {
  let last: { discovery: Discovery; server: ApiServer; rows: readonly ServedResource[] } | undefined;
  return async (more) => {
    const server = current();
    if (!server) throw new Error('the API server does not answer');
    const discovery = server.discovery();
    if (more?.undiscovered) return discover(server, more);
    if (last?.discovery !== discovery || last.server !== server)
      last = { discovery, server, rows: discover(server, more) };
    return last.rows;
  };
}

/** All controllers, on informers that they share. */
export function runControllerManager(
  parts: ProcessParts,
  options: {
    server(): ApiServer | undefined;
    replacements: ControllerReplacements;
    nodeLifecycle?: { graceMs: number };
  },
): void {
  const informers = informersOf(parts, systemUser('kube-controller-manager'));
  const contextFor = (name: string) => contextOf(parts, serviceAccount(name), informers);
  const discovered = remembering(options.server);
  const controllers = createControllers({
    contextFor,
    discover: discovered,
    authority,
    podRange: network.podRange,
    nodeBits: network.nodeBits,
    dnsAddress: network.dnsAddress,
    nodeLifecycle: options.nodeLifecycle,
  });
  const replaced = controllers.map(
    (own) => options.replacements[own.name]?.(contextFor(own.name), { discover: discovered }) ?? own,
  );
  run(replaced, parts);
}

/** The scheduler. */
export function runScheduler(parts: ProcessParts): void {
  const user = systemUser('kube-scheduler');
  const context = contextOf(parts, user, informersOf(parts, user));
  const source = { component: 'default-scheduler' };
  const events = new EventRecorder({ client: context.client, ...parts.world, source });
  run([createScheduler({ ...context, events })], parts);
}
