import { X509Certificate } from 'node:crypto';
import { certificatesigningrequests } from '../../api/generated/resources.ts';
import type { Client } from '../../client/client.ts';
import type { Platform } from '../../platform/platform.ts';
import { createRequest, type KeyPair } from '../pki.ts';
import { UserError } from '../user-error.ts';

/** What a node asks for: by which it shows who it is, or with which it serves. */
export interface WantedCertificate {
  nodeName: string;
  kind: 'client' | 'serving';
  /** Names and addresses of its server. */
  hosts?: readonly string[];
}

/** How often it is looked whether a certificate is there: soon at first, as while a machine joins. */
const pollMs = { first: 100, most: 5_000 };

/** How long a certificate is waited for. */
export interface Patience {
  /** A minute unless given. */
  timeoutMs?: number;
  signal?: AbortSignal;
}
const signers = {
  client: 'kubernetes.io/kube-apiserver-client-kubelet',
  serving: 'kubernetes.io/kubelet-serving',
};

/** Asks the cluster for a certificate with a new key, and waits for it. */
export async function requestCertificate(
  client: Client,
  wanted: WantedCertificate,
  { clock, random }: Pick<Platform, 'clock' | 'random'>,
  { timeoutMs = 60_000, signal }: Patience = {},
): Promise<KeyPair> {
  const { nodeName, kind, hosts } = wanted;
  const made = await createRequest({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    hosts,
  });
  const name = `node-csr-${random.suffix(20)}`;
  const usage = kind === 'client' ? 'client auth' : 'server auth';
  const spec = {
    request: Buffer.from(made.request).toString('base64'),
    signerName: signers[kind],
    usages: ['digital signature', usage],
  };
  const requests = client.of(certificatesigningrequests);
  await requests.create({ metadata: { name }, spec }, { cause: { reason: 'a node needs a certificate' } });
  let waitMs = pollMs.first;
  const pause = () => clock.sleep(waitMs, signal);
  for (const endMs = clock.monotonic() + timeoutMs; ; await pause()) {
    waitMs = Math.min(waitMs * 1.2, pollMs.most);
    const { status } = await requests.get({ name });
    if (status?.certificate)
      return { certificate: Buffer.from(status.certificate, 'base64').toString(), key: made.key };
    const refused = status?.conditions?.find((c) => c.type === 'Denied' || c.type === 'Failed');
    if (refused) throw new UserError(`the request ${name} was refused: ${refused.message ?? refused.type}`);
    if (clock.monotonic() > endMs) {
      throw new UserError(
        `nobody has approved the request ${name} for the certificate of ${nodeName}`,
        `see \`kubectl describe csr ${name}\`; \`kubectl certificate approve ${name}\` approves it by hand`,
      );
    }
  }
}

/** When a certificate begins and ends to hold, milliseconds since the epoch. */
export function validity(certificate: string): { fromMs: number; untilMs: number } {
  const { validFrom, validTo } = new X509Certificate(certificate);
  return { fromMs: Date.parse(validFrom), untilMs: Date.parse(validTo) };
}

/** When a certificate is to be renewed: between 70 and 90 per cent of its life, as `chance` (0 to 1) has it. */
export function renewAtMs(certificate: string, chance: number): number {
  const { fromMs, untilMs } = validity(certificate);
  return fromMs + (untilMs - fromMs) * (0.7 + 0.2 * chance);
}
