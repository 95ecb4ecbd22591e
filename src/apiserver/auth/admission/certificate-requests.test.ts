import { expect, test } from 'vitest';
import type { CertificateSigningRequest } from '../../../api/certificates/v1.ts';
import { certificatesigningrequests } from '../../../api/generated/resources.ts';
import type { AdmissionAttributes } from '../../admission/admission.ts';
import type { Attributes, Authorizer } from '../authorizer.ts';
import { certificateRequests } from './certificate-requests.ts';

type Status = CertificateSigningRequest['status'];

const spec = { request: '', signerName: 'example.com/mine' };
const failed = { conditions: [{ type: 'Failed', status: 'True' }] };

/** What is said of an update of the status (or another part), where somebody may do these things. */
async function said(now: Status, old: Status, allowed: string[], subresource = 'status'): Promise<string> {
  const authorizer: Authorizer = {
    // Signers have no versions: the right is asked for in all of them.
    authorize: (_, { verb, version, resource, name }: Attributes) => ({
      verdict: version === '*' && allowed.includes(`${verb} ${resource} ${name}`) ? 'allow' : 'none',
      reason: '',
    }),
  };
  const attributes = {
    kind: { resource: certificatesigningrequests },
    operation: 'UPDATE',
    subresource,
    resource: certificatesigningrequests,
    name: 'r',
    object: { metadata: { name: 'r' }, spec, status: now },
    old: { metadata: { name: 'r' }, spec, status: old },
    context: { user: { name: 'jane', groups: [] } },
  } as unknown as AdmissionAttributes;
  try {
    await certificateRequests(authorizer).validate?.(attributes);
    return 'allowed';
  } catch (error) {
    return (error as Error).message.replace(/^.* is forbidden: /, '');
  }
}

const noLeave = 'user not permitted to sign requests with signerName "example.com/mine"';

test('who may sign alone says what becomes of a request, by a certificate or by a condition', async () => {
  expect(await said({ certificate: 'AA==' }, {}, [])).toBe(noLeave);
  expect(await said(failed, {}, [])).toBe(noLeave);
  expect(await said(failed, {}, ['sign signers example.com/mine'])).toBe('allowed');
  expect(await said(failed, {}, ['sign signers example.com/*'])).toBe('allowed');
  expect(await said(failed, {}, ['approve signers example.com/mine'])).toBe(noLeave);
  expect(await said(failed, failed, [])).toBe('allowed');
  expect(await said(undefined, {}, [])).toBe('allowed');
});

test('who may approve alone does so', async () => {
  const why = 'user not permitted to approve requests with signerName "example.com/mine"';
  expect(await said({}, {}, [], 'approval')).toBe(why);
  expect(await said({}, {}, ['approve signers example.com/*'], 'approval')).toBe('allowed');
});
