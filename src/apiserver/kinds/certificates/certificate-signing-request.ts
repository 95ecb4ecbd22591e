import type { CertificateSigningRequest } from '../../../api/certificates/v1.ts';
import { certificatesigningrequests } from '../../../api/generated/resources.ts';
import { timestamp } from '../../../platform/clock.ts';
import type { HookContext, Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { humanDuration } from '../shared/human-duration.ts';
import { keepStatus } from '../shared/status.ts';
import { requestErrors, requestUpdateErrors } from './validation.ts';

export const certificateSigningRequestKind: Kind<CertificateSigningRequest> = {
  resource: certificatesigningrequests,
  countsGeneration: false,
  validateName: () => [],
  prepareForCreate(request, { user }) {
    request.status = {};
    const { name, uid, groups, extra } = user;
    Object.assign(request.spec, { username: name, groups: [...groups] });
    for (const key of ['uid', 'extra'] as const) delete request.spec[key];
    if (uid) request.spec.uid = uid;
    if (extra && Object.keys(extra).length > 0) request.spec.extra = extra;
  },
  prepareForUpdate(request, old) {
    request.spec = old.spec;
    keepStatus(request, old);
  },
  validate: (request) => requestErrors(request),
  validateUpdate: (request, old) => requestUpdateErrors(request, old),
  status: {
    resets: ['spec', 'status.conditions'],
    prepareForUpdate(request, old, context) {
      for (const type of ['Approved', 'Denied']) keepConditions(request, old, type);
      dateConditions(request, old, context);
    },
    validateUpdate: (request, old) => requestUpdateErrors(request, old, { issue: true }),
  },
  parts: {
    approval: {
      resets: ['spec', 'status.certificate'],
      prepareForUpdate(request, old, context) {
        request.spec = old.spec;
        request.status = { ...old.status, conditions: request.status?.conditions };
        dateConditions(request, old, context);
      },
      validateUpdate: (request, old) => requestUpdateErrors(request, old, { decide: true }),
    },
  },
  fieldLabels: { common: ['metadata.name'] },
  selectableFields: ({ spec }) => ({ 'spec.signerName': spec.signerName }),
  columns: [
    nameColumn,
    ageColumn,
    text('SignerName', 'Who is asked to sign.', ({ spec }) => spec.signerName || '<none>'),
    text('Requestor', 'Who asks.', ({ spec }) => spec.username ?? ''),
    text('RequestedDuration', 'For how long the certificate should hold.', ({ spec }) =>
      spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
    ),
    text('Condition', 'Whether it was approved, and issued.', condition),
  ],
};

function condition({ status }: CertificateSigningRequest): string {
  const has = (type: string) => status?.conditions?.some((c) => c.type === type);
  const verdict = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return [verdict, has('Failed') && 'Failed', status?.certificate && 'Issued'].filter(Boolean).join(',');
}

/** Whoever signs does not decide: conditions of the type stay as they were, unless some came or went, which is refused. */
function keepConditions(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  type: string,
): void {
  const conditions = request.status?.conditions ?? [];
  const before = (old.status?.conditions ?? []).filter((condition) => condition.type === type);
  if (conditions.filter((condition) => condition.type === type).length !== before.length) return;
  for (const [i, condition] of conditions.entries()) {
    if (condition.type === type) conditions[i] = before.shift() as typeof condition;
  }
}

/** Says when a condition came, where whoever sets it did not. */
function dateConditions(
  { status }: CertificateSigningRequest,
  old: CertificateSigningRequest,
  { platform }: HookContext,
): void {
  const now = timestamp(platform.clock);
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    if (condition.lastTransitionTime) continue;
    const before = old.status?.conditions?.find((c) => c.type === condition.type);
    const same = before?.status === condition.status && before.lastTransitionTime;
    condition.lastTransitionTime = same || now;
  }
}
