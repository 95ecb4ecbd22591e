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
