import type { UserInfo } from '../../apiserver/registry/kind.ts';
import type { ApiServer } from '../../apiserver/server.ts';
import type { Discovery } from '../../apiserver/discovery/discovery.ts';
import { Client } from '../../client/client.ts';
import type { Component } from '../../client/component.ts';
import { Informers } from '../../client/informers.ts';
import type { Transport } from '../../client/transport.ts';
import type { Discover, ServedResource } from '../../controllers/discovery.ts';
import type { ControllerContext } from '../../controllers/controller.ts';
import { silentMeter } from '../../platform/metrics/meter.ts';
import type { Platform } from '../../platform/platform.ts';
import { controllerManager, type ProcessMeans, scheduler, systemUser } from '../components.ts';
import { discover } from '../discover.ts';
import { runComponents } from '../run-components.ts';
import type { Scheduling } from '../scheduler-configuration.ts';
import { usualServiceNetwork } from '../service-network.ts';
import { UserError } from '../user-error.ts';
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

/** Stands for the certificate of an authority in what controllers publish: nobody connects. */
const authority = 'a simulated cluster has no certificates';

/** What the components of a process share; their informers begin to run. */
function meansOf({ world, transportFor, life }: ProcessParts, name: string): ProcessMeans {
  const informers = new Informers({ client: new Client(transportFor(systemUser(name))), ...world });
  informers.start(life.signal);
  return { transportFor, informers, meter: silentMeter, ...world };
}

function run(components: readonly Component[], { life, world }: ProcessParts): void {
  const running = runComponents(components, world);
  life.signal.addEventListener('abort', () => void running.stop(), { once: true });
}

/** What is served changes rarely, and is asked for every few seconds of days that pass in moments. */
function remembering(current: () => ApiServer | undefined): Discover {
  let last:
    | { discovery: Discovery; server: ApiServer; rows: readonly ServedResource[]; silent: string[] }
    | undefined;
  return async (more) => {
    const server = current();
    if (!server) throw new Error('the API server does not answer');
    const discovery = server.discovery();
    if (last?.discovery !== discovery || last.server !== server) {
      const silent: string[] = [];
      const rows = discover(server, { undiscovered: (groupVersion) => silent.push(groupVersion) });
      last = { discovery, server, rows, silent };
    }
    for (const groupVersion of last.silent) more?.undiscovered?.(groupVersion);
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
  const discovered = remembering(options.server);
  const { controllers, contextFor } = controllerManager(meansOf(parts, 'kube-controller-manager'), {
    discover: discovered,
    authority,
    dnsAddress: usualServiceNetwork.dnsAddress,
    nodeLifecycle: options.nodeLifecycle,
  });
  const names = controllers.map(({ name }) => name);
  const unknown = Object.keys(options.replacements).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UserError(`controllers: there is no ${unknown}; there are ${names.join(', ')}`);
  const replaced = controllers.map(
    (own) => options.replacements[own.name]?.(contextFor(own.name), { discover: discovered }) ?? own,
  );
  run(replaced, parts);
}

/** The scheduler. A simulated cluster has no way to extenders. */
export function runScheduler(parts: ProcessParts, scheduling: Scheduling | undefined): void {
  run([scheduler(meansOf(parts, 'kube-scheduler'), 'simulated', scheduling)], parts);
}
