import type { AdmissionRequest, AdmissionResponse } from '../../api/admission/v1.ts';
import { goQuote, jsonTypeName } from '../../machinery/go-text.ts';
import type { AdmissionAttributes } from './admission.ts';
import type { Form } from './forms.ts';
import { requestName, requestNamespace } from './matching.ts';

/** The request as webhooks and policies are told of it, without its objects. */
export function admissionRequest(attributes: AdmissionAttributes, form: Form): AdmissionRequest {
  const { operation, subresource, context, options } = attributes;
  const [asked = form] = attributes.forms();
  const [name, namespace] = [requestName(attributes), requestNamespace(attributes)];
  const sub = subresource ? { subResource: subresource, requestSubResource: subresource } : {};
  const { user } = context;
  return {
    kind: { ...form.kind },
    resource: { ...form.resource },
    requestKind: { ...asked.kind },
    requestResource: { ...asked.resource },
    ...sub,
    ...(name && { name }),
    ...(namespace && { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid && { uid: user.uid }),
      groups: [...user.groups],
      ...(user.extra && { extra: user.extra }),
    },
    dryRun: options.dryRun,
    options: (attributes.sentOptions() ?? null) as never,
  };
}

/** Versions of the review that are spoken, in the order of the webhook's liking. */
const versions = new Set(['v1', 'v1beta1']);

export interface Review {
  uid: string;
  version: string;
  /** What is sent. */
  body: object;
}

/** The review to send, in the first version that the webhook takes. */
export function makeReview(
  attributes: AdmissionAttributes,
  form: Form,
  { accepted, uid }: { accepted: readonly string[]; uid: string },
): Review {
  const version = accepted.find((candidate) => versions.has(candidate));
  if (!version) throw new Error('webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  const { object, old } = attributes;
  const request = {
    uid,
    ...admissionRequest(attributes, form),
    object: object ? form.show(object) : null,
    oldObject: old ? form.show(old) : null,
  };
  return {
    uid,
    version,
    body: { kind: 'AdmissionReview', apiVersion: `admission.k8s.io/${version}`, request },
  };
}

/** What a webhook's answer says. Throws an Error that names what is wrong with it. */
export function readReview(answer: unknown, review: Review, mutating: boolean): AdmissionResponse {
  const {
    kind = '',
    apiVersion = '',
    response,
  } = (answer ?? {}) as {
    kind?: string;
    apiVersion?: string;
    response?: AdmissionResponse;
  };
  if (!response || typeof response !== 'object') throw new Error('webhook response was absent');
  checkAllowed(response);
  if (review.version !== 'v1') {
    return { ...response, ...(response.patch && { patchType: 'JSONPatch' }) };
  }
  if (response.uid !== review.uid) {
    throw new Error(`expected response.uid=${goQuote(review.uid)}, got ${goQuote(response.uid ?? '')}`);
  }
  if (kind !== 'AdmissionReview' || apiVersion !== 'admission.k8s.io/v1') {
    const wanted = 'admission.k8s.io/v1, Kind=AdmissionReview';
    throw new Error(`expected webhook response of ${wanted}, got ${apiVersion}, Kind=${kind}`);
  }
  checkPatch(response, mutating);
  return response;
}

/** A yes is the value, no text or number that would pass for it. */
function checkAllowed({ allowed }: { allowed?: unknown }): void {
  if (allowed === undefined || allowed === null || typeof allowed === 'boolean') return;
  const field = 'Go struct field AdmissionResponse.response.allowed of type bool';
  throw new Error(`json: cannot unmarshal ${jsonTypeName(allowed)} into ${field}`);
}

function checkPatch({ patch, patchType }: AdmissionResponse, mutating: boolean): void {
  const typed = patchType !== undefined && patchType !== null;
  if (!mutating) {
    if (patch) throw new Error('validating webhook may not return response.patch');
    if (typed) throw new Error('validating webhook may not return response.patchType');
    return;
  }
  if (patch && !typed) throw new Error('webhook returned response.patch but not response.patchType');
  if (!patch && typed) throw new Error('webhook returned response.patchType but not response.patch');
  if (typed && !patchType) throw new Error('webhook returned invalid response.patchType of ""');
}
