import type { ElectionTimes } from '../client/election-plan.ts';
import type { Platform } from '../platform/platform.ts';
import { type ApiServerMeans, type ApiServerSettings, readApiServerSettings } from './api-server-settings.ts';
import { wholeTimes } from './election-times.ts';
import { network } from './options.ts';
import {
  cidrsOf,
  type PodNetwork,
  type PodNetworkSettings,
  readPodNetwork,
  type WantedPodNetwork,
} from './pod-network.ts';
import {
  readScheduling,
  type Scheduling,
  type ToldScheduling,
  toldScheduling,
} from './scheduler-configuration.ts';

/** What a user says of API server, controllers and scheduler. */
export interface ControlPlaneSettings {
  /** How controllers and scheduler find out who acts, where not as usual. */
  leaderElection?: Partial<ElectionTimes>;
  /** A `KubeSchedulerConfiguration` file that says how the scheduler decides, or what a test says of it. */
  schedulerConfig?: string;
  scheduler?: ToldScheduling;
  apiServer?: ApiServerSettings;
  /** Where pods have their addresses. */
  pods?: PodNetworkSettings;
  /** Whether others write into the store as well. */
  sharedStore?: boolean;
}

/** What has to fit them. */
interface Surroundings {
  platform: Platform;
  /** Where pods have their addresses if nobody says; upstream's usual place unless given. */
  usualPods?: PodNetwork | undefined;
  /** Where others find the API server, by what is known of the addresses of pods: addresses, or the ranges that they will be of. */
  publicAddresses?: (pods: WantedPodNetwork) => readonly string[];
}

/** The same, read and found to be usable. */
export interface ControlPlaneMeans {
  /** Where pods are to have their addresses; the cluster may have them elsewhere. */
  pods: WantedPodNetwork;
  /** Closed by the control plane when it stops. */
  apiServer: ApiServerMeans;
  /** Who issues the tokens of service accounts, unless the settings say otherwise. */
  issuer: string;
  times: ElectionTimes;
  scheduling: Scheduling | undefined;
}

/** Throws a UserError for what cannot be used. To be called before anything is changed on the machine. */
export async function readControlPlaneSettings(
  {
    leaderElection,
    schedulerConfig,
    scheduler,
    apiServer = {},
    pods: toldPods = {},
    sharedStore = false,
  }: ControlPlaneSettings,
  { platform, usualPods, publicAddresses = () => [] }: Surroundings,
): Promise<ControlPlaneMeans> {
  const pods = readPodNetwork(toldPods, usualPods);
  const times = wholeTimes(leaderElection, { isAlone: !sharedStore });
  const scheduling = schedulerConfig
    ? await readScheduling(schedulerConfig, platform.files)
    : scheduler && toldScheduling(scheduler);
  const issuer = `https://kubernetes.default.svc.${network.domain}`;
  return {
    pods,
    times,
    scheduling,
    issuer,
    apiServer: await readApiServerSettings(apiServer, {
      platform,
      issuer,
      others: { podRanges: cidrsOf(pods.network), publicAddresses: publicAddresses(pods) },
    }),
  };
}
