import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { setOwn } from '../../machinery/clone.ts';
import { parseJson } from '../../machinery/exact-json.ts';
import { goJson } from '../../machinery/go-text.ts';
import { closingBracket } from '../../machinery/json-brackets.ts';
import { decodeProtobuf } from '../../machinery/protobuf.ts';
import { encryptedUnasked, isSealed } from '../encryption/transform-error.ts';
import { withoutUndefined } from './json-value.ts';

const revisionMarker = '"resourceVersion":"';
const managedMarker = ',"managedFields":[';
const fieldsMarker = '"fieldsV1":';

/**
 * The JSON of an object as it is stored: `kind` and `apiVersion` first, `metadata.resourceVersion` an empty string,
 * since the revision is only known once the commit is done. It is kept in three parts, so that the managed fields, half of
 * a small object, can be left out and shared. A string that holds nothing but ASCII takes a byte a character. What HTML minds is
 * escaped, as Go escapes it: clients that compare texts, as `kubectl rollout undo` does, see the ones that they would write.
 */
export interface StoredJson {
  /** All before the managed fields. */
  head: string;
  /** The managed fields with the comma before them, in pieces; nothing where there are none. */
  managed: readonly string[];
  /** All behind the managed fields. */
  tail: string;
  /** Where in the head the revision belongs. All before it is ASCII. */
  revisionAt: number;
  /** Length of the whole as UTF-8. */
  bytes: number;
  /** Whether that is its length in characters too. */
  ascii: boolean;
}

/** An object as it is stored: its JSON in parts, or the bytes of it that `encodeStored` has made. */
export type StoredForm = StoredJson | Uint8Array;

/** What stored bytes were made of, for whoever takes them into a cache: it need not read them again. */
const handedOver = new WeakMap<Uint8Array, { object: KubernetesObject; json: StoredJson }>();

/** The bytes to store of an object. The caller gives the object away. */
export function encodeStored(object: KubernetesObject): Uint8Array {
  const stored = withoutUndefined(ordered(object, ''));
  const json = jsonOf(stored);
  const bytes = toBytes(json);
  handedOver.set(bytes, { object: stored, json });
  return bytes;
}

function jsonOf({ kind, apiVersion, metadata: { managedFields, ...metadata }, ...rest }: KubernetesObject) {
  const managed = managedFields ? piecesOf(managedFields) : none;
  // Parts of whole texts: to put texts together would be to copy them.
  return measured({
    head: goJson({ kind, apiVersion, metadata }).slice(0, -'}}'.length),
    managed,
    tail: goJson({ metadata: {}, ...rest }).slice('{"metadata":{'.length),
  });
}

const none: readonly string[] = [];

/** The text of a set of fields that several objects share as a value, as the creator's is. */
const fieldTexts = new WeakMap<object, string>();

function fieldsText(fields: object): string {
  let text = fieldTexts.get(fields);
  if (text === undefined) {
    text = shared(goJson(fields));
    fieldTexts.set(fields, text);
  }
  return text;
}

/** What was made last of the entry of a creator with this set of fields. */
const lastPieces = new WeakMap<object, { entry: ManagedFieldsEntry; pieces: readonly string[] }>();

function isSameEntry(a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean {
  for (const key in a)
    if (a[key as keyof ManagedFieldsEntry] !== b[key as keyof ManagedFieldsEntry]) return false;
  for (const key in b) if (!Object.hasOwn(a, key)) return false;
  return true;
}

/** The text of managed fields in pieces. What one writer creates in one second shares them. */
function piecesOf(entries: readonly ManagedFieldsEntry[]): readonly string[] {
  const [entry] = entries;
  const { fieldsV1 } = entry ?? {};
  if (entries.length !== 1 || !entry || typeof fieldsV1 !== 'object' || fieldsV1 === null) {
    return madePieces(entries);
  }
  const known = lastPieces.get(fieldsV1);
  if (known && isSameEntry(known.entry, entry)) return known.pieces;
  const pieces = madePieces(entries);
  lastPieces.set(fieldsV1, { entry, pieces });
  return pieces;
}

/** Each set of fields is a piece of its own. */
function madePieces(entries: readonly ManagedFieldsEntry[]): string[] {
  const pieces: string[] = [];
  let text = ',"managedFields":[';
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as unknown as Record<string, unknown>;
    let separator = i > 0 ? ',{' : '{';
    for (const key in entry) {
      const value = entry[key];
      text += `${separator}${goJson(key)}:`;
      separator = ',';
      if (key === 'fieldsV1' && typeof value === 'object' && value !== null) {
        pieces.push(text, fieldsText(value));
        text = '';
      } else text += goJson(value);
    }
    text += separator === ',' ? '}' : `${separator}}`;
  }
  pieces.push(`${text}]`);
  return pieces;
}

