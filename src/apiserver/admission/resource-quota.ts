import type { Pod, ResourceQuota } from '../../api/core/v1.ts';
import { deviceclasses, pods, resourceclaims, resourcequotas } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
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
import { refuse } from './refuse.ts';

/** Resources whose updates can take more of a quota than the object took before. */
const growing = new Set(['services', 'persistentvolumeclaims']);

/** Nothing is created or enlarged beyond what the quotas of its namespace leave. */
export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',
  last: true,
  validate(attributes) {
    if (!takesQuota(attributes)) return;
    const quotas = [...attributes.context.list(resourcequotas, attributes.namespace)];
    if (quotas.length > 0) return chargeAll(attributes, quotas);
  },
};

/** Nothing is booked of any quota before all have been found to leave enough. */
async function chargeAll(
  attributes: AdmissionAttributes,
  quotas: readonly Stored<ResourceQuota>[],
): Promise<void> {
  const concerned = quotas.filter((quota) =>
    inScope(quota, attributes.kind.resource, attributes.object as Pod),
  );
  const charges = concerned.flatMap((quota) => chargeOf(attributes, quota) ?? []);
  if (attributes.options.dryRun) return;
  for (const charge of charges) await book(attributes, charge);
}

function takesQuota({ operation, subresource, namespace, kind }: AdmissionAttributes): boolean {
  if (namespace === '') return false;
  const { group, plural } = kind.resource;
  if (operation === 'UPDATE' && group === '' && plural === 'pods') return subresource === 'resize';
  if (subresource !== '') return false;
  return operation === 'CREATE' || (operation === 'UPDATE' && group === '' && growing.has(plural));
}

/** What the object takes of a quota, if anything; throws where that is more than it leaves. */
function chargeOf(attributes: AdmissionAttributes, quota: Stored<ResourceQuota>): Charge | undefined {
  const { resource } = attributes.kind;
  const relevant = Object.keys(quota.status?.hard ?? quota.spec?.hard ?? {}).filter((name) =>
    limits(resource, name),
  );
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

/** What the request takes on top of what the object had. */
function delta({ kind, object, old, context, operation }: AdmissionAttributes, quota: ResourceQuota): Sums {
  const about: QuotaContext = {
    nowMs: context.platform.clock.now(),
    resourceOf: (name) => context.getLean(deviceclasses, { name })?.spec.extendedResourceName,
    pod: (namespace, name) => context.getLean(pods, { namespace, name }),
    claims: (namespace) => context.list(resourceclaims, namespace),
  };
  const usage = usageOf(kind.resource, object as Pod, about);
  const before =
    operation === 'UPDATE' && old && inScope(quota, kind.resource, old)
      ? usageOf(kind.resource, old, about)
      : new Map();
  return new Map(
    [...subtractSums(usage, before)].filter(([, amount]) => compareQuantities(amount, zero) !== 0),
  );
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
