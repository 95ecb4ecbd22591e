import type { Platform } from '../platform/platform.ts';

/** The name of this machine. */
export async function hostName({ files }: Pick<Platform, 'files'>): Promise<string> {
  const text = await files.readText('/proc/sys/kernel/hostname').catch(() => '');
  return text.trim() || 'localhost';
}
