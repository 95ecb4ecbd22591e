import type { CertificateSigningRequest } from '../../api/certificates/v1.ts';
import { readRequest } from '../../platform/x509.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { isAbout, refuse } from './refuse.ts';

const signer = 'kubernetes.io/kube-apiserver-client';
const almighty = 'system:masters';

/** Nobody gets a certificate of the group that may do everything, whoever approves it. */
export const certificateSubject: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  validate(attributes) {
    if (attributes.operation !== 'CREATE') return undefined;
    if (!isAbout(attributes, 'certificatesigningrequests', 'certificates.k8s.io')) return undefined;
    const { spec } = attributes.object as CertificateSigningRequest;
    return spec.signerName === signer ? check(attributes, spec.request) : undefined;
  },
};

async function check(attributes: AdmissionAttributes, request: string): Promise<void> {
  const { organizations } = await readRequest(request).catch((error: Error) => {
    throw refuse(attributes, `failed to parse CSR: ${error.message}`);
  });
  if (organizations.includes(almighty))
    throw refuse(attributes, `use of ${signer} signer with ${almighty} group is not allowed`);
}
