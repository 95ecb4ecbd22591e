import { allResources } from '../api/generated/resources.ts';
import type { Resource } from '../api/resource.ts';
import { goQuote } from '../machinery/go-text.ts';
import { UserError } from './user-error.ts';

/** Which APIs are served: `apps/v1`, `apps/v1/deployments`, `v1` or `api/beta`, and whether they are (`true`, `false`, or nothing for `true`). */
export type RuntimeConfig = Readonly<Record<string, string>>;

/** Sets of versions, in the order in which they are heeded. */
const sets: Readonly<Record<string, RegExp>> = {
  'api/all': /^/,
  'api/ga': /^v\d+$/,
  'api/beta': /^v\d+beta\d+$/,
  'api/alpha': /^v\d+alpha\d+$/,
};

/** What upstream leaves out of account. */
const ignored = 'api/legacy';

interface Preference {
  key: string;
  group: string;
  version: string;
  resource: string | undefined;
  isServed: boolean;
}

/** Tells of a kind whether it is served. Throws a UserError for what means nothing, and for what cannot be. */
export function servedBy(config: RuntimeConfig): (kind: { resource: Resource }) => boolean {
  const given = Object.keys(config).filter((key) => key !== ignored);
  if (given.length === 1 && config['api/all'] === 'false')
    throw new UserError('invalid runtime-config with only api/all=false');
  const all = Object.entries(sets).flatMap(([key, versions]) => {
    const value = config[key];
    if (value === undefined) return [];
    if (value !== 'true' && value !== 'false') throw new UserError(`invalid value ${key}=${value}`);
    return [{ versions, isServed: value === 'true' }];
  });
  const preferences = given.filter((key) => sets[key] === undefined).map((key) => preferenceOf(key, config));
  checkKnown(preferences);
  return ({ resource: { group, version, plural } }) => {
    const ofVersion = preferences.filter((one) => one.group === group && one.version === version);
    const chosen =
      ofVersion.find(({ resource }) => resource === plural) ??
      ofVersion.find(({ resource }) => resource === undefined) ??
      all.findLast(({ versions }) => versions.test(version));
    return chosen?.isServed ?? true;
  };
}

function preferenceOf(key: string, config: RuntimeConfig): Preference {
  // The core group has no name of its own; upstream takes it in all these ways.
  const parts = key.replace(/^(?:api\/)?v1(?=\/|$)/, '/v1').split('/');
  const [group = '', version = '', resource] = parts;
  if (parts.length < 2 || parts.length > 3 || version === '')
    throw new UserError(`runtime-config invalid key ${key}`);
  if (resource !== undefined && resource !== resource.toLowerCase())
    throw new UserError(
      `invalid key ${key}: group/version/resource and resource is always lowercase plural, not ${goQuote(resource)}`,
    );
  return { key, group, version, resource, isServed: isTrue(key, config[key] ?? '') };
}

function isTrue(key: string, value: string): boolean {
  if (['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw new UserError(
    `invalid value of ${key}: ${value}, err: strconv.ParseBool: parsing ${goQuote(value)}: invalid syntax`,
  );
}

function checkKnown(preferences: readonly Preference[]): void {
  const groups = new Set(allResources.map(({ group }) => group));
  const unknown = preferences.filter(({ group }) => !groups.has(group));
  if (unknown.length > 0) {
    const names = new Set(unknown.map(({ group, version }) => `${group}/${version}`));
    throw new UserError(`unknown api groups ${[...names].sort().join(',')}`);
  }
  for (const { group, version, isServed } of preferences) {
    const isThere = allResources.some((one) => one.group === group && one.version === version);
    // What is not stable is not there, so that it is off already.
    if (!isThere && (isServed || sets['api/ga']?.test(version)))
      throw new UserError(`group version ${group}/${version} that has not been registered`);
  }
}
