import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockedPackage {
  version?: string;
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};

/** What a package finds under a name: in its own node_modules, or in those of the folders above. */
function find(from: string, name: string): LockedPackage | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const found = lock.packages[`${at ? `${at}/` : ''}node_modules/${name}`];
    if (found || at === '') return found;
  }
}

test('the lockfile names no registry', () => {
  const resolved = Object.values(lock.packages).filter((locked) => locked.resolved !== undefined);
  expect(resolved).toEqual([]);
});

// Without an entry for each platform, `npm ci` refuses the lockfile: a registry that lacks some must not empty it.
test('the lockfile holds the parts of packages for other platforms', () => {
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => find(path, name) === undefined),
  );
  expect(missing).toEqual([]);
});
