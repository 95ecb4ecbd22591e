import { request as httpsRequest, type RequestOptions } from 'node:https';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufMessage,
  wrapProtobuf,
} from '../machinery/protobuf.ts';
import { Reader } from '../machinery/protobuf/wire.ts';
import { startApiServer, type TestApiServer } from './testing-api-server.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const json = 'application/json';
const configMaps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';

let t: TestApiServer;
let identity: RequestOptions;

beforeAll(async () => {
  t = await startApiServer();
  identity = { ...(await t.client('root', 'system:masters')), agent: false };
});
afterAll(() => t.stop());

interface Sent {
  type?: string;
  accept?: string;
  body?: Uint8Array;
}

interface Got {
  code: number;
  type: string;
  bytes: Buffer;
  object: any;
}

function read(type: string, bytes: Buffer): unknown {
  return type === protobuf ? decodeProtobuf(bytes).object : JSON.parse(bytes.toString() || 'null');
}

/** Sends a request; in protobuf, and answered so, unless said otherwise. */
function send(method: string, path: string, { type = protobuf, accept = protobuf, body }: Sent = {}) {
  const headers = { accept, ...(body && { 'content-type': type, 'content-length': body.length }) };
  return new Promise<Got>((resolve, reject) => {
    const outgoing = httpsRequest(`${t.origin}${path}`, { ...identity, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const answered = String(response.headers['content-type']);
        const bytes = Buffer.concat(chunks);
        resolve({
          code: response.statusCode ?? 0,
          type: answered,
          bytes,
          object: read(answered, bytes),
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const configMap = (name: string, more: object = {}) =>
  encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' }, ...more });
const create = (name: string, more?: object) => send('POST', configMaps, { body: configMap(name, more) });
const bytesOf = (value: object) => Buffer.from(JSON.stringify(value));

describe('protobuf over HTTP', () => {
  test('an object is created, read, replaced and listed', async () => {
    const created = await create('one', { binaryData: { raw: 'AAEC' } });
    expect(created).toMatchObject({ code: 201, type: protobuf });
    expect(created.object).toMatchObject({
      kind: 'ConfigMap',
      data: { a: 'b' },
      binaryData: { raw: 'AAEC' },
    });
    const read = await send('GET', `${configMaps}/one`);
    expect(read.object).toEqual(created.object);
    const asJson = await send('GET', `${configMaps}/one`, { accept: json });
    expect(asJson.object).toEqual(read.object);
    const replaced = await send('PUT', `${configMaps}/one`, {
      body: encodeProtobuf({ ...read.object, data: { a: 'c' } }),
    });
    expect(replaced.object.data).toEqual({ a: 'c' });
    const list = await send('GET', `${configMaps}?fieldSelector=metadata.name%3Done`);
    expect(list.object).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMapList' });
    const { apiVersion: _, kind: __, ...item } = replaced.object;
    expect(list.object.items).toEqual([item]);
    expect(list.object.metadata.resourceVersion).toMatch(/^\d+$/);
  });

  test('a field that the type does not have goes unnoticed', async () => {
    const message = encodeProtobufMessage(
      { metadata: { name: 'later' } },
      { group: '', version: 'v1', kind: 'ConfigMap' },
    );
    const unknown = Buffer.from([0xfa, 0x07, 0x03, 1, 2, 3]);
    const body = wrapProtobuf({ apiVersion: 'v1', kind: 'ConfigMap' }, Buffer.concat([message, unknown]));
    const strict = await send('POST', `${configMaps}?fieldValidation=Strict`, { body });
    expect(strict.code).toBe(201);
    expect(strict.object.metadata.name).toBe('later');
  });

  test('an envelope that names no kind is of the kind of the path', async () => {
    const message = encodeProtobufMessage(
      { metadata: { name: 'unnamed' } },
      { group: '', version: 'v1', kind: 'ConfigMap' },
    );
    const body = wrapProtobuf({ apiVersion: '', kind: '' }, message);
    expect((await send('POST', configMaps, { body })).code).toBe(201);
  });

  const refused: [name: string, body: () => Uint8Array, message: string][] = [
    [
      'no protobuf',
      () => bytesOf({ kind: 'ConfigMap' }),
      'the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({"kind":"ConfigMap"})',
    ],
    [
      'an envelope with nothing in it',
      () => Buffer.from('k8s\0'),
      'the object provided is unrecognized (must be of type ConfigMap): empty body (6b387300)',
    ],
    [
      'an envelope cut short',
      () => configMap('cut').subarray(0, 12),
      'the object provided is unrecognized (must be of type ConfigMap): unexpected EOF (6b3873000a0f0a0276311209)',
    ],
    [
      'a message cut short',
      () => wrapProtobuf({ apiVersion: 'v1', kind: 'ConfigMap' }, new Uint8Array([0x0a, 0x30, 0x0a])),
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: unexpected EOF',
    ],
    [
      'another kind',
      () => encodeProtobuf({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } }),
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ],
    [
      'a kind that nobody knows',
      () => wrapProtobuf({ apiVersion: 'v1', kind: 'Nope' }, new Uint8Array()),
      'Nope in version "v1" cannot be handled as a ConfigMap: no kind "Nope" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
  ];

  test.each(refused)('%s is a bad request, and the answer a Status in protobuf', async (_, body, message) => {
    const answer = await send('POST', configMaps, { body: body() });
    expect(answer).toMatchObject({ code: 400, type: protobuf });
    expect(answer.object).toMatchObject({
      apiVersion: 'v1',
      kind: 'Status',
      reason: 'BadRequest',
      code: 400,
    });
    expect(answer.object.message).toBe(message);
  });

  test('errors are a Status in protobuf, details and all', async () => {
    const missing = await send('GET', `${configMaps}/missing`);
    expect(missing).toMatchObject({ code: 404, type: protobuf });
    expect(missing.object).toMatchObject({
      reason: 'NotFound',
      details: { name: 'missing', kind: 'configmaps' },
    });
    const invalid = await create('Not_A_Name');
    expect(invalid.code).toBe(422);
    expect(invalid.object.details.causes).toEqual([
      expect.objectContaining({ reason: 'FieldValueInvalid', field: 'metadata.name' }),
    ]);
  });

  test('options of a deletion, in the group of the object or none', async () => {
    const uid = (await create('doomed')).object.metadata.uid;
    const remove = (options: object, path = `${configMaps}/doomed`) =>
      send('DELETE', path, { body: encodeProtobuf({ apiVersion: 'v1', kind: 'DeleteOptions', ...options }) });
    const wrong = await remove({ preconditions: { uid: 'other' } });
    expect(wrong.object).toMatchObject({ code: 409, reason: 'Conflict' });
    const dry = await remove({ dryRun: ['All'] });
    expect(dry.object).toMatchObject({ status: 'Success' });
    expect((await remove({ apiVersion: 'meta.k8s.io/v1', preconditions: { uid } })).code).toBe(200);
    expect((await send('GET', `${configMaps}/doomed`)).code).toBe(404);
    await create('doomed');
    const unnamed = encodeProtobufMessage(
      { preconditions: { uid: 'other' } },
      { group: '', version: 'v1', kind: 'DeleteOptions' },
    );
    const body = wrapProtobuf({ apiVersion: '', kind: '' }, unnamed);
    expect((await send('DELETE', `${configMaps}/doomed`, { body })).code).toBe(409);
    const none = await send('DELETE', `${configMaps}/doomed`, { body: Buffer.from('k8s\0\xff') });
    expect(none.object).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  test('there are no patches in protobuf', async () => {
    await create('patched');
    const answer = await send('PATCH', `${configMaps}/patched`, { body: configMap('patched') });
    expect(answer).toMatchObject({ code: 415, type: protobuf });
    expect(answer.object.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
    );
    const json = await send('PATCH', `${configMaps}/patched`, {
      type: 'application/merge-patch+json',
      body: bytesOf({ data: { a: null } }),
    });
    expect(json.object).not.toHaveProperty('data');
  });

  test('tables have no protobuf form; what is only metadata has', async () => {
    const table = await send('GET', configMaps, { accept: `${protobuf};as=Table;v=v1;g=meta.k8s.io` });
    expect(table.code).toBe(406);
    await create('partly');
    const accept = `${protobuf};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`;
    const partial = await send('GET', `${configMaps}/partly`, { accept });
    expect(partial.object).toMatchObject({
      apiVersion: 'meta.k8s.io/v1',
      kind: 'PartialObjectMetadata',
      metadata: { name: 'partly' },
    });
  });

  test('subresources and reviews', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    };
    await send('POST', '/api/v1/namespaces/default/serviceaccounts', {
      body: encodeProtobuf({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }),
    });
    expect((await send('POST', pods, { body: encodeProtobuf(pod) })).code).toBe(201);
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'p' },
      target: { kind: 'Node', name: 'n' },
    };
    const bound = await send('POST', `${pods}/p/binding`, { body: encodeProtobuf(binding) });
    expect(bound.object).toMatchObject({ kind: 'Status', status: 'Success' });
    const status = { ...pod, status: { phase: 'Running' } };
    const running = await send('PUT', `${pods}/p/status`, { body: encodeProtobuf(status) });
    expect(running.object.status.phase).toBe('Running');
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
    };
    const answer = await send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      body: encodeProtobuf(review),
    });
    expect(answer.object.status.allowed).toBe(true);
  });
});

/** The fields of a message that are bytes. */
function fieldsOf(message: Uint8Array): Map<number, Buffer> {
  const reader = new Reader(message);
  const fields = new Map<number, Buffer>();
  while (!reader.done) fields.set(reader.tag().number, reader.bytes());
  return fields;
}

/** Frames of a watch: length, then a WatchEvent whose raw object is protobuf in its envelope. */
function eventsOf(bytes: Buffer): { type: string; object: any }[] {
  const events: { type: string; object: any }[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    const event = fieldsOf(bytes.subarray(at + 4, end));
    const raw = fieldsOf(event.get(2) as Buffer).get(1) as Buffer;
    events.push({ type: String(event.get(1)), object: decodeProtobuf(raw).object });
    at = end;
  }
  return events;
}

describe('a watch in protobuf', () => {
  test('sends framed events', async () => {
    const first = (await create('watched')).object;
    const path = `${configMaps}?watch=1&fieldSelector=metadata.name%3Dwatched&resourceVersion=${Number(first.metadata.resourceVersion) - 1}&timeoutSeconds=2`;
    const stream = watch(path);
    await stream.until(1);
    await send('DELETE', `${configMaps}/watched`);
    await stream.until(2);
    expect(stream.type).toBe(`${protobuf};stream=watch`);
    const events = stream.events();
    expect(events.map((e) => [e.type, e.object.metadata.name])).toEqual([
      ['ADDED', 'watched'],
      ['DELETED', 'watched'],
    ]);
    expect(events[0]?.object).toEqual(first);
    stream.stop();
  });

  test('of a revision that is none is refused with a Status', async () => {
    const answer = await send('GET', `${configMaps}?watch=1&resourceVersion=x`);
    expect(answer).toMatchObject({ type: protobuf, object: { kind: 'Status' } });
    expect(answer.code).toBeGreaterThanOrEqual(400);
  });
});

function watch(path: string) {
  const chunks: Buffer[] = [];
  const state = { type: '' };
  const outgoing = httpsRequest(
    `${t.origin}${path}`,
    { ...identity, headers: { accept: protobuf } },
    (response) => {
      state.type = String(response.headers['content-type']);
      response.on('data', (chunk) => chunks.push(chunk));
    },
  );
  outgoing.on('error', () => {});
  outgoing.end();
  const events = () => eventsOf(Buffer.concat(chunks));
  return {
    get type() {
      return state.type;
    },
    events,
    until: (count: number) => vi.waitUntil(() => events().length >= count, { timeout: 5000 }),
    stop: () => outgoing.destroy(),
  };
}

describe('custom resources', () => {
  const widgets = '/apis/example.com/v1/namespaces/default/widgets';
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
  const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } };

  test('are defined in protobuf, but spoken in JSON and YAML alone', async () => {
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    expect((await send('POST', crds, { body: encodeProtobuf(definition) })).code).toBe(201);
    await vi.waitUntil(async () => (await send('GET', widgets, { accept: json })).code === 200, {
      timeout: 10_000,
    });
    const body = wrapProtobuf(widget, new Uint8Array());
    const sent = await send('POST', widgets, { body, accept: json });
    expect(sent.code).toBe(415);
    expect(sent.object.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
    );
    const made = await send('POST', widgets, { type: json, accept: json, body: bytesOf(widget) });
    expect(made.code).toBe(201);
    const unacceptable = await send('GET', `${widgets}/w`);
    expect(unacceptable).toMatchObject({ code: 406, type: protobuf });
    const partial = await send('GET', `${widgets}/w`, {
      accept: `${protobuf};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`,
    });
    expect(partial.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'w' } });
    const both = await send('GET', widgets, { accept: `${protobuf}, ${json}` });
    expect(both).toMatchObject({ code: 200, type: json });
    const gone = await send('DELETE', `${widgets}/w`, {
      accept: json,
      body: encodeProtobuf({ apiVersion: 'v1', kind: 'DeleteOptions' }),
    });
    expect(gone.code).toBe(200);
  });
});
