import { X509Certificate } from 'node:crypto';

/** One block of PEM. */
export interface PemBlock {
  type: string;
  hasHeaders: boolean;
  bytes: Buffer;
}

const block = /-----BEGIN ([^\n-]+)-----[ \t\r]*\n([^-]*)-----END \1-----/g;
const header = /^[^\n:]+:[^\n]*\n/gm;

/** The blocks of a text, whatever stands between them. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(block)].map(([, type = '', content = '']) => {
    const body = content.replace(header, '');
    return { type, hasHeaders: body !== content, bytes: Buffer.from(body, 'base64') };
  });
}

/** Why a text (PEM in base64) is not one certificate or more; undefined where it is, or where there is none. */
export function certificatesError(base64: string): string | undefined {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  if (text === '') return undefined;
  const blocks = pemBlocks(text);
  for (const found of blocks) {
    const why = certificateError(found);
    if (why) return why;
  }
  return blocks.length > 0 ? undefined : 'must contain at least one CERTIFICATE PEM block';
}

const isCertificate = ({ type, hasHeaders }: PemBlock) => type === 'CERTIFICATE' && !hasHeaders;

function certificateError({ type, hasHeaders, bytes }: PemBlock): string | undefined {
  if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
  if (hasHeaders) return 'no PEM block headers are permitted';
  if (bytes.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates';
  try {
    return new X509Certificate(bytes).raw.length === bytes.length ? undefined : 'x509: trailing data';
  } catch {
    return 'x509: malformed certificate';
  }
}

/** Why nobody can be trusted by a bundle (PEM in base64); undefined where somebody can, or where there is none. */
export function bundleError(base64: string | undefined): string | undefined {
  const text = Buffer.from(base64 ?? '', 'base64').toString('latin1');
  if (text === '') return undefined;
  const blocks = pemBlocks(text);
  const errors = blocks.filter(isCertificate).map(certificateError);
  if (errors.includes(undefined)) return undefined;
  const none =
    blocks.length === 0 ? 'unable to parse bytes as PEM block' : 'no valid certificate authority data seen';
  const why = errors[0] ? `failed to parse certificate: ${errors[0]}` : none;
  return `unable to load root certificates: ${why}`;
}

/** Why a text in PEM has no certificates of authorities, or one that cannot be read; undefined where there is nothing wrong. */
export function authoritiesError(text: string): string | undefined {
  const found = pemBlocks(text).filter(isCertificate);
  if (found.length === 0) return 'data does not contain any valid RSA or ECDSA certificates';
  return found.map(certificateError).find((error) => error !== undefined);
}
