import type { Platform } from '../platform/platform.ts';

/** The machine's own name servers, but for those that only this machine can reach. */
export async function nameServers({ files }: Pick<Platform, 'files'>): Promise<string[]> {
  const text = await files.readText('/etc/resolv.conf').catch(() => '');
  const all = [...text.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)/gm)].map((match) => match[1] as string);
  return all.filter((address) => !address.startsWith('127.'));
}
