import { createHash } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { invalid, renderErrors, required } from '../../../machinery/field-error.ts';
import { aggregated, byteLength } from '../../../machinery/go-text.ts';
import { dns1123LabelErrors, dns1123SubdomainErrors } from '../../../machinery/names.ts';
import { TransformError } from '../transform-error.ts';
import { EncryptedObjectSchema } from './generated/kms/v2/encrypted-object_pb.js';

/** What a plugin made of a seed or key, with all that it wants to be told when it decrypts that; fields of an EncryptedObject. */
export interface SealedSource {
  keyID: string;
  encryptedDEKSource: Uint8Array;
  /** 0 of a key, 1 of a seed of keys. */
  encryptedDEKSourceType: number;
  annotations: Record<string, Uint8Array>;
}

/** Encrypted data, with what they are encrypted with. */
export interface Envelope extends SealedSource {
  encryptedData: Uint8Array;
}

const mostSourceBytes = 1024;
const mostKeyIdBytes = 1024;
const mostAnnotationBytes = 32 * 1024;

/** What is stored of encrypted data. Throws a TransformError where that may not be. */
export function encodeEnvelope(source: SealedSource, encryptedData: Uint8Array): Uint8Array {
  const envelope = create(EncryptedObjectSchema, { ...source, encryptedData });
  check(envelope);
  return toBinary(EncryptedObjectSchema, envelope);
}

/** Throws a TransformError for what is no envelope. */
export function decodeEnvelope(stored: Uint8Array): Envelope {
  let envelope: Envelope;
  try {
    envelope = fromBinary(EncryptedObjectSchema, stored);
  } catch {
    throw new TransformError('proto: cannot parse invalid wire-format data');
  }
  check(envelope);
  return envelope;
}

function check({ encryptedData, ...source }: Envelope): void {
  const error =
    typeError(source) ?? (encryptedData.length === 0 ? 'encrypted data is empty' : boundsError(source));
  if (error) throw new TransformError(error);
}

/** What is wrong with what a plugin has encrypted, in upstream's words. */
export const sourceError = (source: SealedSource): string | undefined =>
  typeError(source) ?? boundsError(source);

/** The number of the last type that there is; they begin with 0. */
const lastType = 1;

const typeError = ({ encryptedDEKSourceType: type }: SealedSource) =>
  type < 0 || type > lastType ? `unknown encryptedDEKSourceType: ${type}` : undefined;

function boundsError({ encryptedDEKSource, keyID, annotations }: SealedSource): string | undefined {
  const source = encryptedSourceError(encryptedDEKSource);
  if (source) return `failed to validate encrypted DEK source: ${source}`;
  const id = keyIdError(keyID);
  if (id) return `failed to validate key id: ${id.message}`;
  const annotation = annotationsError(annotations);
  return annotation ? `failed to validate annotations: ${annotation}` : undefined;
}

function encryptedSourceError({ length }: Uint8Array): string | undefined {
  if (length === 0) return 'encrypted DEK source is empty';
  return length > mostSourceBytes
    ? `encrypted DEK source is ${length} bytes, which exceeds the max size of ${mostSourceBytes}`
    : undefined;
}

/** What is wrong with the name of a key, with the code by which it is counted. */
export function keyIdError(keyId: string): { code: 'empty' | 'too_long'; message: string } | undefined {
  const length = byteLength(keyId);
  if (length === 0) return { code: 'empty', message: 'keyID is empty' };
  if (length <= mostKeyIdBytes) return undefined;
  const message = `keyID is ${length} bytes, which exceeds the max size of ${mostKeyIdBytes}`;
  return { code: 'too_long', message };
}

function annotationsError(annotations: SealedSource['annotations']): string | undefined {
  const errors: string[] = [];
  let total = 0;
  for (const [name, { length }] of Object.entries(annotations)) {
    const error = domainError(name);
    if (error) errors.push(error);
    total += byteLength(name) + length;
  }
  if (total > mostAnnotationBytes)
    errors.push(
      `total size of annotations is ${total}, which exceeds the max size of ${mostAnnotationBytes}`,
    );
  return errors.length > 0 ? aggregated(errors) : undefined;
}

/** Upstream's `IsFullyQualifiedDomainName`. */
function domainError(name: string): string | undefined {
  const field = 'annotations';
  if (name === '') return renderErrors([required(field)]);
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  const wrong = dns1123SubdomainErrors(bare);
  if (wrong.length > 0) return renderErrors([invalid(field, bare, wrong.join(','))]);
  const labels = bare.split('.');
  if (labels.length < 2)
    return renderErrors([
      invalid(field, bare, 'should be a domain with at least two segments separated by dots'),
    ]);
  const labelErrors = labels
    .map((label) => ({ label, errors: dns1123LabelErrors(label) }))
    .find(({ errors }) => errors.length > 0);
  return labelErrors && renderErrors([invalid(field, labelErrors.label, labelErrors.errors.join(','))]);
}

/** The same for all envelopes whose seed or key is the same, in which a plugin has encrypted it once. */
export function sourceId({
  encryptedDEKSourceType,
  encryptedDEKSource,
  keyID,
  annotations,
}: SealedSource): string {
  const hash = createHash('sha256');
  const add = (part: Uint8Array | string) => {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  hash.update(Uint8Array.of(encryptedDEKSourceType));
  add(encryptedDEKSource);
  add(keyID);
  const names = Object.keys(annotations).sort();
  for (const name of names) {
    add(name);
    add(annotations[name] as Uint8Array);
  }
  return hash.digest('base64');
}
