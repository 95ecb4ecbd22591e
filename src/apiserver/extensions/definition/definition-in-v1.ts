import type {
  CustomResourceColumnDefinition,
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  WebhookClientConfig,
} from '../../../api/apiextensions/v1.ts';
import type { KubernetesObject } from '../../../api/resource.ts';

type Column = Omit<CustomResourceColumnDefinition, 'jsonPath'> & { JSONPath: string };
type Version = Omit<CustomResourceDefinitionVersion, 'additionalPrinterColumns'> & {
  additionalPrinterColumns?: Column[];
};

/** What v1beta1 says otherwise. What all versions have alike may stand beside them, and then only there. */
type OlderSpec = Omit<CustomResourceDefinitionSpec, 'versions' | 'conversion'> &
  Pick<Version, 'subresources' | 'additionalPrinterColumns' | 'selectableFields'> & {
    version?: string;
    validation?: Version['schema'];
    versions?: Version[];
    conversion?: Pick<CustomResourceConversion, 'strategy'> & {
      webhookClientConfig?: WebhookClientConfig;
      conversionReviewVersions?: string[];
    };
  };

/** A definition in v1: upstream's server stores all of them in v1beta1, since that takes less room. */
export function definitionInV1(stored: KubernetesObject): KubernetesObject {
  if (stored.apiVersion !== 'apiextensions.k8s.io/v1beta1') return stored;
  const { spec, ...rest } = stored as unknown as { spec: OlderSpec };
  const made = { ...rest, apiVersion: 'apiextensions.k8s.io/v1', spec: specInV1(spec) };
  return made as CustomResourceDefinition;
}

function specInV1(older: OlderSpec): CustomResourceDefinitionSpec {
  const {
    version = '',
    validation: schema,
    versions = [{ name: version, served: true, storage: true }],
  } = older;
  const { subresources, additionalPrinterColumns, selectableFields } = older;
  const common = definedOf({ schema, subresources, additionalPrinterColumns, selectableFields });
  const { group, names, scope, conversion, preserveUnknownFields = true } = older;
  return {
    group,
    names,
    scope,
    versions: versions.map((own) => versionInV1({ ...own, ...common })),
    ...(conversion && { conversion: conversionInV1(conversion) }),
    ...(preserveUnknownFields && { preserveUnknownFields }),
  };
}

const definedOf = (parts: Partial<Version>): Partial<Version> =>
  Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));

function versionInV1({
  additionalPrinterColumns: columns,
  ...rest
}: Version): CustomResourceDefinitionVersion {
  if (!columns) return rest;
  const additionalPrinterColumns = columns.map(({ JSONPath: jsonPath, ...column }) => ({
    ...column,
    jsonPath,
  }));
  return { ...rest, additionalPrinterColumns };
}

function conversionInV1({
  strategy,
  webhookClientConfig: clientConfig,
  conversionReviewVersions = [],
}: NonNullable<OlderSpec['conversion']>): CustomResourceConversion {
  if (!clientConfig) return { strategy };
  return { strategy, webhook: { clientConfig, conversionReviewVersions } };
}
