import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '../../../api/certificates/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  required,
} from '../../../machinery/field-error.ts';
import { goDiff } from '../shared/go-diff.ts';
import { each, repeats, requireSupported, supported } from '../shared/validate.ts';
import { certificatesError, pemBlocks } from '../shared/pem.ts';
import { requestError } from './request-signature.ts';
import { signerName } from './signer-name.ts';

type Request = CertificateSigningRequest;

const minLifetimeSeconds = 600;
const oldSigner = 'kubernetes.io/legacy-unknown';

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** What holds for a request at any time; what was let pass before there were such rules stays. */
export function requestErrors(request: Request, old?: Request): readonly FieldError[] {
  const { spec, status } = request;
  const { expirationSeconds: lifetime } = spec;
  const errors = [...pemErrors(spec.request)];
  if (!spec.usages?.length) errors.push(required('spec.usages'));
  const [unknown, twice] = [unknownUsages, repeatedUsages];
  if (!old || unknown(old.spec.usages).length === 0) errors.push(...unknown(spec.usages));
  if (!old || twice(old.spec.usages).length === 0) errors.push(...twice(spec.usages));
  if (spec.signerName === oldSigner && old?.spec.signerName !== oldSigner) {
    const why = 'the legacy signerName is not allowed via this API version';
    errors.push(invalid('spec.signerName', spec.signerName, why));
  } else errors.push(...signerName('spec.signerName', spec.signerName));
  if (lifetime !== undefined && lifetime < minLifetimeSeconds) {
    const why = 'may not specify a duration less than 600 seconds (10 minutes)';
    errors.push(invalid('spec.expirationSeconds', lifetime, why));
  }
  errors.push(...conditionErrors('status.conditions', status?.conditions, toleranceOf(old)));
  return [...errors, ...certificateErrors(request, old)];
}

function unknownUsages(list: readonly string[] | undefined): readonly FieldError[] {
  return each('spec.usages', list, (usage, field) => supported(field, usage, usages));
}

function repeatedUsages(list: readonly string[] | undefined): readonly FieldError[] {
  const repeated = repeats();
  return each('spec.usages', list, (usage, field) => (repeated(usage) ? [duplicate(field, usage)] : []));
}

/** What is to be signed is a request, made by whoever holds the key; whoever signs checks what is in it. */
function pemErrors(request: string): readonly FieldError[] {
  const [found] = pemBlocks(Buffer.from(request ?? '', 'base64').toString('latin1'));
  const isRequest = found?.type === 'CERTIFICATE REQUEST';
  const why = isRequest ? requestError(found.bytes) : 'PEM block type must be CERTIFICATE REQUEST';
  return why ? [invalid('spec.request', request, why)] : [];
}

/** What is issued are certificates. What is there already stays, and so does the way of who began with something else. */
function certificateErrors({ status }: Request, old: Request | undefined): readonly FieldError[] {
  const { certificate = '' } = status ?? {};
  const before = old?.status?.certificate ?? '';
  if (old && (certificate === before || certificatesError(before))) return [];
  const why = certificatesError(certificate);
  return why ? [invalid('status.certificate', '<certificate data>', why)] : [];
}

/** What conditions a request has that no new one may have. */
interface Tolerance {
  nameless: boolean;
  both: boolean;
  twice: boolean;
}

function toleranceOf(old: Request | undefined): Tolerance {
  const types = (old?.status?.conditions ?? []).map(({ type }) => type);
  return {
    nameless: types.includes(''),
    both: types.includes('Approved') && types.includes('Denied'),
    twice: new Set(types).size < types.length,
  };
}

function conditionErrors(
  field: string,
  conditions: readonly CertificateSigningRequestCondition[] | undefined,
  tolerated: Tolerance,
): readonly FieldError[] {
  const repeated = repeats();
  const verdicts = new Set<string>();
  return each(field, conditions, ({ type, status }, path) => {
    const isFinal = ['Approved', 'Denied', 'Failed'].includes(type);
    const errors = [
      ...(type || tolerated.nameless ? [] : [required(`${path}.type`)]),
      ...requireSupported(`${path}.status`, status, isFinal ? ['True'] : ['False', 'True', 'Unknown']),
    ];
    const isVerdict = type === 'Approved' || type === 'Denied';
    if (isVerdict && verdicts.add(type).size === 2 && !tolerated.both) {
      errors.push(invalid(field, type, 'Approved and Denied conditions are mutually exclusive'));
    }
    return repeated(type) && !tolerated.twice ? [...errors, duplicate(`${path}.type`, type)] : errors;
  });
}

/** What an update may do, by where it comes through. */
export function requestUpdateErrors(
  request: Request,
  old: Request,
  may: { decide?: boolean; issue?: boolean } = {},
): readonly FieldError[] {
  const errors = [...requestErrors(request, old)];
  const types = ['Approved', 'Denied', 'Failed'];
  const removed = types.filter((type) => of(request, type).length < of(old, type).length);
  errors.push(...removed.map((type) => condition(`updates may not remove a condition of type "${type}"`)));
  if (!may.decide) errors.push(...decided(request, old));
  const [now = '', before = ''] = [request.status?.certificate, old.status?.certificate];
  const why = may.issue
    ? 'updates may not modify existing certificate content'
    : 'updates may not set certificate content';
  if (now !== before && (!may.issue || before)) errors.push(forbiddenField('status.certificate', why));
  return errors;
}

const condition = (why: string) => forbiddenField('status.conditions', why);

function of({ status }: Request, type: string): CertificateSigningRequestCondition[] {
  return (status?.conditions ?? []).filter((c) => c.type === type);
}

function decided(request: Request, old: Request): readonly FieldError[] {
  return ['Approved', 'Denied'].flatMap((type) => {
    const [now, before] = [of(request, type), of(old, type)];
    if (now.length > before.length) return [condition(`updates may not add a condition of type "${type}"`)];
    if (now.length < before.length || deepEqual(now, before)) return [];
    const diff = goDiff('[]certificates.CertificateSigningRequestCondition', before, now);
    return [condition(`updates may not modify a condition of type "${type}"\n${diff}`)];
  });
}
