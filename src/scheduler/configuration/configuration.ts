import { expectKind } from '../../machinery/configuration-kind.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { type Point, points } from '../framework/framework.ts';
import { defaultPlugins } from './default-plugins.ts';
import { type ExtenderConfiguration, parseExtenders } from './extenders.ts';
import {
  ConfigurationError,
  expectKeys,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  type Untyped,
} from './reading.ts';

/** A plugin that is turned on; a weight of 0 stands for the usual one. */
export interface EnabledPlugin {
  readonly name: string;
  readonly weight: number;
}

/** Which plugins a profile has where, and what they are told. */
export interface ProfileConfiguration {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore?: number;
  /** At every point that they have something for, unless turned off there. */
  readonly multiPoint: readonly EnabledPlugin[];
  readonly at: Readonly<Partial<Record<Point, PluginSet>>>;
  readonly args: Readonly<Record<string, Untyped>>;
}

export interface PluginSet {
  readonly enabled: readonly EnabledPlugin[];
  /** Names; `*` for all. */
  readonly disabled: readonly string[];
}

/** What `KubeSchedulerConfiguration` says, with what it leaves open filled in. */
export interface SchedulerConfiguration {
  readonly profiles: readonly ProfileConfiguration[];
  readonly percentageOfNodesToScore: number;
  readonly podInitialBackoffSeconds: number;
  readonly podMaxBackoffSeconds: number;
  /** Servers that all profiles ask. */
  readonly extenders: readonly ExtenderConfiguration[];
}

/** What a file says that it holds. */
export const configurationKind = {
  apiVersion: 'kubescheduler.config.k8s.io/v1',
  kind: 'KubeSchedulerConfiguration',
} as const;
const defaultName = 'default-scheduler';

/** How the scheduler is configured where nothing is said. */
export const defaultConfiguration: SchedulerConfiguration = {
  profiles: [{ schedulerName: defaultName, multiPoint: defaultPlugins, at: {}, args: {} }],
  percentageOfNodesToScore: 0,
  podInitialBackoffSeconds: 1,
  podMaxBackoffSeconds: 10,
  extenders: [],
};

/** Fields that say how the process runs, which is not the scheduler's to know. */
const processFields = [
  'leaderElection',
  'clientConnection',
  'enableProfiling',
  'enableContentionProfiling',
  'parallelism',
  'delayCacheUntilActive',
];

function checkKind(root: Untyped): void {
  const { apiVersion, kind } = configurationKind;
  try {
    expectKind(root, { kind, apiVersions: [apiVersion] });
  } catch (error) {
    throw new ConfigurationError('', (error as Error).message);
  }
}

/** Reads the object that a `KubeSchedulerConfiguration` file holds. Throws a ConfigurationError that names the field. */
export function parseConfiguration(object: unknown): SchedulerConfiguration {
  const root = objectAt({ '': object }, '', '');
  checkKind(root);
  const known = ['apiVersion', 'kind', 'profiles', 'percentageOfNodesToScore', 'extenders'];
  expectKeys(root, [...known, 'podInitialBackoffSeconds', 'podMaxBackoffSeconds', ...processFields], '');
  const profiles = listAt(root, 'profiles', '').map((profile, i) => parseProfile(profile, `profiles[${i}]`));
  checkNames(profiles);
  const { percentageOfNodesToScore, podInitialBackoffSeconds, podMaxBackoffSeconds } = defaultConfiguration;
  const number = (key: string, fallback: number, range: [number, number]) =>
    numberAt(root, key, { path: '', range }) ?? fallback;
  const any: [number, number] = [1, Number.MAX_SAFE_INTEGER];
  number('parallelism', 1, any);
  const initial = number('podInitialBackoffSeconds', podInitialBackoffSeconds, any);
  const most = number('podMaxBackoffSeconds', podMaxBackoffSeconds, any);
  if (most < initial)
    throw new ConfigurationError('podMaxBackoffSeconds', 'must not be less than the initial');
  return {
    profiles: profiles.length > 0 ? profiles : defaultConfiguration.profiles,
    percentageOfNodesToScore: number('percentageOfNodesToScore', percentageOfNodesToScore, [0, 100]),
    podInitialBackoffSeconds: initial,
    podMaxBackoffSeconds: most,
    extenders: parseExtenders(root),
  };
}

