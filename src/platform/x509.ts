/** What stands in a certificate request, as far as it decides. */
export interface RequestContent {
  /** The last one where there are several: that is who shows the certificate later. */
  commonName: string;
  organizations: readonly string[];
  dnsNames: readonly string[];
  addresses: readonly string[];
  emails: readonly string[];
  uris: readonly string[];
}

/** The object identifier of subjectAltName. */
export const alternativeNames = '2.5.29.17';

/** Slow to load, and needed only where somebody makes or asks for a certificate. */
export async function loadX509() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** A request that came as PEM in base64; throws where it is none. */
export async function parseRequest(base64: string) {
  const { Pkcs10CertificateRequest } = await loadX509();
  return new Pkcs10CertificateRequest(Buffer.from(base64, 'base64').toString());
}

/** Reads a request (PEM in base64); throws where it is none. */
export async function readRequest(base64: string): Promise<RequestContent> {
  const { SubjectAlternativeNameExtension } = await loadX509();
  const request = await parseRequest(base64);
  const found = request.getExtension(alternativeNames);
  const names = found instanceof SubjectAlternativeNameExtension ? found.names.items : [];
  const of = (type: string) => names.filter((name) => name.type === type).map((name) => name.value);
  return {
    commonName: request.subjectName.getField('CN').at(-1) ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: of('dns'),
    addresses: of('ip'),
    emails: of('email'),
    uris: of('url'),
  };
}
