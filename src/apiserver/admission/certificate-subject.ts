import type { CertificateSigningRequest } from '../../api/certificates/v1.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout, refuse } from './refuse.ts';

const signer = 'kubernetes.io/kube-apiserver-client';
const almighty = 'system:masters';

/** Nobody gets a certificate of the group that may do everything, whoever approves it. */
export const certificateSubject: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  validate(attributes) {
    if (attributes.operation !== 'CREATE') return;
    if (!isAbout(attributes, 'certificatesigningrequests', 'certificates.k8s.io')) return;
    const { spec } = attributes.object as CertificateSigningRequest;
    if (spec.signerName !== signer) return;
    const organizations = organizationsOf(spec.request);
    if (!organizations) throw refuse(attributes, 'failed to parse CSR: asn1: structure error');
    if (organizations.includes(almighty)) {
      throw refuse(attributes, `use of ${signer} signer with ${almighty} group is not allowed`);
    }
  },
};

/** Tags of DER. */
const [objectIdentifier, utf16String, sequence, set] = [0x06, 0x1e, 0x30, 0x31];
/** The object identifier of organizationName, 2.5.4.10, in DER. */
const organizationName = Buffer.from([0x55, 0x04, 0x0a]);

interface Element {
  tag: number;
  content: Buffer;
}

/** The organizations of the subject of a request (PEM in base64); undefined where it cannot be read as RFC 2986 has it. */
function organizationsOf(base64: string): string[] | undefined {
  const pem = Buffer.from(base64, 'base64').toString('latin1');
  const body = /-----BEGIN CERTIFICATE REQUEST-----([^-]*)-----END/.exec(pem)?.[1] ?? '';
  const [request] = elements(Buffer.from(body, 'base64')) ?? [];
  const [info] = inside(request, sequence) ?? [];
  const subject = inside(info, sequence)?.[1];
  const names = inside(subject, sequence)?.map((name) => inside(name, set));
  return names && flattened(names.map((attributes) => attributes && flattened(attributes.map(organization))));
}

/** The organization that an attribute of a name is, if it is one. */
function organization(attribute: Element): string[] | undefined {
  const [type, value] = inside(attribute, sequence) ?? [];
  if (type?.tag !== objectIdentifier || !value) return undefined;
  if (!type.content.equals(organizationName)) return [];
  const isUtf16 = value.tag === utf16String && value.content.length % 2 === 0;
  return [isUtf16 ? Buffer.from(value.content).swap16().toString('utf16le') : value.content.toString()];
}

/** All of several lists; undefined where one of them is. */
function flattened<T>(lists: readonly (readonly T[] | undefined)[]): T[] | undefined {
  return lists.some((list) => !list) ? undefined : lists.flatMap((list) => list as T[]);
}

const inside = (element: Element | undefined, tag: number): Element[] | undefined =>
  element?.tag === tag ? elements(element.content) : undefined;

/** The elements that stand one after the other, all of a definite length; undefined where they do not. */
function elements(bytes: Buffer): Element[] | undefined {
  const found: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    const [tag = 0, short = 0x80] = bytes.subarray(at, at + 2);
    const size = short > 0x80 ? short - 0x80 : 0;
    const start = at + 2 + size;
    if (short === 0x80 || size > 4 || start > bytes.length) return undefined;
    const length = size > 0 ? bytes.readUIntBE(at + 2, size) : short;
    at = start + length;
    if (at > bytes.length) return undefined;
    found.push({ tag, content: bytes.subarray(start, at) });
  }
  return found;
}
