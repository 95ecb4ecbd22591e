interface SystemError extends Error {
  code?: string;
  syscall?: string;
  address?: string;
  port?: number;
  hostname?: string;
  reason?: string;
  host?: string;
  cert?: { subjectaltname?: string };
}

const unknownAuthority = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

const tlsPrefix = 'tls: failed to verify certificate: x509: ';

const systemTexts: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
};

/** Why a call failed, in the words of Go, which people search for. */
export function networkText(error: SystemError): string {
  const { code = '', address = '', port = 0, hostname = '' } = error;
  if (unknownAuthority.has(code)) return `${tlsPrefix}certificate signed by unknown authority`;
  if (code === 'CERT_HAS_EXPIRED') return `${tlsPrefix}certificate has expired or is not yet valid`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return tlsPrefix + nameText(error);
  const known = systemTexts[code];
  if (known) return `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}: connect: ${known}`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${hostname}: no such host`;
  if (code === 'ECONNRESET') return 'EOF';
  if (/wrong version number|packet length too long/i.test(error.message)) {
    return 'http: server gave HTTP response to HTTPS client';
  }
  return error.message;
}

function nameText({ host = '', cert }: SystemError): string {
  const names = (cert?.subjectaltname ?? '').split(', ').map((name) => name.replace(/^[^:]*:/, ''));
  const valid = names.filter((name) => name !== '').join(', ');
  return valid
    ? `certificate is valid for ${valid}, not ${host}`
    : `certificate is not valid for any names, but wanted to match ${host}`;
}
