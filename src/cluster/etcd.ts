import type { Platform } from '../platform/platform.ts';
import { type EtcdStoreOptions, openEtcdStore } from '../store/etcd-store.ts';
import { type Store, StoreError } from '../store/store.ts';
import type { EtcdOptions } from './options.ts';
import { followPem, readPem } from './pem-files.ts';
import { UserError } from './user-error.ts';

const hint = 'give the URLs of a running etcd with --etcd-servers, such as http://127.0.0.1:2379';
const tlsHint =
  'etcd must run there, and --etcd-cafile must be the authority of its certificate; where it asks for one, give --etcd-certfile and --etcd-keyfile';

/** Opens the store in an etcd cluster. Rejects with a `UserError` that says what is wrong with it, after ten seconds. */
export async function openEtcd(
  options: EtcdOptions | undefined,
  {
    platform,
    historyMs,
    limits = {},
  }: { platform: Platform; historyMs?: number; limits?: EtcdStoreOptions['limits'] },
): Promise<Store> {
  const { clock, random, log } = platform;
  const endpoints = (options?.servers ?? []).filter((url) => url !== '');
  if (!options || endpoints.length === 0) throw new UserError('--store etcd needs servers', hint);
  for (const url of endpoints) checkUrl(url);
  if ((options.certFile === undefined) !== (options.keyFile === undefined))
    throw new UserError('--etcd-certfile and --etcd-keyfile belong together', 'give both or neither');
  const first = await readPem(options, platform);
  const followTls: EtcdStoreOptions['followTls'] = (use, signal) => {
    const following = followPem('etcd-client', { paths: options, first, use }, platform);
    void following.run(signal);
  };
  try {
    return await openEtcdStore({
      endpoints,
      tls: first,
      ...(options.caFile !== undefined || options.certFile !== undefined ? { followTls } : {}),
      clock,
      random,
      log: log.named('store'),
      historyMs,
      limits,
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const isTls = endpoints.some((url) => url.startsWith('https:'));
    throw new UserError(`etcd cannot be used: ${error.message}`, isTls ? tlsHint : hint);
  }
}

function checkUrl(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new UserError(`not the URL of an etcd server: ${url}`, hint);
}
