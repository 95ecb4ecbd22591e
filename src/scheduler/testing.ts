import { Client } from '../client/client.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import type { KubernetesObject, Resource, Stored } from '../api/resource.ts';
import { silentLog } from '../platform/log.ts';
import { silentMeter } from '../platform/metrics/meter.ts';
import { seededRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import {
  defaultConfiguration,
  parseConfiguration,
  type SchedulerConfiguration,
} from './configuration/configuration.ts';
import { buildProfiles } from './configuration/profiles.ts';
import { builtInPlugins } from './configuration/registry.ts';
import type { Profile } from './framework/framework.ts';
import type { Handle, Lister } from './framework/handle.ts';

/** Objects that plugins find beside nodes and pods, by plural name. */
export type TestObjects = Readonly<Record<string, readonly Stored<KubernetesObject>[]>>;

const keyOf = ({ metadata }: KubernetesObject) =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;

/** A lister of exactly these objects. */
export function listerOf<T extends KubernetesObject>(objects: readonly Stored<T>[]): Lister<T> {
  return {
    get: (key) => objects.find((object) => keyOf(object) === key),
    list: () => objects,
    inNamespace: (namespace) => objects.filter(({ metadata }) => metadata.namespace === namespace),
    hasReached: () => true,
  };
}

/** A world without a server: what is written goes nowhere. */
export function testHandle(objects: TestObjects = {}): Handle {
  const parts = {
    client: new Client({} as never),
    clock: new VirtualClock(),
    random: seededRandom(1),
    log: silentLog,
    meter: silentMeter,
  };
  const events = new EventRecorder({ ...parts, source: { component: 'test' } });
  const lister = <T extends KubernetesObject>({ plural }: Resource<T>) =>
    listerOf((objects[plural] ?? []) as Stored<T>[]);
  const finder: Handle['finder'] = (resource, { values }) => {
    const { list } = lister(resource);
    return (value) => list().filter((object) => values(object).includes(value));
  };
  return { ...parts, events, lister, finder, cancelBinding: () => false };
}

/** The first profile of a configuration, the default one unless given. */
export function testProfile(objects: TestObjects = {}, profile?: object): Profile {
  const file = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
  const configuration: SchedulerConfiguration = profile
    ? parseConfiguration({ ...file, profiles: [profile] })
    : defaultConfiguration;
  return buildProfiles(configuration, builtInPlugins, testHandle(objects))[0] as Profile;
}
