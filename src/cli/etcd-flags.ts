import type { Command } from 'commander';
import type { EtcdOptions } from '../cluster/options.ts';

/** How a user says where an etcd cluster is. */
export interface EtcdFlags {
  etcdServers?: string;
  etcdCafile?: string;
  etcdCertfile?: string;
  etcdKeyfile?: string;
}

/** Gives a command the options of `EtcdFlags`. */
export function withEtcdFlags(command: Command, forWhat: string): Command {
  return command
    .option('--etcd-servers <urls>', `etcd servers, separated by commas, ${forWhat}`)
    .option('--etcd-cafile <file>', 'authority of the certificates of the etcd servers')
    .option('--etcd-certfile <file>', 'certificate to show the etcd servers')
    .option('--etcd-keyfile <file>', 'key of that certificate');
}

export function etcdOptions(flags: EtcdFlags): EtcdOptions | undefined {
  if (flags.etcdServers === undefined) return undefined;
  const servers = flags.etcdServers.split(',').map((url) => url.trim());
  return { servers, caFile: flags.etcdCafile, certFile: flags.etcdCertfile, keyFile: flags.etcdKeyfile };
}
