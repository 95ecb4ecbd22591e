import { existsSync, mkdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { UserError } from '../../cluster/user-error.ts';

/** Like `mkdir -p`, but one step at a time: the recursive form of Node never ends below /proc. */
function makeDirs(path: string): void {
  if (existsSync(path)) return;
  makeDirs(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Makes the data directory; throws a `UserError` where that cannot be. */
export function makeDataDir(path: string): void {
  try {
    makeDirs(path);
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