/** Nothing but plain strings stands before it in metadata, so the first occurrence of the marker is the right one. */
function measured(parts: Pick<StoredJson, 'head' | 'managed' | 'tail'>): StoredJson {
  const { head, managed, tail } = parts;
  let characters = head.length + tail.length;
  let bytes = Buffer.byteLength(head) + Buffer.byteLength(tail);
  for (const piece of managed) {
    characters += piece.length;
    bytes += Buffer.byteLength(piece);
  }
  const revisionAt = head.indexOf(revisionMarker) + revisionMarker.length;
  return { head, managed, tail, revisionAt, bytes, ascii: bytes === characters };
}

/** Field sets that many objects have, since the same writers made them: their texts, and as values once somebody has asked for that. */
const fieldSets = new Map<string, { text: string; value?: object }>();
const maxFieldSets = 4096;

function sharedSet(text: string): { text: string; value?: object } {
  const known = fieldSets.get(text);
  if (known) return known;
  if (fieldSets.size >= maxFieldSets) fieldSets.clear();
  const set = { text: detached(text) };
  fieldSets.set(set.text, set);
  return set;
}

const shared = (text: string): string => sharedSet(text).text;

/** The value of a set's text: one for all objects, and never changed. */
function sharedValue(text: string): object {
  const set = sharedSet(text);
  if (!set.value) {
    set.value = JSON.parse(set.text) as object;
    fieldTexts.set(set.value, set.text);
  }
  return set.value;
}

/** Reads managed fields from the pieces of their text; each set in a piece of its own. */
function entriesOf(pieces: readonly string[]): ManagedFieldsEntry[] {
  let text = '';
  // In the place of a set stands the number of its piece.
  for (let i = 0; i < pieces.length; i++) text += i % 2 === 0 ? pieces[i] : i;
  const entries = JSON.parse(text.slice(managedMarker.length - 1)) as ManagedFieldsEntry[];
  for (const entry of entries) {
    const { fieldsV1 } = entry as { fieldsV1?: unknown };
    if (typeof fieldsV1 === 'number') {
      entry.fieldsV1 = sharedValue(pieces[fieldsV1] as string) as ManagedFieldsEntry['fieldsV1'];
    }
  }
  return entries;
}

/** A copy, where a part of a string would keep all of it. */
const detached = (text: string) => Buffer.from(text).toString();

/** Cuts the text of managed fields before and behind each set of fields. */
function sharedPieces(text: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (let at = text.indexOf(fieldsMarker); at >= 0; at = text.indexOf(fieldsMarker, from)) {
    const start = at + fieldsMarker.length;
    if (text[start] !== '{') break;
    const end = closingBracket(text, start) + 1;
    pieces.push(detached(text.slice(from, start)), shared(text.slice(start, end)));
    from = end;
  }
  pieces.push(detached(text.slice(from)));
  return pieces;
}

const slabBytes = 256 * 1024;
let slab = Buffer.alloc(0);
let slabUsed = 0;

/** Many writes share one allocation, which lasts as long as the last of them waits for the disk. */
function toBytes(json: StoredJson): Uint8Array {
  const { bytes } = json;
  const isLarge = bytes > slabBytes / 8;
  if (!isLarge && slabUsed + bytes > slab.length) {
    slab = Buffer.allocUnsafeSlow(slabBytes);
    slabUsed = 0;
  }
  const out = isLarge ? Buffer.allocUnsafeSlow(bytes) : slab.subarray(slabUsed, slabUsed + bytes);
  if (!isLarge) slabUsed += bytes;
  writeRest(json, out, write(json.head, out, 0, json));
  return out;
}

