import { resolve } from 'node:path';
import type { Command } from 'commander';
import { electionTimes } from '../cluster/election-times.ts';
import type { ClusterOptions } from '../cluster/options.ts';
import { UserError } from '../cluster/user-error.ts';
import { type ApiServerFlags, apiServerSettings, withApiServerFlags } from './api-server-flags.ts';
import { sizeBytes, spanMs, wholeNumber } from './arguments.ts';
import { type EtcdFlags, etcdOptions, withEtcdFlags } from './etcd-flags.ts';

/** What every command takes that runs a control plane, beside the kinds of store it offers. */
export interface ControlPlaneFlags extends EtcdFlags, ApiServerFlags {
  store: ClusterOptions['store'];
  history?: number;
  historySize?: number;
  leaderElectLeaseDuration?: string;
  leaderElectRenewDeadline?: string;
  leaderElectRetryPeriod?: string;
  schedulerConfig?: string;
  clusterCidr?: string;
  nodeCidrMaskSize?: number;
  nodeCidrMaskSizeIpv4?: number;
  nodeCidrMaskSizeIpv6?: number;
}

/** Gives a command the options of `ControlPlaneFlags`. */
export function withControlPlaneFlags(command: Command): Command {
  return withApiServerFlags(withEtcdFlags(command, 'for --store etcd'))
    .option('--history <time>', 'how long the past of objects is kept (default: 24h)', spanMs)
    .option(
      '--history-size <size>',
      'how much of it is kept at most (default: 1Gi; 64Mi in memory)',
      sizeBytes,
    )
    .option('--leader-elect-lease-duration <time>', 'how long others wait for a silent leader (3s)')
    .option('--leader-elect-renew-deadline <time>', 'how long a leader acts without renewing (2s)')
    .option('--leader-elect-retry-period <time>', 'between renewals, and between tries to lead (300ms)')
    .option('--scheduler-config <file>', 'a KubeSchedulerConfiguration: how the scheduler decides')
    .option(
      '--cluster-cidr <ranges>',
      'the addresses that pods get: one range, or one of each family with a comma between them (default: those that the cluster has; 10.244.0.0/16 for a new one)',
    )
    .option(
      '--node-cidr-mask-size <bits>',
      'the part of it that each node gets, where it is one range',
      wholeNumber(0, 128),
    )
    .option(
      '--node-cidr-mask-size-ipv4 <bits>',
      'the same of a range of IPv4 (default: 24)',
      wholeNumber(0, 32),
    )
    .option(
      '--node-cidr-mask-size-ipv6 <bits>',
      'the same of one of IPv6 (default: 64)',
      wholeNumber(0, 128),
    );
}

/** The flags as options of a cluster. Throws a `UserError` where they make no sense. */
export function controlPlaneOptions(
  flags: ControlPlaneFlags,
): Pick<
  ClusterOptions,
  'etcd' | 'historyMs' | 'historyBytes' | 'leaderElection' | 'schedulerConfig' | 'apiServer' | 'pods'
> {
  if (flags.etcdServers !== undefined && flags.store !== 'etcd')
    throw new UserError(
      `--etcd-servers is not heeded with --store ${flags.store}`,
      'add --store etcd, or leave it out',
    );
  return {
    etcd: etcdOptions(flags),
    historyMs: flags.history,
    historyBytes: flags.historySize,
    apiServer: apiServerSettings(flags),
    pods: {
      clusterCidr: flags.clusterCidr,
      nodeCidrMaskSize: flags.nodeCidrMaskSize,
      nodeCidrMaskSizeIpv4: flags.nodeCidrMaskSizeIpv4,
      nodeCidrMaskSizeIpv6: flags.nodeCidrMaskSizeIpv6,
    },
    schedulerConfig: flags.schedulerConfig && resolve(flags.schedulerConfig),
    leaderElection: electionTimes({
      leaseDuration: flags.leaderElectLeaseDuration,
      renewDeadline: flags.leaderElectRenewDeadline,
      retryPeriod: flags.leaderElectRetryPeriod,
    }),
  };
}
