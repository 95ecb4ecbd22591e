import type { Pod, ResourceQuota } from '../../api/core/v1.ts';
import { deviceclasses, pods, resourceclaims, resourcequotas } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { compareQuantities, formatQuantity } from '../../machinery/quantity.ts';
import {
  addSums,
  maskSums,
  readSums,
  type Sums,
  subtractSums,
  writeSums,
  zero,
} from '../../machinery/resource-sums.ts';
import { inScope } from '../../machinery/quota/scopes.ts';
import { limits, type QuotaContext, usageOf } from '../../machinery/quota/usage.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { checkCovered, type LimitedResource } from './limited-resources.ts';
import { refuse } from './refuse.ts';

/** Resources whose updates can take more of a quota than the object took before. */
const growing = new Set(['services', 'persistentvolumeclaims']);

/** Nothing is created or enlarged beyond what the quotas of its namespace leave, or without one where that is `limited`. */
export function resourceQuotaWith(limited: readonly LimitedResource[]): AdmissionPlugin {
  return {
    name: 'ResourceQuota',
    last: true,
    validate(attributes) {
      if (!takesQuota(attributes)) return;
      const quotas = [...attributes.context.list(resourcequotas, attributes.namespace)];
      if (quotas.length === 0 && limited.length === 0) return;
      const concerned = quotas.filter((quota) => isAbout(quota, attributes, attributes.object));
      if (limited.length > 0) checkLimited(attributes, { limited, quotas, concerned });
      if (concerned.length > 0) return chargeAll(attributes, concerned);
    },
  };
}

export const resourceQuota: AdmissionPlugin = resourceQuotaWith([]);

type Quotas = readonly Stored<ResourceQuota>[];

/** Nothing is booked of any quota before all have been found to leave enough. */
async function chargeAll(attributes: AdmissionAttributes, concerned: Quotas): Promise<void> {
  const charges = concerned.flatMap((quota) => chargeOf(attributes, quota) ?? []);
  if (attributes.options.dryRun) return;
  for (const charge of charges) await book(attributes, charge);
}

/** Whether a quota is about an object in one of its states. */
const isAbout = (quota: ResourceQuota, { kind }: AdmissionAttributes, object: KubernetesObject | undefined) =>
  object !== undefined && inScope(quota, kind.resource, object);

/** Who takes no more than before needs no quota for it. */
function checkLimited(
  attributes: AdmissionAttributes,
  { limited, quotas, concerned }: { limited: readonly LimitedResource[]; quotas: Quotas; concerned: Quotas },
): void {
  const { operation, kind, old, object } = attributes;
  const isUpdate = operation === 'UPDATE';
  const usage = usageIn(attributes, object);
  const takesMore = (isKnown: boolean) =>
    amountsBeyond(usage, isKnown ? usageIn(attributes, old) : none).size > 0;
  const isMore =
    concerned.length > 0
      ? concerned.some((quota) => takesMore(isUpdate && isAbout(quota, attributes, old)))
      : takesMore(isUpdate);
  if (!isMore) return;
  const covered = new Set(concerned.flatMap((quota) => relevantTo(kind.resource, quota)));
  checkCovered(attributes, { limited, quotas, usage, covered });
}

/** What a claim is being given is booked, however much it is: it has happened already. */
const isReport = ({ operation, subresource }: AdmissionAttributes) =>
  operation === 'UPDATE' && subresource === 'status';

function takesQuota(attributes: AdmissionAttributes): boolean {
  const { operation, subresource, namespace, kind } = attributes;
  if (namespace === '' || kind.review) return false;
  const { group, plural } = kind.resource;
  if (operation === 'UPDATE' && group === '' && plural === 'pods') return subresource === 'resize';
  if (isReport(attributes)) return group === '' && plural === 'persistentvolumeclaims';
  if (subresource !== '') return false;
  return operation === 'CREATE' || (operation === 'UPDATE' && group === '' && growing.has(plural));
}

/** What the object takes of a quota, if anything; throws where that is more than it leaves. */
function chargeOf(attributes: AdmissionAttributes, quota: Stored<ResourceQuota>): Charge | undefined {
  const relevant = relevantTo(attributes.kind.resource, quota);
  if (relevant.length === 0) return undefined;
  checkStated(attributes, quota, relevant);
  const wanted = maskSums(delta(attributes, quota), new Set(relevant));
  if (wanted.size === 0) return undefined;
  const charge = { quota, relevant, wanted };
  check(attributes, charge);
  return charge;
}

