import type { CertificateSigningRequest } from '../../../api/certificates/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/admission.ts';
import { refuse } from '../../admission/refuse.ts';
import type { Attributes, Authorizer } from '../authorizer.ts';

const group = 'certificates.k8s.io';

const isRequest = ({ kind }: AdmissionAttributes) =>
  kind.resource.group === group && kind.resource.plural === 'certificatesigningrequests';

/**
 * Certificate requests say who made them, whatever they claim, and only who may speak for a signer approves or signs
 * (upstream's CertificateApproval and CertificateSigning).
 */
export function certificateRequests(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    admit(attributes) {
      if (!isRequest(attributes) || attributes.operation !== 'CREATE' || !attributes.object) return;
      const { name, uid, groups, extra } = attributes.context.user;
      const request = attributes.object as CertificateSigningRequest;
      request.spec = { ...request.spec, username: name, uid, groups: [...groups], extra };
    },
    validate(attributes) {
      if (!isRequest(attributes) || attributes.operation !== 'UPDATE') return undefined;
      const { subresource, object, old } = attributes;
      const [request, before] = [object, old] as (CertificateSigningRequest | undefined)[];
      if (subresource === 'approval') return permit(attributes, authorizer, 'approve');
      const isSigning = subresource === 'status' && !isLeftAlone(request, before);
      return isSigning ? permit(attributes, authorizer, 'sign') : undefined;
    },
  };
}

/** Whether nothing is said about whether a request is granted: neither a certificate nor why there is none. */
function isLeftAlone(
  request: CertificateSigningRequest | undefined,
  old: CertificateSigningRequest | undefined,
): boolean {
  const [now = {}, before = {}] = [request?.status, old?.status];
  return (
    (now.certificate ?? '') === (before.certificate ?? '') &&
    deepEqual(now.conditions ?? [], before.conditions ?? [])
  );
}

/** Signers are authorized by name, or all of a domain at once: `example.com/*`. */
async function permit(
  attributes: AdmissionAttributes,
  authorizer: Authorizer,
  verb: 'approve' | 'sign',
): Promise<void> {
  const { signerName } = (attributes.old as CertificateSigningRequest).spec;
  const domain = `${signerName.split('/')[0]}/*`;
  for (const name of [signerName, domain]) {
    const asked: Attributes = {
      isResource: true,
      verb,
      group,
      version: '*',
      namespace: '',
      resource: 'signers',
      subresource: '',
      name,
      path: '',
    };
    const { verdict } = await authorizer.authorize(attributes.context.user, asked);
    if (verdict === 'allow') return;
  }
  throw refuse(attributes, `user not permitted to ${verb} requests with signerName ${goQuote(signerName)}`);
}
