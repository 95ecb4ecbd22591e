import type { KubernetesObject } from '../api/resource.ts';
import { clone } from './clone.ts';
import { ConformError, conform, unknownFieldErrors } from './conform.ts';
import { withinDepth } from './depth.ts';
import { parseJson, printJson } from './exact-json.ts';
import { goQuote, jsonTypeName } from './go-text.ts';
import { jsonSyntaxError, strictFieldErrors } from './json-text.ts';
import { decodeProtobufMessage, unwrapProtobuf } from './protobuf.ts';
import { ProtobufError } from './protobuf/wire.ts';
import { formatApiVersion, type GroupVersionKind, kindSchema, parseApiVersion } from './schema.ts';
import { badRequest, type StatusError } from './status-error.ts';
import { sortedKeys } from './sorted-keys.ts';
import { checkValueCount } from './value-count.ts';
import { isFiniteJson, wellFormed } from './well-formed.ts';
import { parseYaml, YamlError } from './yaml.ts';

type Json = Record<string, unknown>;

/** What becomes of fields that are unknown or stand twice: refused, warned about, dropped in silence. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** A kind that is expected. */
export interface ExpectedKind extends GroupVersionKind {
  /** Older versions of its group that are read as it: they have the same fields. */
  older?: readonly string[];
}

export interface DecodeOptions {
  format: 'json' | 'yaml';
  /** The kind that the request is about; fills in what the object does not say. */
  expected: ExpectedKind;
  fieldValidation: FieldValidation;
}

/** An object as its type has it. */
export interface Decoded {
  /** `apiVersion` and `kind` are filled in; `metadata` is there for each kind that has one. */
  object: KubernetesObject;
  /** What the object says it is, completed with what was expected. */
  gvk: GroupVersionKind;
  /** Strict decoding errors, where these only warn. */
  warnings: string[];
}

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Text that could not be read; the message is upstream's. */
class UnreadableError extends Error {}

function readJson(text: string): unknown {
  try {
    return wellFormed(parseJson(text), text);
  } catch {
    const why = jsonSyntaxError(text) ?? 'unexpected end of JSON input';
    throw new UnreadableError(`couldn't get version/kind; json parse error: ${why}`);
  }
}

function readYaml(text: string): unknown {
  try {
    // Upstream makes JSON of YAML before it reads it: keys are met in order.
    return wellFormed(sortedKeys(parseYaml(text)), text);
  } catch (error) {
    if (error instanceof YamlError) throw new UnreadableError(error.message);
    throw error;
  }
}

const kindStruct =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** Why a value that is no object says of no kind that it is one. */
export const noObject = (value: unknown): string =>
  `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${kindStruct}`;

function textField(object: Json, key: 'apiVersion' | 'kind'): string {
  const value = object[key] ?? '';
  if (typeof value === 'string') return value;
  const why = `json: cannot unmarshal ${jsonTypeName(value)} into Go struct field .${key} of type string`;
  throw new UnreadableError(`couldn't get version/kind; json parse error: ${why}`);
}

/** What the object says it is; what it leaves out is what was expected. */
function readKind(value: unknown, expected: ExpectedKind): GroupVersionKind {
  if (value === null) return expected;
  if (!isObject(value)) throw new UnreadableError(noObject(value));
  const apiVersion = textField(value, 'apiVersion');
  const kind = textField(value, 'kind') || expected.kind;
  if (apiVersion === '') return { group: expected.group, version: expected.version, kind };
  const parsed = parseApiVersion(apiVersion);
  if (!parsed) throw new UnreadableError(`unexpected GroupVersion string: ${apiVersion}`);
  return inExpectedVersion({ group: parsed.group, version: parsed.version, kind }, expected);
}

function inExpectedVersion(gvk: GroupVersionKind, { group, version, older }: ExpectedKind): GroupVersionKind {
  const isOlder = gvk.group === group && older?.includes(gvk.version);
  return isOlder ? { ...gvk, version } : gvk;
}

function kindOf(given: object, expected: ExpectedKind): GroupVersionKind {
  try {
    return readKind(given, expected);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    throw unrecognized(expected, error.message, Buffer.from(printJson(given)));
  }
}

