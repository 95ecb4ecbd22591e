import { createPublicKey, verify } from 'node:crypto';

/** One value of DER: its tag, what it holds, and all of it. */
interface DerValue {
  tag: number;
  content: Buffer;
  whole: Buffer;
}

const truncated = new Error('asn1: syntax error: data truncated');
const sequence = 0x30;
const bitString = 0x03;

/** The values that stand one after the other. Throws in the words of Go's reader where they are none. */
function valuesIn(bytes: Buffer): DerValue[] {
  const found: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { start, length } = lengthAt(bytes, at + 1);
    const end = start + length;
    if (end > bytes.length) throw truncated;
    found.push({
      tag: bytes[at] as number,
      content: bytes.subarray(start, end),
      whole: bytes.subarray(at, end),
    });
    at = end;
  }
  return found;
}

function lengthAt(bytes: Buffer, at: number): { start: number; length: number } {
  const first = bytes[at];
  if (first === undefined) throw truncated;
  if (first < 0x80) return { start: at + 1, length: first };
  const octets = first & 0x7f;
  if (octets === 0 || octets > 4 || at + 1 + octets > bytes.length) throw truncated;
  return { start: at + 1 + octets, length: bytes.readUIntBE(at + 1, octets) };
}

function sequenceOf(value: DerValue | undefined, least: number): DerValue[] {
  const found = value?.tag === sequence ? valuesIn(value.content) : [];
  if (found.length >= least) return found;
  throw new Error("asn1: structure error: tags don't match");
}

/** A way of signing. */
interface Algorithm {
  hash: string | null;
  failure: string;
}

const rsa = (hash: string): Algorithm => ({ hash, failure: 'crypto/rsa: verification error' });
const ecdsa = (hash: string): Algorithm => ({ hash, failure: 'x509: ECDSA verification failure' });

/** By the content of their object identifiers, in hexadecimal digits. */
const algorithms: Record<string, Algorithm> = {
  '2a864886f70d010105': rsa('sha1'),
  '2a864886f70d01010b': rsa('sha256'),
  '2a864886f70d01010c': rsa('sha384'),
  '2a864886f70d01010d': rsa('sha512'),
  '2a8648ce3d0401': ecdsa('sha1'),
  '2a8648ce3d040302': ecdsa('sha256'),
  '2a8648ce3d040303': ecdsa('sha384'),
  '2a8648ce3d040304': ecdsa('sha512'),
  '2b6570': { hash: null, failure: 'x509: Ed25519 verification failure' },
};

/** Why a certificate request (PKCS #10 in DER) cannot be read or was not signed with its own key; undefined where it was. */
export function requestError(der: Buffer): string | undefined {
  try {
    const [request, trailing] = valuesIn(der);
    if (trailing) return 'asn1: syntax error: trailing data';
    return signatureError(request);
  } catch (error) {
    return (error as Error).message;
  }
}

function signatureError(request: DerValue | undefined): string | undefined {
  const [info, algorithm, signature] = sequenceOf(request, 3) as [DerValue, DerValue, DerValue];
  const [, , spki] = sequenceOf(info, 3) as [DerValue, DerValue, DerValue];
  const [identifier] = sequenceOf(algorithm, 1);
  const known = algorithms[(identifier as DerValue).content.toString('hex')];
  if (signature.tag !== bitString) return "asn1: structure error: tags don't match";
  if (!known) return 'x509: cannot verify signature: algorithm unimplemented';
  const key = publicKey(spki.whole);
  if (!key) return 'x509: unsupported public key';
  const isGood = verify(known.hash, info.whole, key, signature.content.subarray(1));
  return isGood ? undefined : known.failure;
}

function publicKey(spki: Buffer) {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
