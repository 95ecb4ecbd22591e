import type { ApiServer } from '../apiserver/server.ts';
import { Client } from '../client/client.ts';
import type { Component } from '../client/component.ts';
import type { PodRange } from '../controllers/node-ipam/node-ipam.ts';
import type { ElectionTimes } from '../client/election-plan.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informers.ts';
import { LeaderElection } from '../client/leader-election.ts';
import { httpPoster } from '../platform/http-post.ts';
import { type Meter, silentMeter } from '../platform/metrics/meter.ts';
import type { Platform } from '../platform/platform.ts';
import { controllerManager, type ProcessMeans, scheduler, systemUser } from './components.ts';
import { discover } from './discover.ts';
import { hostName } from './host-name.ts';
import type { KeyPair } from './pki.ts';
import { type InThreadOptions, schedulerInThread } from './scheduler-thread/scheduler-in-thread.ts';
import { type RunningComponents, runComponents } from './run-components.ts';
import { type Scheduling, tellingWhere } from './scheduler-configuration.ts';

export interface RolesOptions {
  platform: Platform;
  authority: KeyPair;
  /** PEM of what pods are to believe the API server by. */
  serverAuthorities: string;
  /** Where volumes of claims that ask for none in particular are kept. */
  volumeDir: string;
  /** Addresses of all pods, where not as usual. */
  podRanges?: readonly PodRange[];
  /** Address of cluster DNS. */
  dnsAddress: string;
  /** Nobody else writes into the store, so nobody else can lead. */
  isAlone: boolean;
  times: ElectionTimes;
  /** How the scheduler decides, where not as usual. */
  scheduling: Scheduling | undefined;
  /** Measures what they do. */
  meter: Meter;
  /** Where the scheduler has a thread of its own; absent where it runs in this one. */
  schedulerThread?: Pick<InThreadOptions, 'program' | 'measured'>;
}

/** What only one process of the cluster may do at a time. */
interface Role {
  /** Upstream's name of its lease in kube-system, and of its user after `system:`. */
  name: string;
  /** Made anew for each time of leading, with means that write only while this process leads. */
  components(means: ProcessMeans): Component[];
}

/** Controllers and scheduler: each role runs here whenever this process holds its lease. */
export async function runRoles(server: ApiServer, options: RolesOptions): Promise<RunningComponents> {
  const { platform, isAlone, meter, times } = options;
  const host = await hostName(platform);
  const identity = `${host}_${platform.random.uuid()}`;
  const abort = new AbortController();
  const schedules = schedulerRole(options, host);
  if (options.scheduling)
    checkRole(schedulerRole({ ...options, schedulerThread: undefined }, host), server, platform);
  const running = [controllerManagerRole(server, options), schedules].map((role) =>
    runRole(role, { server, platform, identity, times, isAlone, meter, signal: abort.signal }),
  );
  return {
    async stop() {
      abort.abort();
      await Promise.all(running);
    },
  };
}

interface RoleOptions {
  server: ApiServer;
  platform: Platform;
  identity: string;
  times: ElectionTimes;
  isAlone: boolean;
  meter: Meter;
  signal: AbortSignal;
}

function runRole(role: Role, { server, platform, signal, meter, ...rest }: RoleOptions): Promise<void> {
  const { clock, random, log } = platform;
  const user = systemUser(role.name);
  const client = new Client(server.transportFor(user));
  const election = new LeaderElection({
    client,
    clock,
    random,
    log: log.named('leader-election'),
    meter,
    events: new EventRecorder({ client, clock, random, log, source: { component: role.name } }),
    lease: { namespace: 'kube-system', name: role.name },
    ...rest,
  });
  return election.run(signal, async (term) => {
    const informers = new Informers({ client, clock, random, log: log.named('informer') });
    const components = role.components({
      transportFor: (actor) => election.guard(server.transportFor(actor)),
      informers,
      clock,
      random,
      log,
      meter,
    });
    const abort = new AbortController();
    informers.start(abort.signal);
    const running = runComponents(components, platform);
    if (!term.aborted) await new Promise((end) => term.addEventListener('abort', end, { once: true }));
    await running.stop();
    abort.abort();
    await informers.stopped();
  });
}

function controllerManagerRole(
  server: ApiServer,
  { platform, authority, serverAuthorities, volumeDir, podRanges, dnsAddress }: RolesOptions,
): Role {
  return {
    name: 'kube-controller-manager',
    components: (means) =>
      controllerManager(means, {
        discover: async (options) => discover(server, options),
        authority: authority.certificate,
        authorityKey: authority.key,
        serverAuthorities,
        podRanges,
        dnsAddress,
        localVolumes: {
          pathOf: (name) => `${volumeDir}/${name}`,
          remove: (path) => platform.files.remove(path),
        },
      }).controllers,
  };
}

function schedulerRole({ platform, scheduling, schedulerThread }: RolesOptions, host: string): Role {
  const extenders = { poster: httpPoster, files: platform.files };
  return {
    name: 'kube-scheduler',
    components(means) {
      // Plugins of a test are functions, which no other thread can call.
      if (schedulerThread && !scheduling?.plugins)
        return [
          schedulerInThread({
            ...schedulerThread,
            ...passedTo(means),
            task: { host, configuration: scheduling?.configuration },
          }),
        ];
      if (!scheduling) return [scheduler(means, host)];
      const { file, ...options } = scheduling;
      return tellingWhere(() => [scheduler(means, host, { ...options, extenders })], file);
    },
  };
}

const passedTo = ({ transportFor, log, clock }: ProcessMeans) => ({
  clock,
  transport: transportFor(systemUser('kube-scheduler')),
  log: log.named('scheduler'),
});

/** Makes the components of a role for once: what cannot be made is to be known before anybody leads. */
function checkRole(role: Role, server: ApiServer, { clock, random, log }: Platform): void {
  const transportFor: ProcessMeans['transportFor'] = (user) => server.transportFor(user);
  const client = new Client(transportFor(systemUser(role.name)));
  const informers = new Informers({ client, clock, random, log });
  role.components({ transportFor, informers, clock, random, log, meter: silentMeter });
}