const write = (text: string, out: Buffer, at: number, { ascii }: StoredJson) =>
  at + out.write(text, at, ascii ? 'latin1' : 'utf8');

/** Writes what follows the head; gives where it ends. */
function writeRest(json: StoredJson, out: Buffer, at: number): number {
  let end = at;
  for (const piece of json.managed) end = write(piece, out, end, json);
  return write(json.tail, out, end, json);
}

const headFields = ['name', 'generateName', 'namespace', 'uid', 'resourceVersion'] as const;

/** The object with its fields in the order in which upstream writes the head of an object. */
export function ordered<T extends KubernetesObject>(object: T, resourceVersion: string | undefined): T {
  const from = object.metadata as Record<string, unknown>;
  const metadata: Record<string, unknown> = {};
  for (const field of headFields) {
    const value = field === 'resourceVersion' ? resourceVersion : from[field];
    if (value !== undefined) metadata[field] = value;
  }
  for (const field in from) {
    if (Object.hasOwn(metadata, field) || field === 'selfLink' || field === 'resourceVersion') continue;
    if (from[field] !== undefined) setOwn(metadata, field, from[field]);
  }
  const { kind, apiVersion, metadata: _, ...rest } = object;
  return { kind, apiVersion, metadata, ...rest } as unknown as T;
}

/** What `encodeStored` has made bytes of, for whoever takes them first; undefined for all others. */
export function takeOver(stored: Uint8Array): { json: StoredJson; object?: KubernetesObject } | undefined {
  const known = handedOver.get(stored);
  if (known) handedOver.delete(stored);
  return known;
}

const anyString = String.raw`"(?:[^"\\]|\\.)*"`;
/** How what `encodeStored` makes begins. */
const ownBeginning = new RegExp(
  `^\\{"kind":${anyString},"apiVersion":${anyString},"metadata":\\{(?:"(?:name|generateName|namespace|uid)":${anyString},)*"resourceVersion":""[,}]`,
);

/** As much of an object as names and types take up, with something to spare. */
const beginningBytes = 1024;

const bufferOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Whether `encodeStored` has made the bytes, by how they begin. Read as Latin-1, since bytes beyond ASCII are no quotes anyhow. */
export const isOwn = (stored: Uint8Array): boolean =>
  ownBeginning.test(bufferOf(stored).toString('latin1', 0, beginningBytes));

/** What another server has stored: any JSON of an object, or protobuf in its envelope, as upstream does. */
function foreignObject(stored: Uint8Array, text: string): KubernetesObject {
  if (text.startsWith('k8s\0')) return decodeProtobuf(stored).object;
  if (isSealed(stored)) throw encryptedUnasked();
  const object = parseJson(text) as KubernetesObject;
  if (typeof object?.metadata !== 'object' || object.metadata === null) throw new SyntaxError('no metadata');
  return object;
}

/**
 * The JSON that stored bytes hold. Throws where they hold no object. `upgrade` is for what another server has stored: it gives
 * that in the version that this one knows.
 */
export function storedJsonOf(
  stored: Uint8Array,
  upgrade: (foreign: KubernetesObject) => KubernetesObject = (foreign) => foreign,
): StoredJson {
  const text = bufferOf(stored).toString();
  if (ownBeginning.test(text)) return splitJson(text);
  return jsonOf(ordered(upgrade(foreignObject(stored, text)), ''));
}

/** Where the managed fields begin, with the comma before them, and end; undefined where there are none. */
function managedRange(text: string): { start: number; end: number } | undefined {
  const start = text.indexOf(managedMarker);
  if (start < 0) return undefined;
  const metadataAt = text.indexOf('"metadata":{') + '"metadata":'.length;
  if (closingBracket(text, metadataAt, start) < start) return undefined;
  return { start, end: closingBracket(text, start + managedMarker.length - 1) + 1 };
}

