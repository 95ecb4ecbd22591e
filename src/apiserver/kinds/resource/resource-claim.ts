import { resourceclaims, resourceclaimtemplates } from '../../../api/generated/resources.ts';
import type { ObjectMeta } from '../../../api/meta/v1.ts';
import type {
  DeviceClaim,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimStatus,
  ResourceClaimTemplate,
  ResourceClaimTemplateSpec,
} from '../../../api/resource/v1.ts';
import { type FieldError, forbiddenField, noErrors } from '../../../machinery/field-error.ts';
import { labelsErrors } from '../../../machinery/label-selector.ts';
import { annotationErrors } from '../../registry/object-meta.ts';
import type { HookContext, Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { keepMeta } from '../shared/meta.ts';
import { keepStatus } from '../shared/status.ts';
import { immutable } from '../shared/validate.ts';
import { adminAccessErrors } from './admin-access.ts';
import { claimStatusErrors } from './claim-status-validation.ts';
import { claimSpecErrors } from './device-claim-validation.ts';
import { findInTurns } from './selector.ts';

export const resourceClaimKind: Kind<ResourceClaim> = {
  resource: resourceclaims,
  countsGeneration: false,
  defaults(claim) {
    defaultRequests(claim.spec);
    defaultTolerations(claim.status?.allocation?.devices?.results ?? []);
  },
  prepareForCreate(claim) {
    claim.status = {};
  },
  prepareForUpdate: keepStatus,
  validate: ({ metadata, spec }, context) => requestedAccessErrors(spec.devices, metadata, context),
  validateInTurns: ({ object: { spec }, old, signal }) =>
    old ? noErrors : findInTurns(() => claimSpecErrors('spec', spec), signal),
  validateUpdate: (claim, old) => immutable('spec', claim.spec, old.spec),
  status: {
    resets: ['spec', 'metadata'],
    prepareForUpdate(claim, old) {
      keepMeta(claim.metadata, old.metadata);
      dropDeallocated(claim, old);
    },
    validateUpdate: (claim, old, context) => [
      ...givenAccessErrors(claim, old, context),
      ...claimStatusErrors(claim, old),
    ],
  },
  columns: [nameColumn, text('State', 'How far the claim has come.', state), ageColumn],
};

export const resourceClaimTemplateKind: Kind<ResourceClaimTemplate> = {
  resource: resourceclaimtemplates,
  defaults(template) {
    defaultRequests(template.spec.spec);
  },
  validate: ({ metadata, spec }, context) => requestedAccessErrors(spec.spec.devices, metadata, context),
  validateUpdate: () => noErrors,
  validateInTurns: ({ object: { spec }, old, signal }) =>
    findInTurns(() => [...templateErrors(spec), ...(old ? immutable('spec', spec, old.spec) : [])], signal),
  columns: [nameColumn, ageColumn],
};

function templateErrors({ metadata, spec }: ResourceClaimTemplateSpec): readonly FieldError[] {
  return [...templateMetadataErrors('spec.metadata', metadata ?? {}), ...claimSpecErrors('spec.spec', spec)];
}

function defaultRequests(spec: ResourceClaimSpec): void {
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const wishes = exactly ? [exactly, ...firstAvailable] : firstAvailable;
    for (const wish of wishes) {
      wish.allocationMode ||= 'ExactCount';
      if (wish.allocationMode === 'ExactCount') wish.count ||= 1;
    }
    defaultTolerations(wishes);
  }
}

function defaultTolerations(items: readonly { tolerations?: { operator?: string }[] }[]): void {
  for (const { tolerations = [] } of items) {
    for (const toleration of tolerations) toleration.operator ||= 'Equal';
  }
}

/** The path leaves out `exactly`, as upstream's does. */
function requestedAccessErrors(
  { requests }: DeviceClaim = {},
  { namespace = '' }: ObjectMeta,
  context: HookContext,
): readonly FieldError[] {
  const i = (requests ?? []).findIndex((request) => request.exactly?.adminAccess);
  return i < 0 ? [] : adminAccessErrors(`spec.devices.requests[${i}].adminAccess`, namespace, context);
}

/** What was once given stays given. */
function givenAccessErrors(
  claim: ResourceClaim,
  old: ResourceClaim,
  context: HookContext,
): readonly FieldError[] {
  const given = ({ status }: ResourceClaim) =>
    (status?.allocation?.devices?.results ?? []).findIndex((result) => result.adminAccess);
  const i = given(claim);
  if (i < 0 || given(old) >= 0) return [];
  const field = `status.allocation.devices.results[${i}].adminAccess`;
  return adminAccessErrors(field, claim.metadata.namespace ?? '', context);
}

/** Of devices that the claim no longer has, nothing is reported either. */
function dropDeallocated(claim: ResourceClaim, old: ResourceClaim): void {
  const { status } = claim;
  if (!status?.devices) return;
  const key = (d: { driver: string; pool: string; device: string }) => [d.driver, d.pool, d.device].join('/');
  const given = (s: ResourceClaimStatus | undefined) => (s?.allocation?.devices?.results ?? []).map(key);
  const gone = new Set(given(old.status));
  for (const device of given(status)) gone.delete(device);
  status.devices = status.devices.filter((device) => !gone.has(key(device)));
  if (status.devices.length === 0) delete status.devices;
}

/** Claims made from a template get labels and annotations from it, and nothing else. */
function templateMetadataErrors(field: string, metadata: ObjectMeta): readonly FieldError[] {
  const others = Object.entries(metadata).filter(
    ([name, value]) => name !== 'labels' && name !== 'annotations' && isSet(value),
  );
  return [
    ...annotationErrors(metadata.annotations, `${field}.annotations`),
    ...labelsErrors(metadata.labels, `${field}.labels`),
    ...others.map(([name]) => forbiddenField(`${field}.${name}`, 'cannot be set')),
  ];
}

const isSet = (value: unknown) => value !== undefined && value !== null && value !== '' && value !== 0;

function state({ metadata, status }: ResourceClaim): string {
  const gone = metadata.deletionTimestamp ? ['deleted'] : [];
  if (!status?.allocation) return gone[0] ?? 'pending';
  return [...gone, 'allocated', ...(status.reservedFor?.length ? ['reserved'] : [])].join(',');
}
