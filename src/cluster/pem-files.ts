import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Component } from '../client/component.ts';
import type { Platform } from '../platform/platform.ts';
import { certificateRenewal } from './certificate-renewal.ts';
import { UserError } from './user-error.ts';

/** Files in PEM; somebody else renews them. */
export interface PemFiles {
  caFile?: string | undefined;
  certFile?: string | undefined;
  keyFile?: string | undefined;
}

/** What they hold. */
export interface Pem {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

type World = Pick<Platform, 'files' | 'clock' | 'log'>;

/** etcd's own programs read the files at each handshake. */
const lookEveryMs = 10_000;

/** Reads them. Throws a `UserError` where one cannot be read. */
export async function readPem(
  { caFile, certFile, keyFile }: PemFiles,
  { files }: Pick<World, 'files'>,
): Promise<Pem> {
  const read = async (path: string | undefined) =>
    path === undefined
      ? undefined
      : files.readText(path).catch((error: Error) => {
          throw new UserError(`${path} cannot be read: ${error.message}`);
        });
  return { ca: await read(caFile), cert: await read(certFile), key: await read(keyFile) };
}

/** Throws where a certificate is none, or its key is another's: one file may have been replaced and the other not yet. */
export function checkUsable({ ca, cert, key }: Pem): void {
  const [, shown] = [ca, cert].map((pem) => (pem === undefined ? undefined : new X509Certificate(pem)));
  if (shown && key !== undefined && !shown.checkPrivateKey(createPrivateKey(key)))
    throw new Error('the key is not that of the certificate');
}

/** Hands on what files hold whenever that becomes something else that can be used; what cannot is told about where it stays. */
export function followPem(
  name: string,
  { paths, first, use }: { paths: PemFiles; first: Pem; use(pem: Pem): void },
  world: World,
): Component {
  const textOf = (pem: Pem) => JSON.stringify([pem.ca, pem.cert, pem.key]);
  let used = textOf(first);
  let unusable = { text: '', looks: 0 };
  const look = async () => {
    const pem = await readPem(paths, world);
    const text = textOf(pem);
    if (text === used) return false;
    try {
      checkUsable(pem);
    } catch (error) {
      unusable = { text, looks: unusable.text === text ? unusable.looks + 1 : 1 };
      if (unusable.looks === 2) throw error;
      return false;
    }
    use(pem);
    used = text;
    return true;
  };
  return certificateRenewal(name, world, look, lookEveryMs);
}
