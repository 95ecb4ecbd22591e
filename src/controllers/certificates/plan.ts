import { X509Certificate } from 'node:crypto';
import type { Node, Service } from '../../api/core/v1.ts';
import type { CertificateSigningRequest } from '../../api/certificates/v1.ts';
import type { RequestContent } from '../../platform/x509.ts';

const prefix = 'kubernetes.io/';
export const kubeletClientSigner = `${prefix}kube-apiserver-client-kubelet`;
export const kubeletServingSigner = `${prefix}kubelet-serving`;
const clientSigner = `${prefix}kube-apiserver-client`;
const signers = [clientSigner, kubeletClientSigner, kubeletServingSigner, `${prefix}legacy-unknown`];

type Request = CertificateSigningRequest;

export const hasCondition = ({ status }: Request, type: string) =>
  status?.conditions?.some((c) => c.type === type && c.status !== 'False') ?? false;

const [signature, encipherment] = ['digital signature', 'key encipherment'];
const [clientAuth, serverAuth] = ['client auth', 'server auth'];

/** What is wrong with the usages, which must be a signature and this one, with or without the encipherment that RSA keys want. */
function usagesFailure({ spec }: Request, auth: string): string | undefined {
  const wanted = [signature, auth];
  const rest = [...new Set(spec.usages ?? [])].filter((usage) => usage !== encipherment);
  if (rest.length === wanted.length && wanted.every((usage) => rest.includes(usage))) return undefined;
  return `usages did not match [${[...wanted, encipherment].sort().join(' ')}]`;
}

const isOfNodes = ({ organizations }: RequestContent) =>
  organizations.length === 1 && organizations[0] === 'system:nodes';
const notOfNodes = 'subject organization is not system:nodes';
const commonNameFailure = ({ commonName }: RequestContent) =>
  commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:';
const notAllowed = (what: string) => `${what} subjectAltNames are not allowed`;

/** Why it is no certificate by which a node shows who it is, in upstream's words. */
function kubeletClientFailure(request: Request, content: RequestContent): string | undefined {
  if (!isOfNodes(content)) return notOfNodes;
  if (content.dnsNames.length > 0) return notAllowed('DNS');
  if (content.emails.length > 0) return notAllowed('Email');
  if (content.addresses.length > 0) return notAllowed('IP');
  if (content.uris.length > 0) return notAllowed('URI');
  return commonNameFailure(content) ?? usagesFailure(request, clientAuth);
}

/** Whether a node asks for a certificate by which it shows who it is. */
export const isKubeletClient = (request: Request, content: RequestContent): boolean =>
  kubeletClientFailure(request, content) === undefined;

/** Whether the node asks for itself, rather than somebody who makes it. */
export const isSelf = ({ spec }: Request, { commonName }: RequestContent) => spec.username === commonName;

function kubeletServingFailure(request: Request, content: RequestContent): string | undefined {
  if (!isOfNodes(content)) return notOfNodes;
  if (content.dnsNames.length + content.addresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (content.emails.length > 0) return notAllowed('Email');
  if (content.uris.length > 0) return notAllowed('URI');
  return usagesFailure(request, serverAuth) ?? commonNameFailure(content);
}

/** Others of 127.0.0.0/8 are the addresses of nodes that share a machine. */
const isLoopback = (address: string) => address === '127.0.0.1' || address === '::1';

/** Names under which API servers and Services are called, whatever the node is called that asks for them. */
const isOfCluster = (name: string) =>
  name === 'localhost' || /^kubernetes(\.default)?$/.test(name) || /\.svc(\.|$)/.test(name);

/** Who else has addresses. */
export interface Neighbours {
  nodes: readonly Node[];
  services: readonly Service[];
}

/**
 * Whether a node asks for its own server's certificate, with its own name and addresses that no other node and no Service has.
 * Upstream leaves these to somebody else; where nodes may ask for them (`selfnodeserver`), we approve them.
 */
export function isOwnServer(
  request: Request,
  content: RequestContent,
  { nodes, services }: Neighbours,
): boolean {
  if (kubeletServingFailure(request, content) || !isSelf(request, content)) return false;
  const name = content.commonName.slice('system:node:'.length);
  const others = nodes.filter((node) => node.metadata.name !== name);
  const taken = new Set([
    ...others.flatMap((node) => node.status?.addresses ?? []).map(({ address }) => address),
    ...services.flatMap(({ spec }) => [spec.clusterIP ?? '', ...(spec.clusterIPs ?? [])]),
  ]);
  return (
    content.dnsNames.every((dnsName) => dnsName === name && !isOfCluster(name)) &&
    content.addresses.every((address) => !isLoopback(address) && !taken.has(address))
  );
}

/** Why a signer of ours refuses an approved request for good; undefined where it signs. */
export function refusal(request: Request, content: RequestContent): string | undefined {
  switch (request.spec.signerName) {
    case kubeletClientSigner:
      return kubeletClientFailure(request, content);
    case kubeletServingSigner:
      return kubeletServingFailure(request, content);
    case clientSigner:
      return clientFailure(request, content);
    default:
      return undefined;
  }
}

function clientFailure(
  { spec: { usages = [] } }: Request,
  { organizations }: RequestContent,
): string | undefined {
  const other = usages.find((usage) => ![signature, encipherment, clientAuth].includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  if (!usages.includes(clientAuth)) return `missing required usage for client certificate: ${clientAuth}`;
  if (!organizations.includes('system:masters')) return undefined;
  return `use of ${clientSigner} signer with system:masters group is not allowed`;
}

/** Whether a request is for us to sign now. */
export function isDue(request: Request): boolean {
  return (
    signers.includes(request.spec.signerName) &&
    hasCondition(request, 'Approved') &&
    !hasCondition(request, 'Denied') &&
    !hasCondition(request, 'Failed') &&
    !request.status?.certificate
  );
}

const hourMs = 3_600_000;
const keptMs = { Approved: hourMs, Denied: hourMs, Failed: hourMs, Pending: 24 * hourMs };

/**
 * When a request has served its purpose, in milliseconds since the epoch; undefined while it is approved and somebody has still to
 * sign it.
 */
export function expiryMs({ metadata, status }: Request): number | undefined {
  const conditions = status?.conditions ?? [];
  const created = Date.parse(metadata.creationTimestamp ?? '');
  if (conditions.length === 0) return created + keptMs.Pending;
  const over = conditions.filter(
    ({ type }) => Object.hasOwn(keptMs, type) && (type !== 'Approved' || status?.certificate !== undefined),
  );
  const ends = over.map(({ type, lastUpdateTime, lastTransitionTime }) => {
    const time = lastUpdateTime ?? lastTransitionTime ?? metadata.creationTimestamp ?? '';
    return Date.parse(time) + keptMs[type as keyof typeof keptMs];
  });
  if (ends.length === 0) return undefined;
  return Math.min(...ends, status?.certificate ? notAfterMs(status.certificate) : Number.POSITIVE_INFINITY);
}

/** When a certificate (PEM in base64) ends; one that cannot be read does not. */
function notAfterMs(certificate: string): number {
  try {
    return Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
