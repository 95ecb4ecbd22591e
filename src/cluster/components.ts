import type { UserInfo } from '../apiserver/registry/kind.ts';
import { Client } from '../client/client.ts';
import type { Component } from '../client/component.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { EventSeriesRecorder } from '../client/series-recorder.ts';
import type { Informers } from '../client/informers.ts';
import type { Transport } from '../client/transport.ts';
import { type ControllersOptions, createControllers } from '../controllers/all.ts';
import type { ControllerContext } from '../controllers/controller.ts';
import type { Meter } from '../platform/metrics/meter.ts';
import type { Platform } from '../platform/platform.ts';
import { createScheduler, type SchedulerOptions } from '../scheduler/scheduler.ts';
import { usualPodNetwork } from './pod-network.ts';

/** A component of the control plane as itself. */
export const systemUser = (name: string): UserInfo => ({
  name: `system:${name}`,
  groups: ['system:authenticated'],
});

const serviceAccount = (name: string): UserInfo => ({
  name: `system:serviceaccount:kube-system:${name}`,
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
});

/** What the components of one process share. */
export interface ProcessMeans extends Pick<Platform, 'clock' | 'random' | 'log'> {
  /** The way to the API server as some user. */
  transportFor(user: UserInfo): Transport;
  informers: Informers;
  meter: Meter;
}

function contextOf(means: ProcessMeans, user: UserInfo, component: string): ControllerContext {
  const { transportFor, informers, clock, random, log, meter } = means;
  const client = new Client(transportFor(user));
  const events = new EventRecorder({ client, clock, random, log, source: { component } });
  return { client, informers, events, clock, random, log, meter };
}

/** All controllers. The addresses of pods are the usual ones unless given. `contextFor` is what they have been given, by name. */
export function controllerManager(
  means: ProcessMeans,
  options: Omit<ControllersOptions, 'contextFor' | 'podRanges'> &
    Partial<Pick<ControllersOptions, 'podRanges'>>,
): { controllers: Component[]; contextFor(name: string): ControllerContext } {
  const contextFor = (name: string, reporter = name) => contextOf(means, serviceAccount(name), reporter);
  const { podRanges = usualPodNetwork.ranges } = options;
  return {
    controllers: createControllers({ ...options, contextFor, podRanges }),
    contextFor,
  };
}

/** The scheduler on the machine that is named; as upstream's is by default, unless told otherwise. */
export function scheduler(
  means: ProcessMeans,
  host: string,
  options: Pick<SchedulerOptions, 'configuration' | 'plugins' | 'extenders' | 'keep'> = {},
): Component {
  const { transportFor, informers, clock, random, meter } = means;
  const log = means.log.named('scheduler');
  const client = new Client(transportFor(systemUser('kube-scheduler')));
  const base = { client, clock, random, log };
  const events = new EventSeriesRecorder({ ...base, reporter: 'default-scheduler', host });
  const component = createScheduler({ ...base, informers, events, meter, ...options });
  return { ...component, run: (signal) => component.run(signal).finally(() => events.close()) };
}
