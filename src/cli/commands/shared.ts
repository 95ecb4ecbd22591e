import { networkInterfaces } from 'node:os';
import { UserError } from '../../cluster/user-error.ts';
import { systemFiles } from '../../platform/files.ts';

/** Makes the data directory; throws a `UserError` where that cannot be. */
export async function makeDataDir(path: string): Promise<void> {
  try {
    await systemFiles.makeDir(path, { mode: 0o700 });
  } catch (error) {
    throw new UserError(
      `the data directory cannot be made: ${(error as Error).message}`,
      'choose another with --data-dir',
    );
  }
}

/** This machine's first address that others can reach. */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

/** URLs of API servers without their paths. Throws a `UserError` where one is none. */
export function originsOf(servers: readonly string[]): string[] {
  const wrong = servers.find((url) => !URL.canParse(url) || new URL(url).protocol !== 'https:');
  if (wrong === undefined) return servers.map((url) => new URL(url).origin);
  throw new UserError(`not the URL of an API server: ${wrong}`, 'write it as https://10.0.0.1:6443');
}
