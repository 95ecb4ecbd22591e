import { createHash } from 'node:crypto';
import { type GroupVersionKind, kindSchema } from '../../machinery/schema.ts';
import { turnTogether } from '../../platform/turn.ts';
import { accepts, parseAccept } from '../../machinery/accept.ts';
import type { GroupVersion } from './scheme-groups.ts';
import { aroundV2, documentV2, type PartV2, partsOf, partsV2 } from './document-v2.ts';
import { documentV3 } from './document-v3.ts';
import { mergeV2 } from './merge-v2.ts';
import { generalPaths, groupPaths, type PathOperations, resourcePaths, versionPath } from './paths.ts';
import { protobufV2 } from './protobuf-v2.ts';
import { encodeDocumentV3 } from './protobuf-v3.ts';
import type { ForeignDocument, OpenApiResource } from './resource.ts';
import { type FormV2, jsonV2, writeV2 } from './write-v2.ts';

/** A request for a document. */
export interface OpenApiRequest {
  /** Such as `/openapi/v3/apis/apps/v1`. */
  path: string;
  /** The query parameter `hash`, if there is one. */
  hash?: string;
  accept?: string;
  ifNoneMatch?: string;
  nowMs: number;
}

/** What goes back to the client; header names are lower case. */
export interface OpenApiAnswer {
  code: number;
  headers: Record<string, string>;
  body?: Uint8Array;
}

/** The OpenAPI documents of a server, built when they are first asked for. */
export interface OpenApi {
  /**
   * Tells what is served from now on, by this server and by others. Documents of versions that have not changed are
   * kept.
   */
  update(resources: readonly OpenApiResource[], others?: readonly ForeignDocument[]): void;
  /** Undefined for a path without a document. What is large is made in many turns of the event loop. */
  handle(request: OpenApiRequest): Promise<OpenApiAnswer | undefined>;
}

/** Bytes that are made on first use, and their digest. */
interface Content {
  bytes(): Promise<Uint8Array>;
  etag(): Promise<string>;
}

function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Bytes digested before others have their turn of the event loop. */
const bytesPerTurn = 4 * 2 ** 20;

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha512');
  for (let at = 0; at < bytes.length; at += bytesPerTurn) {
    if (at > 0) await turnTogether();
    hash.update(bytes.subarray(at, at + bytesPerTurn));
  }
  return hash.digest('hex').toUpperCase();
}

function content(make: () => Promise<Uint8Array>): Content {
  const bytes = lazy(make);
  return { bytes, etag: lazy(async () => digest(await bytes())) };
}

const asJson = (make: () => unknown) => content(async () => Buffer.from(JSON.stringify(make())));

const typeName = (kind: GroupVersionKind) => kindSchema(kind)?.name ?? '';

const versionKey = ({ group, version }: GroupVersion) =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

function groupVersionsOf(resources: readonly OpenApiResource[]): GroupVersion[] {
  const found = new Map(
    resources.map(({ group, version }) => [versionKey({ group, version }), { group, version }]),
  );
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, groupVersion]) => groupVersion);
}

function* pathsOf(resources: readonly OpenApiResource[]): Iterable<PathOperations> {
  for (const resource of resources) yield* resourcePaths(resource, typeName);
}

const groupsOf = (groupVersions: readonly GroupVersion[]) => new Set(groupVersions.map(({ group }) => group));

/** Groups and versions of which the documents tell that they can be asked about themselves: as upstream, not of those of custom resources. */
const ownVersionsOf = (resources: readonly OpenApiResource[]) =>
  groupVersionsOf(resources.filter(({ custom }) => !custom));

