import type { Node } from '../../api/core/v1.ts';
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

const clientUsages = ['digital signature', 'client auth'];
const servingUsages = ['digital signature', 'server auth'];

/** Whether the usages are these, with or without the encipherment that RSA keys want. */
function usagesAre({ spec }: Request, wanted: readonly string[]): boolean {
  const rest = (spec.usages ?? []).filter((usage) => usage !== 'key encipherment');
  return rest.length === wanted.length && wanted.every((usage) => rest.includes(usage));
}

const isNode = ({ commonName, organizations }: RequestContent) =>
  organizations.length === 1 && organizations[0] === 'system:nodes' && commonName.startsWith('system:node:');

/** Whether a node asks for a certificate by which it shows who it is. */
export function isKubeletClient(request: Request, content: RequestContent): boolean {
  const names = content.dnsNames.length + content.addresses.length + content.others;
  return isNode(content) && names === 0 && usagesAre(request, clientUsages);
}

/** Whether the node asks for itself, rather than somebody who makes it. */
export const isSelf = ({ spec }: Request, { commonName }: RequestContent) => spec.username === commonName;

const isKubeletServing = (request: Request, content: RequestContent) =>
  isNode(content) &&
  content.dnsNames.length + content.addresses.length > 0 &&
  content.others === 0 &&
  usagesAre(request, servingUsages);

const isLoopback = (address: string) => address === '127.0.0.1' || address === '::1';

/**
 * Whether a node asks for its own server's certificate, with its own name and addresses that no other node has. Upstream
 * leaves these to somebody else; where nodes may ask for them (`selfnodeserver`), we approve them.
 */
export function isOwnServer(request: Request, content: RequestContent, nodes: readonly Node[]): boolean {
  if (!isKubeletServing(request, content) || !isSelf(request, content)) return false;
  const name = content.commonName.slice('system:node:'.length);
  const others = nodes.filter((node) => node.metadata.name !== name);
  const taken = new Set(others.flatMap((node) => node.status?.addresses ?? []).map(({ address }) => address));
  return (
    content.dnsNames.every((dnsName) => dnsName === name) &&
    content.addresses.every((address) => !isLoopback(address) && !taken.has(address))
  );
}

/** Why a signer of ours refuses an approved request for good; undefined where it signs. */
export function refusal(request: Request, content: RequestContent): string | undefined {
  const { signerName, usages = [] } = request.spec;
  if (signerName === kubeletClientSigner && !isKubeletClient(request, content))
    return 'the request is not that of a node for itself';
  if (signerName === kubeletServingSigner && !isKubeletServing(request, content))
    return 'the request is not that of a node for its server';
  const isClient = usages.includes('client auth') && !usages.includes('server auth');
  if (signerName === clientSigner && !isClient) return 'only certificates of clients are signed';
  if (signerName === clientSigner && content.organizations.includes('system:masters'))
    return 'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed';
  return undefined;
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

/** When a request has served its purpose, in milliseconds since the epoch. */
export function expiryMs(request: Request): number {
  const decided = (request.status?.conditions ?? []).filter(({ type }) => type in keptMs);
  const ends = decided.map(({ type, lastUpdateTime, lastTransitionTime }) => {
    const time = lastUpdateTime ?? lastTransitionTime ?? request.metadata.creationTimestamp ?? '';
    return Date.parse(time) + keptMs[type as keyof typeof keptMs];
  });
  const created = Date.parse(request.metadata.creationTimestamp ?? '');
  return ends.length > 0 ? Math.min(...ends) : created + keptMs.Pending;
}
