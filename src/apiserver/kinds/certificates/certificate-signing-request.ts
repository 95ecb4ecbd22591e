import type { CertificateSigningRequest } from '../../../api/certificates/v1.ts';
import { certificatesigningrequests } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { humanDuration } from '../shared/human-duration.ts';
import { keepStatus } from '../shared/status.ts';

export const certificateSigningRequestKind: Kind<CertificateSigningRequest> = {
  resource: certificatesigningrequests,
  countsGeneration: false,
  defaults(request) {
    request.spec ??= { request: '', signerName: '' };
    if (!request.spec.usages?.length) request.spec.usages = ['digital signature', 'key encipherment'];
    request.status ??= {};
  },
  prepareForUpdate(request, old) {
    request.spec = old.spec;
    keepStatus(request, old);
  },
  status: {
    prepareForUpdate(request, old) {
      request.spec = old.spec;
    },
  },
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