/** Where the document of a path that is no resource's stands: the path itself, as far as it is always the same. */
const plainKey = ({ path }: PathOperations) => path.replace(/\{.*$/, '').replace(/^\/|\/$/g, '');

const sameRow = (a: OpenApiResource, b?: OpenApiResource) =>
  a === b || JSON.stringify(a) === JSON.stringify(b);

const sameRows = (a: readonly OpenApiResource[], b: readonly OpenApiResource[]) =>
  a.length === b.length && a.every((row, index) => sameRow(row, b[index]));

interface VersionDocument extends Content {
  rows: readonly OpenApiResource[];
}

function versionDocument(
  groupVersion: GroupVersion,
  rows: readonly OpenApiResource[],
  version: string,
): VersionDocument {
  const make = () => {
    const about = ownVersionsOf(rows).map(versionPath);
    const custom = about.length === 0;
    return documentV3([...about, ...pathsOf(rows)], { version, resources: rows, groupVersion, custom });
  };
  return { rows, ...asJson(make) };
}

/** The documents of OpenAPI 3.0 by key, such as `apis/apps/v1`; those whose rows are as before are kept. */
function documentsV3(
  resources: readonly OpenApiResource[],
  version: string,
  before: ReadonlyMap<string, Content>,
): Map<string, Content> {
  const groupVersions = groupVersionsOf(resources);
  const plain = new Map<string, PathOperations[]>();
  for (const path of [...generalPaths, ...groupPaths(groupsOf(ownVersionsOf(resources)))]) {
    plain.set(plainKey(path), [...(plain.get(plainKey(path)) ?? []), path]);
  }
  const documents = new Map<string, Content>(
    [...plain].map(([key, paths]) => [
      key,
      before.get(key) ?? asJson(() => documentV3(paths, { version, resources: [] })),
    ]),
  );
  for (const groupVersion of groupVersions) {
    const key = versionKey(groupVersion);
    const rows = resources.filter((r) => versionKey(r) === key);
    const known = before.get(key) as VersionDocument | undefined;
    const unchanged = known !== undefined && sameRows(known.rows, rows);
    documents.set(key, unchanged ? known : versionDocument(groupVersion, rows, version));
  }
  return documents;
}

const serverUrl = async (key: string, document: Content) =>
  `/openapi/v3/${key}?hash=${await document.etag()}`;

/** All documents are made for it that are not there yet, others having their turn meanwhile. */
async function indexOf(documents: ReadonlyMap<string, Content>): Promise<Uint8Array> {
  const paths: Record<string, { serverRelativeURL: string }> = {};
  for (const [key, document] of [...documents].sort(([a], [b]) => (a < b ? -1 : 1))) {
    paths[key] = { serverRelativeURL: await serverUrl(key, document) };
    await turnTogether();
  }
  return Buffer.from(JSON.stringify({ paths }));
}

const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const oldProtobufType = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const protobufTypeV3 = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';
const oldProtobufTypeV3 = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf';
const jsonType = 'application/json';

/** The first offered media type that the client takes, best first in its own order. */
function preferred(accept: string | undefined, offered: readonly string[]): string | undefined {
  for (const clause of parseAccept(accept || '*/*')) {
    const found = offered.find((mediaType) => accepts(clause, mediaType));
    if (found) return found;
  }
  return undefined;
}

const notAcceptable: OpenApiAnswer = { code: 406, headers: {} };

async function send(document: Content, mediaType: string, request: OpenApiRequest): Promise<OpenApiAnswer> {
  const etag = `"${await document.etag()}"`;
  const headers = { etag, vary: 'Accept', 'content-type': mediaType };
  const known = request.ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
  return known
    ? { code: 304, headers: { etag, vary: 'Accept' } }
    : { code: 200, headers, body: await document.bytes() };
}

/** The same document, under the digest of its JSON; few ask for it, so it is not kept. */
const inProtobuf = (document: Content): Content => ({
  bytes: async () => encodeDocumentV3(JSON.parse(Buffer.from(await document.bytes()).toString()) as object),
  etag: document.etag,
});

const yearMs = 365 * 24 * 3600 * 1000;

/** A document whose URL names its digest never changes; one with an old digest has moved. */
async function sendVersioned(
  key: string,
  document: Content,
  request: OpenApiRequest,
): Promise<OpenApiAnswer> {
  const accepted = preferred(request.accept, [jsonType, protobufTypeV3, oldProtobufTypeV3]);
  if (!accepted) return notAcceptable;
  if (request.hash && request.hash !== (await document.etag()))
    return { code: 301, headers: { location: await serverUrl(key, document), vary: 'Accept' } };
  const answer =
    accepted === jsonType
      ? await send(document, jsonType, request)
      : await send(inProtobuf(document), protobufTypeV3, request);
  if (!request.hash) return answer;
  const expires = new Date(request.nowMs + yearMs).toUTCString();
  return { ...answer, headers: { ...answer.headers, 'cache-control': 'public, immutable', expires } };
}

interface Documents {
  json: Content;
  protobuf: Content;
  versions: ReadonlyMap<string, Content>;
  index: Content;
}

interface Served {
  resources: readonly OpenApiResource[];
  others: readonly ForeignDocument[];
}

function* allPaths(resources: readonly OpenApiResource[]): Iterable<PathOperations> {
  const own = ownVersionsOf(resources);
  yield* [...generalPaths, ...groupPaths(groupsOf(own)), ...own.map(versionPath)];
  yield* pathsOf(resources);
}

/** The parts of the document of OpenAPI 2.0, those of other servers among them. */
async function allParts({ resources, others }: Served, version: string): Promise<Iterable<PartV2>> {
  const own = partsV2(allPaths(resources), resources);
  if (!others.some(({ v2 }) => v2)) return own;
  const document = await documentV2(aroundV2(version), own);
  const merged = others.reduce(
    (all, { v2, ...gv }) => (v2 ? mergeV2(all, v2, `/${versionKey(gv)}/`) : all),
    document,
  );
  return partsOf(merged);
}

function build(served: Served, version: string, before?: Documents): Documents {
  const written = async (form: FormV2) => writeV2(aroundV2(version), await allParts(served, version), form);
  const json = content(() => written(jsonV2));
  const protobuf: Content = { bytes: lazy(() => written(protobufV2)), etag: json.etag };
  const versions = documentsV3(served.resources, version, before?.versions ?? new Map());
  for (const { v3, ...gv } of served.others) {
    if (v3)
      versions.set(
        versionKey(gv),
        content(async () => v3),
      );
  }
  return { json, protobuf, versions, index: content(() => indexOf(versions)) };
}

async function sendV2({ json, protobuf }: Documents, request: OpenApiRequest): Promise<OpenApiAnswer> {
  const mediaType = preferred(request.accept, [jsonType, oldProtobufType, protobufType]);
  if (!mediaType) return notAcceptable;
  return mediaType === jsonType ? send(json, jsonType, request) : send(protobuf, protobufType, request);
}

/** The OpenAPI documents of a server of this version (`v1.36.0`). */
export function createOpenApi(version: string): OpenApi {
  let documents = build({ resources: [], others: [] }, version);
  return {
    update(resources, others = []) {
      documents = build({ resources, others }, version, documents);
    },
    async handle(request) {
      const path = request.path.replace(/\/$/, '');
      if (path === '/openapi/v2') return sendV2(documents, request);
      if (path === '/openapi/v3') return send(documents.index, jsonType, request);
      const key = path.startsWith('/openapi/v3/') ? path.slice('/openapi/v3/'.length) : '';
      const document = documents.versions.get(key);
      return document && sendVersioned(key, document, request);
    },
  };
}