function splitJson(text: string): StoredJson {
  const range = managedRange(text);
  if (!range) return measured({ head: text, managed: none, tail: '' });
  return measured({
    head: detached(text.slice(0, range.start)),
    managed: sharedPieces(text.slice(range.start, range.end)),
    tail: detached(text.slice(range.end)),
  });
}

/** The length of what `writeJson` writes where it skips nothing. */
export const jsonBytes = (form: StoredForm, revision: number) =>
  (form instanceof Uint8Array ? form.length : form.bytes) + String(revision).length;

/** Where something is written, and how much of its beginning is left out. */
interface Place {
  out: Buffer;
  at: number;
  skip: number;
}

/**
 * Writes the JSON of a stored object with its revision filled in, what clients are sent, into `out` at `at`: all but
 * its first `skip` bytes, which must come before the revision. Gives where it ends.
 */
export function writeJson(form: StoredForm, revision: number, place: Place): number {
  const digits = String(revision);
  return form instanceof Uint8Array ? writeBytes(form, digits, place) : writeParts(form, digits, place);
}

function writeBytes(bytes: Uint8Array, digits: string, { out, at, skip }: Place): number {
  const revisionAt = bufferOf(bytes).indexOf(revisionMarker) + revisionMarker.length;
  out.set(bytes.subarray(skip, revisionAt), at);
  const digitsAt = at + revisionAt - skip;
  out.write(digits, digitsAt, 'latin1');
  out.set(bytes.subarray(revisionAt), digitsAt + digits.length);
  return digitsAt + digits.length + bytes.length - revisionAt;
}

function writeParts(json: StoredJson, digits: string, { out, at, skip }: Place): number {
  const head = skip > 0 ? json.head.slice(skip) : json.head;
  const before = json.revisionAt - skip;
  // The head behind the room for the digits, then its short beginning before them.
  const end = write(head, out, at + digits.length, json);
  out.copyWithin(at, at + digits.length, at + digits.length + before);
  out.write(digits, at + before, 'latin1');
  return writeRest(json, out, end);
}

/** Reads a stored object. */
export function decodeStored(form: StoredForm, revision: number): KubernetesObject {
  if (form instanceof Uint8Array) return parsed(bufferOf(form).toString(), revision);
  const { head, managed, tail } = form;
  const object = parsed(head + tail, revision);
  if (managed.length > 0) object.metadata.managedFields = entriesOf(managed);
  return object;
}

/** A stored object of what `decodeLean` has read of it, with which it shares everything else. */
export function withManagedFields(lean: KubernetesObject, { managed }: StoredJson): KubernetesObject {
  if (managed.length === 0) return lean;
  return { ...lean, metadata: { ...lean.metadata, managedFields: entriesOf(managed) } };
}

/** What stands before the managed fields, and behind them. */
function aroundManaged(form: StoredForm): { head: string; tail: string } {
  if (!(form instanceof Uint8Array)) return form;
  const text = bufferOf(form).toString();
  const { start, end } = managedRange(text) ?? { start: text.length, end: text.length };
  return { head: text.slice(0, start), tail: text.slice(end) };
}

/** Reads a stored object without its managed fields. */
export function decodeLean(form: StoredForm, revision: number): KubernetesObject {
  const { head, tail } = aroundManaged(form);
  return parsed(head + tail, revision);
}

/** The JSON of what `decodeLean` reads. */
export function leanJson(form: StoredForm, revision: number): string {
  const { head, tail } = aroundManaged(form);
  const at =
    form instanceof Uint8Array ? head.indexOf(revisionMarker) + revisionMarker.length : form.revisionAt;
  return `${head.slice(0, at)}${revision}${head.slice(at)}${tail}`;
}

/** Reads the metadata of a stored object without its managed fields, and more of it only where that is as easily had. */
export function decodeMetadata(form: StoredForm, revision: number): KubernetesObject {
  const { head, tail } = aroundManaged(form);
  return parsed(head + (tail.startsWith('}') ? '}}' : tail), revision);
}

function parsed(text: string, revision: number): KubernetesObject {
  const object = parseJson(text) as KubernetesObject;
  object.metadata.resourceVersion = String(revision);
  return object;
}
