import { vi } from 'vitest';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '../../api/apiextensions/v1.ts';
import { customresourcedefinitions, namespaces } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { silentLog } from '../../platform/log.ts';
import { defaultAdmission } from '../admission/plugins.ts';
import { privilegedGroupAuthorizer } from '../auth/authorizer.ts';
import { InProcessTransport } from '../corridor/in-process-transport.ts';
import { allKinds } from '../kinds/kinds.ts';
import type { Dispatcher } from '../request.ts';
import type { DispatcherOptions } from '../registry/dispatcher.ts';
import { createTestApi, type TestApi } from '../registry/testing.ts';
import type { Kind } from '../registry/kind.ts';
import type { ConversionWebhook } from './conversion.ts';
import { customKind } from './custom-kind.ts';
import { CustomResources } from './custom-resources.ts';
import { conditionOf } from './definition/conditions.ts';

/** An API that serves custom resources. */
export interface CustomCluster {
  api: TestApi;
  custom: CustomResources;
  /** Stores a definition and waits until it is served; gives the resource in each of its versions. */
  define(definition: CustomResourceDefinition): Promise<Record<string, Resource<any>>>;
  definition(name: string): CustomResourceDefinition | undefined;
}

const refused: ConversionWebhook = async () => {
  throw new Error('no webhook is expected to be asked');
};

export async function createCustomCluster(
  options: Partial<DispatcherOptions> & { webhook?: ConversionWebhook } = {},
): Promise<CustomCluster> {
  const api = await createTestApi(allKinds, { admission: defaultAdmission, ...options });
  const { dispatcher, clock } = api;
  const body = { metadata: { name: 'default' } };
  if (!dispatcher.reader.get(namespaces, body.metadata)) await api.send('create', namespaces, { body });
  const transportTo = (to: Dispatcher) =>
    new InProcessTransport({
      dispatcher: to,
      authorizer: privilegedGroupAuthorizer,
      log: silentLog,
      user: { name: 'system:apiserver', groups: ['system:masters'] },
      userAgent: 'kube-apiserver',
    });
  const platform = { clock, log: silentLog };
  const custom = new CustomResources({
    platform,
    dispatcher,
    transport: transportTo(dispatcher),
    unadmitted: transportTo(dispatcher.unadmitted),
    webhook: options.webhook ?? refused,
  });
  await custom.start();
  const definition = (name: string) => dispatcher.reader.get(customresourcedefinitions, { name });
  return {
    api,
    custom,
    definition,
    async define(body) {
      const made = await api.object('create', customresourcedefinitions, { body });
      const { name } = made.metadata;
      await vi.waitFor(() => {
        const found = definition(name);
        if (!found || conditionOf(found, 'Established')?.status !== 'True') throw new Error(`${name} waits`);
      });
      return Object.fromEntries(
        made.spec.versions.map((version) => [version.name, rowOf(made, version.name)]),
      );
    },
  };
}

function rowOf({ spec }: CustomResourceDefinition, version: string): Resource {
  const { plural, kind, singular = '' } = spec.names;
  const { group } = spec;
  const namespaced = spec.scope === 'Namespaced';
  return {
    group,
    version,
    kind,
    plural,
    singular,
    namespaced,
    shortNames: [],
    categories: [],
    type: 'custom',
  };
}

/** A definition of the kind Widget in `example.com`, with these schemas by version; the first one is stored. */
export function widgets(
  versions: Record<string, Partial<CustomResourceDefinitionVersion> & { properties?: object; root?: object }>,
): CustomResourceDefinition {
  return {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
      versions: Object.entries(versions).map(([name, { properties, root, ...more }], i) => ({
        name,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema: { type: 'object', ...root, ...(properties && { properties }) } },
        ...more,
      })),
    } as CustomResourceDefinition['spec'],
  };
}

const specOf = (field: string) => ({
  properties: { spec: { type: 'object', properties: { [field]: { type: 'string' } } } },
});

/** Widgets whose `spec.host` in v1, the version that is stored, is `spec.address` in v2; `renaming` converts them. */
export function renamedWidgets(): CustomResourceDefinition {
  const definition = widgets({ v1: specOf('host'), v2: specOf('address') });
  const clientConfig = { url: 'https://example.com/convert' };
  const webhook = { clientConfig, conversionReviewVersions: ['v1'] };
  definition.spec.conversion = { strategy: 'Webhook', webhook };
  return definition;
}

/** Converts renamed widgets, but for those with the label `hopeless`. */
export const renaming: ConversionWebhook = async (_, { apiVersion, objects }) => {
  if (objects.some(({ metadata }) => metadata.labels?.hopeless)) throw new StatusError(500, '', 'no');
  return objects.map((object) => {
    const { spec, ...rest } = object as KubernetesObject & { spec?: { host?: string; address?: string } };
    const value = spec?.host ?? spec?.address;
    const name = apiVersion.endsWith('v1') ? 'host' : 'address';
    return { ...rest, apiVersion, ...(spec && { spec: value === undefined ? {} : { [name]: value } }) };
  });
};

/** Both versions of the renamed widgets as they are served. */
export function renamedKinds(): Kind[] {
  const definition = renamedWidgets();
  return definition.spec.versions.map((version) => customKind(definition, version, renaming));
}
