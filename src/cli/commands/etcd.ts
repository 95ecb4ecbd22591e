import { resolve } from 'node:path';
import { openUrls, type ServeEtcdOptions, serveEtcd } from '../../cluster/serve-etcd.ts';
import { print, progress } from '../output.ts';
import { platformWith, stderrLog, whenAskedToStop } from '../world.ts';
import { makeDataDir } from './shared.ts';

/** Serves etcd's v3 interface until it is asked to stop. The last line on standard output says that it is ready. */
export async function etcd(flags: ServeEtcdOptions): Promise<void> {
  const stopAsked = whenAskedToStop();
  const dataDir = resolve(flags.dataDir);
  await makeDataDir(dataDir);
  const server = await serveEtcd({ ...flags, dataDir }, platformWith(stderrLog()));
  const open = openUrls(server.urls, flags).join(', ');
  if (open)
    progress(
      `whoever reaches ${open} may read and change everything: give --cert-file, --key-file and --trusted-ca-file`,
    );
  print(`ready ${server.urls.join(',')} data-dir=${dataDir} members=1`);
  const signal = await stopAsked;
  progress(`stopping (${signal})`);
  await server.stop();
  process.exit(0);
}
