import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { UserError } from '../../cluster/user-error.ts';
import { systemFiles } from '../../platform/files.ts';

const writableByAll = 0o002;

/**
 * Makes the data directory; throws a `UserError` where that cannot be, and where somebody else could put into it what this process then
 * believes, such as keys of their own.
 */
export async function makeDataDir(path: string): Promise<void> {
  try {
    await systemFiles.makeDir(path, { mode: 0o700 });
  } catch (error) {
    throw new UserError(
      `the data directory cannot be made: ${(error as Error).message}`,
      'choose another with --data-dir',
    );
  }
  const { uid = 0, mode = 0 } = (await systemFiles.stat(path)) ?? {};
  if (uid !== 0 && uid !== process.getuid?.())
    throw new UserError(
      `the data directory ${path} belongs to another user, who could change what is in it`,
      'make it yours with chown, or choose another with --data-dir',
    );
  if (mode & writableByAll)
    throw new UserError(
      `everybody may write into the data directory ${path}`,
      'keep others out with chmod 700, or choose another with --data-dir',
    );
}

/** An address that a flag gives. Throws a `UserError` where it is none. */
export function addressOf(flag: string, text: string): string {
  if (isIP(text)) return text;
  throw new UserError(`${flag} ${text} is not an IP address`, 'write it as 10.0.0.1 or fd00::1');
}

const interfaces = () => Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);

/** Whether an address is one of this machine's. */
export const hasAddress = (address: string): boolean =>
  // All of these are, though one alone is listed.
  address.startsWith('127.') || interfaces().some((own) => own.address === address);

/** This machine's addresses that others may reach. */
export const ownAddresses = (): string[] =>
  interfaces().flatMap(({ internal, address }) => (internal ? [] : address));

/** URLs of API servers without their paths. Throws a `UserError` where one is none. */
export function originsOf(servers: readonly string[]): string[] {
  const wrong = servers.find((url) => !URL.canParse(url) || new URL(url).protocol !== 'https:');
  if (wrong === undefined) return servers.map((url) => new URL(url).origin);
  throw new UserError(`not the URL of an API server: ${wrong}`, 'write it as https://10.0.0.1:6443');
}
