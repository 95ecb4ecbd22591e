import type { Component } from '../client/component.ts';
import type { Platform } from '../platform/platform.ts';
import { checkUsable, followPem, type Pem, type PemFiles, readPem } from './pem-files.ts';
import { UserError } from './user-error.ts';

type World = Pick<Platform, 'files' | 'clock' | 'log'>;

/** Files that an administrator has given, as they are now. */
export interface GivenFiles {
  /** What they are for, as upstream's messages say it. */
  readonly name: string;
  readonly paths: PemFiles;
  pem: Pem;
}

/** A certificate with its key. Throws a UserError where they are of no use. */
export async function readGivenPair(purpose: string, paths: PemFiles, world: World): Promise<GivenFiles> {
  const name = `${purpose}::${paths.certFile}::${paths.keyFile}`;
  const pem = await readPem(paths, world);
  if (!pem.cert || !pem.key) throw new UserError(`missing content for serving cert "${name}"`);
  return usable({ name, paths, pem });
}

/** Authorities. Throws a UserError where there are none. */
export async function readGivenBundle(purpose: string, caFile: string, world: World): Promise<GivenFiles> {
  const name = `${purpose}::${caFile}`;
  const pem = await readPem({ caFile }, world);
  if (!pem.ca?.trim()) throw new UserError(`missing content for CA bundle "${name}"`);
  return usable({ name, paths: { caFile }, pem });
}

function usable(given: GivenFiles): GivenFiles {
  try {
    checkUsable(given.pem);
    return given;
  } catch (error) {
    throw new UserError(`${given.name} cannot be used: ${(error as Error).message}`);
  }
}

/** Keeps it as the files are, and calls `onChanged` when they hold something else of use. */
export function followGiven(given: GivenFiles, onChanged: () => void, world: World): Component {
  const { name, paths, pem: first } = given;
  const use = (pem: Pem) => {
    given.pem = pem;
    onChanged();
  };
  return followPem(name, { paths, first, use }, world);
}

/** Several bundles in PEM as one. */
export const joinedBundles = (...bundles: readonly string[]): string =>
  bundles
    .filter((bundle) => bundle !== '')
    .map((bundle) => `${bundle.trim()}\n`)
    .join('');
