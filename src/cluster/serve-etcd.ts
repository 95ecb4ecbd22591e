import { type EtcdServer, startEtcdServer } from '../etcd/server.ts';
import type { Platform } from '../platform/platform.ts';
import type { SharedTls } from '../platform/shared-port.ts';
import { StoreError } from '../store/store.ts';
import { descriptorWatch } from './descriptor-watch.ts';
import { followPem, type Pem, type PemFiles, readPem } from './pem-files.ts';
import { isLoopbackUrl } from './loopback-url.ts';
import { runComponents } from './run-components.ts';
import { unusableStore } from './unusable-store.ts';
import { UserError } from './user-error.ts';
import { version } from './version.ts';

export interface ServeEtcdOptions {
  dataDir: string;
  name: string;
  /** Separated by commas. */
  listenClientUrls: string;
  certFile?: string;
  keyFile?: string;
  trustedCaFile?: string;
  clientCertAuth?: boolean;
  maxTxnOps?: number;
  maxRequestBytes?: number;
  /** Milliseconds. */
  experimentalWatchProgressNotifyInterval?: number;
}

/** Serves etcd's v3 interface on this machine. Rejects with a `UserError` for what the user can mend. */
export async function serveEtcd(options: ServeEtcdOptions, platform: Platform): Promise<EtcdServer> {
  const urls = options.listenClientUrls.split(',').map(urlOf);
  const paths = pemFilesOf(options);
  const first = paths && (await readPem(paths, platform));
  const tls = first && tlsOf(first);
  if (urls.some(({ protocol }) => (protocol === 'https:') !== (tls !== undefined))) {
    throw new UserError(
      'https:// and --cert-file belong together',
      'give https:// URLs with --cert-file and --key-file, or http:// URLs without',
    );
  }
  const addresses = urls.map(({ hostname, port }) => ({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || 2379),
  }));
  const { dataDir, name, maxTxnOps: mostTxnOps, maxRequestBytes: mostRequestBytes } = options;
  // As in etcd none is the usual one.
  const progressEveryMs = options.experimentalWatchProgressNotifyInterval || undefined;
  const limits = { mostTxnOps, mostRequestBytes, progressEveryMs };
  try {
    const server = await startEtcdServer({
      dataDir,
      name,
      addresses,
      tls,
      platform,
      writer: `k8ts ${version}`,
      ...limits,
    });
    const use = (pem: Pem) => server.setTls(tlsOf(pem));
    const following = paths && first ? [followPem('etcd-server', { paths, first, use }, platform)] : [];
    const watching = runComponents([descriptorWatch(platform), ...following], platform);
    return {
      ...server,
      async stop() {
        await watching.stop();
        await server.stop();
      },
    };
  } catch (error) {
    throw explained(error, options);
  }
}

/** Those of the URLs by which everybody comes in who reaches this machine, and may do everything. */
export function openUrls(urls: readonly string[], { trustedCaFile }: ServeEtcdOptions): string[] {
  return urls.filter(
    (url) => !isLoopbackUrl(url) && (trustedCaFile === undefined || url.startsWith('http:')),
  );
}

function urlOf(text: string): URL {
  try {
    const url = new URL(text);
    const isAddress = url.pathname === '/' && !/[@?#]/.test(text);
    if (isAddress && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  } catch {
    // Said below.
  }
  throw new UserError(
    `--listen-client-urls: ${text} is not an http:// or https:// URL of an address`,
    'give URLs such as http://127.0.0.1:2379, separated by commas',
  );
}

/** Undefined for plain text. */
function pemFilesOf({
  certFile,
  keyFile,
  trustedCaFile,
  clientCertAuth,
}: ServeEtcdOptions): PemFiles | undefined {
  if (!certFile && !keyFile) {
    if (!clientCertAuth) return undefined;
    throw new UserError('--client-cert-auth needs --cert-file and --key-file');
  }
  if (!certFile || !keyFile) throw new UserError('--cert-file and --key-file belong together');
  const asksClients = clientCertAuth || trustedCaFile !== undefined;
  if (asksClients && !trustedCaFile) throw new UserError('--client-cert-auth needs --trusted-ca-file');
  return { certFile, keyFile, caFile: trustedCaFile || undefined };
}

const tlsOf = ({ cert = '', key = '', ca }: Pem): SharedTls => ({ cert, key, ...(ca && { clientCa: ca }) });

function explained(error: unknown, { listenClientUrls }: ServeEtcdOptions): unknown {
  if (error instanceof StoreError) return unusableStore(error);
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code.startsWith('ERR_OSSL'))
    return new UserError(
      `the certificates cannot be used: ${message}`,
      '--cert-file, --key-file and --trusted-ca-file are PEM, and the key is that of the certificate',
    );
  if (['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(code)) {
    return new UserError(
      `cannot listen on ${listenClientUrls}: ${message}`,
      'choose another with --listen-client-urls',
    );
  }
  return error;
}