async function book(attributes: AdmissionAttributes, { quota, relevant, wanted }: Charge): Promise<void> {
  await attributes.changeStatus({
    resource: resourcequotas,
    ref: { namespace: attributes.namespace, name: quota.metadata.name },
    reason: `${attributes.kind.resource.kind} ${attributes.name} takes from it`,
    change(newest) {
      check(attributes, { quota: newest, relevant, wanted });
      newest.status = { ...newest.status, used: writeSums(addSums(readSums(newest.status?.used), wanted)) };
    },
    signal: attributes.signal,
  });
}

const relevantTo = (resource: Pick<Resource, 'group' | 'plural'>, { spec, status }: ResourceQuota) =>
  Object.keys(status?.hard ?? spec?.hard ?? {}).filter((name) => limits(resource, name));

const none: Sums = new Map();

const amountsBeyond = (usage: Sums, before: Sums): Sums =>
  new Map([...subtractSums(usage, before)].filter(([, amount]) => compareQuantities(amount, zero) !== 0));

/** What the request takes on top of what the object had. */
function delta(attributes: AdmissionAttributes, quota: ResourceQuota): Sums {
  const { old, object, operation } = attributes;
  const isKnown = operation === 'UPDATE' && isAbout(quota, attributes, old);
  return amountsBeyond(usageIn(attributes, object), isKnown ? usageIn(attributes, old) : none);
}

function usageIn({ kind, context }: AdmissionAttributes, object: KubernetesObject | undefined): Sums {
  const about: QuotaContext = {
    nowMs: context.platform.clock.now(),
    resourceOf: (name) => context.getLean(deviceclasses, { name })?.spec.extendedResourceName,
    pod: (namespace, name) => context.getLean(pods, { namespace, name }),
    claims: (namespace) => context.list(resourceclaims, namespace),
  };
  return object ? usageOf(kind.resource, object, about) : none;
}

interface Charge {
  quota: Stored<ResourceQuota>;
  relevant: readonly string[];
  wanted: Sums;
}

function check(attributes: AdmissionAttributes, { quota, relevant, wanted }: Charge): void {
  const { name } = quota.metadata;
  const [hard, used] = [readSums(quota.status?.hard), readSums(quota.status?.used)];
  if (relevant.some((resource) => !used.has(resource))) {
    throw refuse(
      attributes,
      `status unknown for quota: ${name}, resources: ${[...relevant].sort().join(',')}`,
    );
  }
  if (isReport(attributes)) return;
  const after = addSums(used, wanted);
  const exceeded = new Set(
    [...wanted.keys()].filter((resource) => {
      const bound = hard.get(resource);
      return bound && compareQuantities(after.get(resource) ?? zero, bound) > 0;
    }),
  );
  if (exceeded.size === 0) return;
  const [requested, taken, limited] = [wanted, used, hard].map((sums) => print(maskSums(sums, exceeded)));
  throw refuse(
    attributes,
    `exceeded quota: ${name}, requested: ${requested}, used: ${taken}, limited: ${limited}`,
  );
}

function print(sums: Sums): string {
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, quantity]) => `${name}=${formatQuantity(quantity)}`)
    .join(',');
}

/** Resources that a container must say something of where a quota limits them. */
const mustBeStated = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

function checkStated(
  attributes: AdmissionAttributes,
  quota: Stored<ResourceQuota>,
  relevant: readonly string[],
): void {
  const { kind, object } = attributes;
  if (kind.resource.plural !== 'pods' || kind.resource.group !== '') return;
  const { spec } = object as Pod;
  const missing = mustBeStated
    .filter((name) => relevant.includes(name))
    .sort()
    .flatMap((name) => {
      const [part, resource] = name.includes('.') ? name.split('.') : ['requests', name];
      const isStated = (resources: { [part: string]: unknown } | undefined) =>
        ((resources?.[part as string] ?? {}) as Record<string, string>)[resource as string] !== undefined;
      if (isStated(spec.resources as never)) return [];
      const without = [...spec.containers, ...(spec.initContainers ?? [])].filter(
        (c) => !isStated(c.resources as never),
      );
      return without.length > 0
        ? [
            `${name} for: ${without
              .map((c) => c.name)
              .sort()
              .join(',')}`,
          ]
        : [];
    });
  if (missing.length === 0) return;
  throw refuse(attributes, `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`);
}
