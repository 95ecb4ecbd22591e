import type { ElectionTimes } from '../client/election-plan.ts';
import type { Platform } from '../platform/platform.ts';
import { type ApiServerMeans, type ApiServerSettings, readApiServerSettings } from './api-server-settings.ts';
import { wholeTimes } from './election-times.ts';
import { network } from './options.ts';
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
  /** Whether others write into the store as well. */
  sharedStore?: boolean;
}

/** What has to fit them. */
interface Surroundings {
  platform: Platform;
  /** Addresses of all pods, where not as usual. */
  podRange?: string | undefined;
  /** Where others find the API server: an address, or the range that it will be of. */
  publicAddress?: string | undefined;
}

/** The same, read and found to be usable. */
export interface ControlPlaneMeans {
  /** Closed by the control plane when it stops. */
  apiServer: ApiServerMeans;
  /** Who issues the tokens of service accounts, unless the settings say otherwise. */
  issuer: string;
  times: ElectionTimes;
  scheduling: Scheduling | undefined;
}

/** Throws a UserError for what cannot be used. To be called before anything is changed on the machine. */
export async function readControlPlaneSettings(
  { leaderElection, schedulerConfig, scheduler, apiServer = {}, sharedStore = false }: ControlPlaneSettings,
  { platform, podRange = network.podRange, publicAddress }: Surroundings,
): Promise<ControlPlaneMeans> {
  const times = wholeTimes(leaderElection, { isAlone: !sharedStore });
  const scheduling = schedulerConfig
    ? await readScheduling(schedulerConfig, platform.files)
    : scheduler && toldScheduling(scheduler);
  const issuer = `https://kubernetes.default.svc.${network.domain}`;
  return {
    times,
    scheduling,
    issuer,
    apiServer: await readApiServerSettings(apiServer, {
      platform,
      issuer,
      others: { podRange, publicAddress },
    }),
  };
}
