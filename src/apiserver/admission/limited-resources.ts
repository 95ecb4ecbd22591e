import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../../api/core/v1.ts';
import { expectKind } from '../../machinery/configuration-kind.ts';
import { renderErrors, required } from '../../machinery/field-error.ts';
import { meets, requirementsOf } from '../../machinery/quota/scopes.ts';
import type { Sums } from '../../machinery/resource-sums.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { AdmissionAttributes } from './admission.ts';
import { refuse } from './refuse.ts';

/** What may be taken only where a quota leaves it, as against what no quota speaks of. */
export interface LimitedResource {
  apiGroup?: string;
  /** The plural name. */
  resource: string;
  /** Amounts whose names contain one of these texts, such as `.storageclass.storage.k8s.io/requests.storage`. */
  matchContains?: readonly string[];
  /** Scopes, such as pods of certain priority classes. */
  matchScopes?: readonly ScopedResourceSelectorRequirement[];
}

interface Covering {
  limited: readonly LimitedResource[];
  /** All quotas of the namespace. */
  quotas: readonly ResourceQuota[];
  /** What the object takes as a whole. */
  usage: Sums;
  /** The amounts that are limited by the quotas which are about the object. */
  covered: ReadonlySet<string>;
}

/** Throws where an object takes what is limited, and no quota covers that. */
export function checkCovered(
  attributes: AdmissionAttributes,
  { limited, quotas, usage, covered }: Covering,
): void {
  const { resource } = attributes.kind;
  const own = limited.filter(
    (one) => (one.apiGroup ?? '') === resource.group && one.resource === resource.plural,
  );
  const parts = own.flatMap(({ matchContains = [] }) => matchContains);
  const bare = [...usage.keys()].filter(
    (name) => !covered.has(name) && parts.some((part) => name.includes(part)),
  );
  if (bare.length > 0) throw refuse(attributes, `insufficient quota to consume: ${bare.sort().join(',')}`);
  const isMet = (scope: ScopedResourceSelectorRequirement) =>
    meets(resource, attributes.object as never, scope);
  const told = new Set(
    quotas
      .flatMap(requirementsOf)
      .filter(isMet)
      .map(({ scopeName }) => scopeName),
  );
  const open = limited
    .flatMap(({ matchScopes = [] }) => matchScopes)
    .filter((scope) => isMet(scope) && !told.has(scope.scopeName));
  if (open.length === 0) return;
  throw new StatusError(500, '', `insufficient quota to match these scopes: [${open.map(shown).join(' ')}]`);
}

/** As Go prints it. */
const shown = ({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement) =>
  `{${scopeName} ${operator} [${values.join(' ')}]}`;

/** By kind, the versions of the configuration; the kind's first name is that of old. */
const kinds = new Map([
  ['Configuration', ['resourcequota.admission.k8s.io/v1alpha1', 'resourcequota.admission.k8s.io/v1beta1']],
  ['ResourceQuotaConfiguration', ['apiserver.config.k8s.io/v1']],
]);

/** Reads the configuration of `ResourceQuota`. Throws an Error in upstream's words where it is none. */
export function readLimitedResources(read: unknown): LimitedResource[] {
  const said = (read as { kind?: string } | undefined)?.kind ?? '';
  const kind = kinds.has(said) ? said : 'ResourceQuotaConfiguration';
  expectKind(read, { kind, apiVersions: kinds.get(kind) ?? [] });
  const { limitedResources = [] } = read as { limitedResources?: LimitedResource[] };
  if (!Array.isArray(limitedResources)) throw new Error('limitedResources must be a list');
  const errors = limitedResources.flatMap((one, i) =>
    one?.resource ? [] : [required(`limitedResources[${i}].resource`)],
  );
  if (errors.length > 0) throw new Error(renderErrors(errors));
  return limitedResources;
}