/** The first bytes of a body, as errors show them. */
function summarize(body: Uint8Array): string {
  if (body.length === 0) return '<empty>';
  const head = Buffer.from(body.subarray(0, 30));
  return head.toString(head[0] === 0x7b ? 'utf8' : 'hex') + (body.length > 30 ? ' ...' : '');
}

function unrecognized(expected: GroupVersionKind, why: string, body: Uint8Array): StatusError {
  const kind = expected.kind;
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${summarize(body)})`,
  );
}

/** The answer to an object that could be read but not taken for what was expected. */
export function cannotBeHandled(gvk: GroupVersionKind, expected: GroupVersionKind, why: string): StatusError {
  const version = goQuote(gvk.version);
  return badRequest(`${gvk.kind} in version ${version} cannot be handled as a ${expected.kind}: ${why}`);
}

/** The text of strict decoding errors taken together. */
export function strictDecodingMessage(errors: readonly string[]): string {
  return `strict decoding error: ${errors.join(', ')}`;
}

const scheme = 'pkg/api/legacyscheme/scheme.go:30';

/** Why an object of one kind that is built in cannot be read as one of another; undefined where it can. */
export function mismatchReason(gvk: GroupVersionKind, expected: GroupVersionKind): string | undefined {
  const type = kindSchema(gvk);
  const sameKind = gvk.kind === expected.kind && (gvk.group === expected.group || type?.everyGroup);
  if (sameKind && type) return undefined;
  if (!type) {
    const version = goQuote(formatApiVersion(gvk));
    return `no kind ${goQuote(gvk.kind)} is registered for version ${version} in scheme ${goQuote(scheme)}`;
  }
  const hub = expected.group === '' ? 'core' : expected.group.split('.')[0];
  return `converting (${gvk.version}.${gvk.kind}) to (${hub}.${expected.kind}): unknown conversion`;
}

/** What strict reading finds in a body: for JSON in the order of the text. */
function strictErrors(body: string, format: 'json' | 'yaml', unknown: readonly string[]): string[] {
  if (format === 'json') return strictFieldErrors(body, unknown);
  try {
    parseYaml(body, { strict: true });
    return unknownFieldErrors(unknown);
  } catch (error) {
    if (error instanceof YamlError) return [error.message, ...unknownFieldErrors(unknown)];
    throw error;
  }
}

const beyondNumbers = 'json: cannot unmarshal number into Go value of type float64';

/** Conforms an object of a kind that is not built in: only its metadata has a type that is known here. */
function conformCustom(object: Json): string[] {
  if (!withinDepth(object)) throw new ConformError('exceeded max depth');
  if (!isFiniteJson(object)) throw new ConformError(beyondNumbers);
  if (object.metadata === undefined || object.metadata === null) return [];
  const metadata = { type: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', value: object.metadata };
  const { value, unknown } = conform(metadata.value, metadata.type);
  object.metadata = value;
  return unknown.map((path) => `metadata.${path}`);
}

function conformTo(
  object: Json,
  gvk: GroupVersionKind,
  isCustom: boolean,
): { value: Json; unknown: string[] } {
  const type = isCustom ? undefined : kindSchema(gvk);
  if (!type || type.fields.has('metadata')) object.metadata ??= {};
  return type ? conform(object, type.name) : { unknown: conformCustom(object), value: object };
}

interface Document {
  parsed: unknown;
  gvk: GroupVersionKind;
}

type ReadOptions = Pick<DecodeOptions, 'format' | 'expected'>;

function readOr(
  refuse: (why: string) => StatusError,
  body: string,
  { format, expected }: ReadOptions,
): Document {
  try {
    const parsed = format === 'json' ? readJson(body) : readYaml(body);
    checkValueCount(parsed, body.length);
    return { parsed, gvk: readKind(parsed, expected) };
  } catch (error) {
    if (error instanceof UnreadableError) throw refuse(error.message);
    throw error;
  }
}

const read = (body: string, options: ReadOptions): Document =>
  readOr((why) => unrecognized(options.expected, why, Buffer.from(body)), body, options);

/** Reads what comes with a request besides its object, such as options. Throws a BadRequest in upstream's words. */
export const readOptions = (body: string, options: ReadOptions): Document =>
  readOr(badRequest, body, options);

function refuseOtherKind(gvk: GroupVersionKind, expected: GroupVersionKind): void {
  const why = mismatchReason(gvk, expected);
  if (why) throw cannotBeHandled(gvk, expected, why);
}

/** An object that says it is `gvk` in the form of that kind, and the fields that it does not have. What is given is used up. */
function formed(given: Json, gvk: GroupVersionKind, expected: GroupVersionKind) {
  const isCustom = !kindSchema(expected);
  if (!isCustom) refuseOtherKind(gvk, expected);
  try {
    const { value, unknown } = conformTo(given, gvk, isCustom);
    const object = { ...value, apiVersion: formatApiVersion(gvk), kind: gvk.kind };
    return { object: object as unknown as KubernetesObject, unknown };
  } catch (error) {
    if (error instanceof ConformError) throw cannotBeHandled(gvk, expected, error.message);
    throw error;
  }
}

export const missingKind = (json: string): string => `Object 'Kind' is missing in '${json}'`;

/** What an object of a kind that is not built in says it is: nothing is filled in, and it may be something else. */
function customKind(parsed: unknown, body: string, { filled, format, expected }: CustomOptions) {
  const { kind, apiVersion } = isObject(parsed) ? parsed : {};
  if (!kind) {
    const json = format === 'json' ? body : printJson(parsed);
    throw cannotBeHandled(filled, expected, missingKind(json));
  }
  return apiVersion ? filled : { group: '', version: '', kind: filled.kind };
}

interface CustomOptions extends DecodeOptions {
  /** What the object says it is, completed with what was expected. */
  filled: GroupVersionKind;
}

/**
 * Decodes the body of a request. An object of a kind that is not built in may turn out to be of another. Throws a BadRequest in upstream's words for whatever is wrong with it, and for unknown
 * and duplicate fields if `fieldValidation` is Strict.
 */
export function decodeObject(body: string, options: DecodeOptions): Decoded {
  const { format, expected, fieldValidation } = options;
  const { parsed, gvk: filled } = read(body, options);
  const isCustom = !kindSchema(expected);
  const gvk = isCustom ? customKind(parsed, body, { ...options, filled }) : filled;
  const { object, unknown } = formed(isObject(parsed) ? parsed : {}, gvk, expected);
  if (fieldValidation === 'Ignore') return { object, gvk, warnings: [] };
  const warnings = strictErrors(body, format, unknown);
  if (fieldValidation === 'Strict' && warnings.length > 0) {
    throw cannotBeHandled(gvk, expected, strictDecodingMessage(warnings));
  }
  return { object, gvk, warnings };
}

/**
 * Takes the object of a caller in this process, which stays the caller's, into the form that decoding gives it. It need not say
 * what it is. Throws as `decodeObject` does.
 */
export function decodeValue(given: object, options: Omit<DecodeOptions, 'format'>): Decoded {
  const { expected, fieldValidation } = options;
  const own = clone(given) as Json;
  const gvk = kindOf(own, expected);
  const { object, unknown } = formed(own, gvk, expected);
  return { object, gvk, warnings: fieldValidation === 'Ignore' ? [] : unknownFieldErrors(unknown) };
}

function unwrap(bytes: Uint8Array, expected: ExpectedKind) {
  try {
    const { gvk, raw } = unwrapProtobuf(bytes);
    const { group, version, kind } = { ...expected, ...gvk };
    return { raw, gvk: inExpectedVersion({ group, version, kind }, expected) };
  } catch (error) {
    if (error instanceof ProtobufError) throw unrecognized(expected, error.message, bytes);
    throw error;
  }
}

/** Decodes the body of a request that is protobuf: like `decodeObject`, but there are no strict errors. */
export function decodeProtobufObject(bytes: Uint8Array, expected: ExpectedKind): Decoded {
  const { raw, gvk } = unwrap(bytes, expected);
  refuseOtherKind(gvk, expected);
  try {
    return { object: decodeProtobufMessage(raw, gvk), gvk, warnings: [] };
  } catch (error) {
    if (!(error instanceof ProtobufError || error instanceof ConformError)) throw error;
    throw cannotBeHandled(gvk, expected, error.message);
  }
}