function checkNames(profiles: readonly ProfileConfiguration[]): void {
  const names = profiles.map((profile) => profile.schedulerName);
  names.forEach((name, i) => {
    if (names.indexOf(name) < i)
      throw new ConfigurationError(`profiles[${i}].schedulerName`, `Duplicate value: "${name}"`);
  });
}

function parseProfile(value: unknown, path: string): ProfileConfiguration {
  const profile = objectAt({ '': value }, '', path);
  expectKeys(profile, ['schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig'], path);
  const plugins = objectAt(profile, 'plugins', path);
  expectKeys(plugins, ['multiPoint', ...points], `${path}.plugins`);
  const multiPoint = parseSet(plugins, 'multiPoint', `${path}.plugins`);
  const sets = points.flatMap((point) =>
    plugins[point] === undefined ? [] : [[point, parseSet(plugins, point, `${path}.plugins`)] as const],
  );
  return {
    schedulerName: stringAt(profile, 'schedulerName', path) || defaultName,
    percentageOfNodesToScore: numberAt(profile, 'percentageOfNodesToScore', { path, range: [0, 100] }),
    multiPoint: merge(defaultPlugins, multiPoint),
    at: Object.fromEntries(sets),
    args: parseArgs(profile, path),
  };
}

function parseSet(plugins: Untyped, point: string, path: string): PluginSet {
  const at = `${path}.${point}`;
  const set = objectAt(plugins, point, path);
  expectKeys(set, ['enabled', 'disabled'], at);
  const entries = (key: string) =>
    listAt(set, key, at).map((entry, i) => {
      const where = `${at}.${key}[${i}]`;
      const object = objectAt({ '': entry }, '', where);
      expectKeys(object, ['name', 'weight'], where);
      const name = stringAt(object, 'name', where);
      if (!name) throw new ConfigurationError(`${where}.name`, 'Required value');
      return { name, weight: numberAt(object, 'weight', { path: where, range: [0, 2 ** 31 - 1] }) ?? 0 };
    });
  const enabled = entries('enabled');
  const names = enabled.map(({ name }) => name);
  names.forEach((name, i) => {
    if (names.indexOf(name) < i)
      throw new ConfigurationError(`${at}.enabled[${i}]`, `plugin ${goQuote(name)} already registered`);
  });
  return { enabled, disabled: entries('disabled').map(({ name }) => name) };
}

/** Defaults that are not turned off, as they are or as they are given; then what is new. */
function merge(defaults: readonly EnabledPlugin[], set: PluginSet): EnabledPlugin[] {
  const kept = set.disabled.includes('*') ? [] : defaults.filter(({ name }) => !set.disabled.includes(name));
  const given = new Map(set.enabled.map((plugin) => [plugin.name, plugin]));
  const replaced = kept.map((plugin) => given.get(plugin.name) ?? plugin);
  const names = new Set(replaced.map(({ name }) => name));
  return [...replaced, ...set.enabled.filter(({ name }) => !names.has(name))];
}

function parseArgs(profile: Untyped, path: string): Record<string, Untyped> {
  const entries = listAt(profile, 'pluginConfig', path).map((entry, i) => {
    const at = `${path}.pluginConfig[${i}]`;
    const object = objectAt({ '': entry }, '', at);
    expectKeys(object, ['name', 'args'], at);
    const name = stringAt(object, 'name', at);
    if (!name) throw new ConfigurationError(`${at}.name`, 'Required value');
    const { apiVersion: _, kind: __, ...args } = objectAt(object, 'args', at);
    return [name, args] as const;
  });
  const names = entries.map(([name]) => name);
  names.forEach((name, i) => {
    if (names.indexOf(name) < i)
      throw new ConfigurationError(`${path}.pluginConfig[${i}]`, `repeated config for plugin ${name}`);
  });
  return Object.fromEntries(entries);
}
