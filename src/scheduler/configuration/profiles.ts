import { type Plugin, type Point, points, type Profile } from '../framework/framework.ts';
import type { Handle } from '../framework/handle.ts';
import type { EnabledPlugin, ProfileConfiguration, SchedulerConfiguration } from './configuration.ts';
import { ignoredResources } from './extenders.ts';
import { ConfigurationError } from './reading.ts';
import type { Registry } from './registry.ts';

/** The profiles that a configuration describes, of plugins that the registry makes. */
export function buildProfiles(
  { profiles, extenders }: SchedulerConfiguration,
  registry: Registry,
  handle: Handle,
): Profile[] {
  const ignored = ignoredResources(extenders);
  // What extenders say of it goes before what the profile does. (upstream's rule)
  const overrides: Making['overrides'] =
    ignored.length > 0 ? { NodeResourcesFit: { ignoredResources: ignored } } : {};
  const built = profiles.map((profile) => buildProfile(profile, { registry, overrides }, handle));
  const sorts = new Set(built.map(({ at }) => at.queueSort[0]?.name));
  // There is one queue for all.
  if (sorts.size > 1) throw new ConfigurationError('profiles', 'all must have the same queue sort plugin');
  return built;
}

interface Making {
  registry: Registry;
  /** What plugins are told whatever the profile says. */
  overrides: Readonly<Record<string, object>>;
}

function buildProfile(
  configuration: ProfileConfiguration,
  { registry, overrides }: Making,
  handle: Handle,
): Profile {
  const { schedulerName, percentageOfNodesToScore, multiPoint, at, args } = configuration;
  const made = new Map<string, Plugin>();
  const make = (name: string): Plugin => {
    const known = made.get(name);
    if (known) return known;
    const factory = Object.hasOwn(registry, name) ? registry[name] : undefined;
    if (!factory) throw new ConfigurationError(schedulerName, `plugin "${name}" does not exist`);
    const plugin = factory(handle, { ...args[name], ...overrides[name] });
    made.set(name, plugin);
    return plugin;
  };
  const entries = points.map((point) => {
    const names = namesAt(point, multiPoint, at);
    const special = new Set(at[point]?.enabled.map(({ name }) => name));
    return [point, names.map(make).filter((plugin) => hasPoint(plugin, point, special))] as const;
  });
  for (const name of Object.keys(args))
    if (!Object.hasOwn(registry, name))
      throw new ConfigurationError(schedulerName, `configures "${name}", which does not exist`);
  const plugins = Object.fromEntries(entries) as Record<Point, Plugin[]>;
  checkPoints(schedulerName, plugins);
  return { schedulerName, percentageOfNodesToScore, at: plugins, weights: weightsOf(multiPoint, at) };
}

function hasPoint(plugin: Plugin, point: Point, special: ReadonlySet<string>): boolean {
  if (plugin[point]) return true;
  if (special.has(plugin.name))
    throw new ConfigurationError(point, `plugin "${plugin.name}" has nothing for it`);
  return false;
}

/**
 * What is named at the point and everywhere comes first, then the rest of what is everywhere, then the others; of what is everywhere
 * that is turned off here nothing counts, so that turning it on again puts it among the others. (`expandMultiPointPlugins`)
 */
function namesAt(
  point: Point,
  multiPoint: readonly EnabledPlugin[],
  at: ProfileConfiguration['at'],
): string[] {
  const { enabled = [], disabled = [] } = at[point] ?? {};
  const isOff = (name: string) => disabled.includes('*') || disabled.includes(name);
  const everywhere = multiPoint.map(({ name }) => name).filter((name) => !isOff(name));
  const here = enabled.map(({ name }) => name);
  const first = here.filter((name) => everywhere.includes(name));
  return [...new Set([...first, ...everywhere, ...here])];
}

function weightsOf(
  multiPoint: readonly EnabledPlugin[],
  at: ProfileConfiguration['at'],
): Record<string, number> {
  const weighed = [...multiPoint, ...(at.score?.enabled ?? [])].filter(({ weight }) => weight > 0);
  return Object.fromEntries(weighed.map(({ name, weight }) => [name, weight]));
}

function checkPoints(schedulerName: string, { queueSort, bind }: Record<Point, readonly Plugin[]>): void {
  if (queueSort.length !== 1)
    throw new ConfigurationError(
      schedulerName,
      `needs exactly one queue sort plugin, has ${queueSort.length}`,
    );
  if (bind.length === 0) throw new ConfigurationError(schedulerName, 'needs at least one bind plugin');
}
