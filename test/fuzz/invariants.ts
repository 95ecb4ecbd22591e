import { deepEqual } from '../../src/machinery/equal.ts';
import { decodeProtobuf } from '../../src/machinery/protobuf.ts';
import { parseYaml } from '../../src/machinery/yaml.ts';
import { type Arena, ask, busyMs } from './arena.ts';
import { collectionPath, type Served, served } from './corpus.ts';
import { token } from './make-request.ts';
import type { WireReply, WireRequest } from './request.ts';

type Json = Record<string, unknown>;

interface Meta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  deletionTimestamp?: string;
  managedFields?: unknown;
}

/** What must hold whatever a client sends; the text says what did not. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Broken(what);
}

/** The answers above 500 that are right: what lies beyond the server is not there, or the client's time was up. */
const rightly = [
  { code: 504, reason: 'Timeout', message: /./ },
  // Webhooks and the kubelets are elsewhere, and here there is nobody.
  { code: 500, reason: 'InternalError', message: /failed calling webhook/ },
  { code: 503, reason: 'ServiceUnavailable', message: /./ },
  // A node that has no address yet; upstream gives no reason with it.
  { code: 500, reason: undefined, message: /^no preferred addresses found; known addresses: \[\]$/ },
];

function isRight(code: number, status: Json): boolean {
  return rightly.some(
    (r) => r.code === code && r.reason === status.reason && r.message.test(String(status.message)),
  );
}

const isJson = ({ headers }: WireReply) => (headers['content-type'] ?? '').startsWith('application/json');

function parsed(reply: WireReply): Json {
  try {
    return JSON.parse(reply.body.toString()) as Json;
  } catch {
    throw new Broken(`an answer is no JSON: ${reply.body.toString('latin1').slice(0, 200)}`);
  }
}

/** What the protocol's own parser refuses has no body to hold a Status. */
const isOfProtocol = ({ code, body, headers }: WireReply) =>
  [400, 431].includes(code) && body.length === 0 && headers.connection === 'close';
/** The OpenAPI documents know no Status: upstream answers without a body too. */
const isOpenApi = (request: WireRequest, code: number) => code === 406 && request.target.includes('openapi');

/** The object of an answer, in whatever form it was asked for; undefined where it is none of an object. */
function readable(reply: WireReply): Json | undefined {
  switch ((reply.headers['content-type'] ?? '').split(';')[0]) {
    case 'application/json':
      return parsed(reply);
    case 'application/yaml':
      return parseYaml(reply.body.toString()) as Json;
    case 'application/vnd.kubernetes.protobuf':
      return decodeProtobuf(reply.body).object as unknown as Json;
    default:
      return undefined;
  }
}

function checkFailure(request: WireRequest, reply: WireReply): void {
  const { code } = reply;
  const status = request.method === 'HEAD' ? undefined : readable(reply);
  if (!status) {
    const isElsewhere = code === 503 || code === 504;
    hold(code < 500 || request.method === 'HEAD' || isElsewhere, `answered ${code} without saying why`);
    const mayBeEmpty = request.method === 'HEAD' || isOfProtocol(reply) || isOpenApi(request, code);
    hold(mayBeEmpty || reply.body.length > 0, `a ${code} says nothing`);
    return;
  }
  hold(status.kind === 'Status' && status.apiVersion === 'v1', `a ${code} is no Status`);
  hold(
    status.status === 'Failure' && status.code === code,
    `a ${code} does not say so: ${JSON.stringify(status)}`,
  );
  hold(typeof status.message === 'string' && status.message !== '', `a ${code} has no message`);
  hold(
    typeof status.reason === 'string' || isRight(code, status),
    `a ${code} has no reason: ${JSON.stringify(status)}`,
  );
  hold(
    code < 500 || isRight(code, status),
    `answered ${code} ${String(status.reason)}: ${String(status.message)}`,
  );
}

const isCollection = ({ method, target }: WireRequest) =>
  method === 'DELETE' && !/seed|\/(a|b|c-1|d\.e)(\?|\/|$)/.test(target);

/** Finds what breaks after one request. `cpuLimitMs`: how busy one request may keep the process. */
export async function checkRequest(
  arena: Arena,
  request: WireRequest,
  cpuLimitMs: number,
): Promise<{ code: number; cpuMs: number }> {
  arena.takeWrites();
  const { value: reply, cpuMs } = await busyMs(() => arena.channel.send(request));
  const errors = arena.takeErrors();
  hold(errors.length === 0, `the server was surprised: ${errors.join('\n')}`);
  hold(cpuMs < cpuLimitMs, `one request kept the process busy for ${Math.round(cpuMs)} ms`);
  hold(({} as Json).polluted === undefined, 'the prototype of all objects was written to');
  if (reply.code >= 400) {
    checkFailure(request, reply);
    const writes = arena.takeWrites();
    hold(
      writes.length === 0 || isCollection(request),
      `a request that failed with ${reply.code} wrote ${writes.join()}`,
    );
  } else if (['POST', 'PUT', 'PATCH'].includes(request.method) && isJson(reply)) {
    if (arena.takeWrites().length > 0) await checkStored(arena, parsed(reply));
  }
  return { code: reply.code, cpuMs };
}

function resourceOf(object: Json): Served | undefined {
  return served.find(
    ({ group, version, kind }) =>
      kind === object.kind && (group ? `${group}/${version}` : version) === object.apiVersion,
  );
}

/** What was stored can be had in every form, is found, and can be stored again. */
async function checkStored(arena: Arena, object: Json): Promise<void> {
  const of = resourceOf(object);
  const meta = object.metadata as Meta | undefined;
  if (!of || !meta?.resourceVersion || !meta.uid || meta.deletionTimestamp) return;
  const collection = collectionPath(of, meta.namespace);
  const path = `${collection}/${meta.name}`;
  const current = await checkRead(arena, path, meta);
  if (of.builtIn) await checkProtobuf(arena, path, current);
  await checkTable(arena, collection, meta);
  await checkListed(arena, collection, meta);
  await checkWatched(arena, collection, current);
  await checkAgain(arena, path, current);
}

async function checkRead({ channel }: Arena, path: string, meta: Meta): Promise<Json> {
  const reply = await ask(channel, 'GET', path);
  hold(reply.code === 200, `GET ${path} of what was stored answers ${reply.code}`);
  const object = parsed(reply);
  hold((object.metadata as Meta).uid === meta.uid, `GET ${path} answers another object`);
  return object;
}

/** Protobuf does not tell a zero from nothing. */
function essence(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value || undefined;
  if (Array.isArray(value))
    return value.length === 0 ? undefined : value.map((item) => essence(item) ?? null);
  const fields = Object.entries(value).map(([key, item]) => [key, essence(item)] as const);
  const left = fields.filter(([, item]) => item !== undefined);
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

const accepting = (accept: string) => ({ authorization: `Bearer ${token}`, accept });

async function checkProtobuf(arena: Arena, path: string, current: Json): Promise<void> {
  const { channel } = arena;
  const headers = accepting('application/vnd.kubernetes.protobuf');
  const reply = await channel.send({ method: 'GET', target: path, headers, body: new Uint8Array() });
  hold(reply.code === 200, `GET ${path} as protobuf answers ${reply.code}`);
  const { object } = decodeProtobuf(reply.body);
  const meta = current.metadata as Meta;
  // A controller has written in between: what it made is looked at instead.
  if ((object as Json & { metadata: Meta }).metadata.resourceVersion !== meta.resourceVersion)
    return checkProtobuf(arena, path, await checkRead(arena, path, meta));
  const [again, wanted] = [essence(object), essence(current)];
  const differ = () => `${path} is another in protobuf:\n${JSON.stringify(again)}\n${JSON.stringify(wanted)}`;
  if (!deepEqual(again, wanted)) throw new Broken(differ());
}

async function checkTable({ channel }: Arena, collection: string, meta: Meta): Promise<void> {
  const headers = accepting('application/json;as=Table;v=v1;g=meta.k8s.io');
  const target = `${collection}?fieldSelector=metadata.name%3D${meta.name}`;
  const reply = await channel.send({ method: 'GET', target, headers, body: new Uint8Array() });
  hold(
    reply.code === 200,
    `${target} as a table answers ${reply.code}: ${reply.body.toString().slice(0, 300)}`,
  );
  hold((parsed(reply).rows as unknown[]).length === 1, `${target} as a table has not one row`);
}

async function checkListed({ channel }: Arena, collection: string, meta: Meta): Promise<void> {
  const reply = await ask(channel, 'GET', collection);
  hold(reply.code === 200, `GET ${collection} answers ${reply.code}`);
  const items = parsed(reply).items as { metadata: Meta }[];
  hold(
    items.some(({ metadata }) => metadata.uid === meta.uid),
    `${meta.name} is not in ${collection}`,
  );
}

async function checkWatched({ channel }: Arena, collection: string, current: Json): Promise<void> {
  const { name, resourceVersion } = current.metadata as Meta;
  const from = Number(resourceVersion) - 1;
  const target = `${collection}?watch=1&resourceVersion=${from}&fieldSelector=metadata.name%3D${name}`;
  const reply = await ask(channel, 'GET', target);
  hold(reply.code === 200, `${target} answers ${reply.code}`);
  const first = reply.body.toString().split('\n')[0];
  if (!first) return;
  const event = JSON.parse(first) as { type: string; object: Json };
  const seen = (event.object.metadata as Meta).resourceVersion;
  hold(event.type !== 'ERROR' && seen === resourceVersion, `${target} begins with ${first.slice(0, 300)}`);
}

/** Defaults may have something to add to what came through a subresource, once. */
async function checkAgain({ channel }: Arena, path: string, current: Json): Promise<void> {
  const put = async (object: Json) => {
    const reply = await ask(channel, 'PUT', path, object);
    // The server itself may have written a status in between.
    if (reply.code === 405 || reply.code === 409) return undefined;
    hold(reply.code === 200, `PUT ${path} of what is there answers ${reply.code}: ${reply.body.toString()}`);
    return parsed(reply);
  };
  const once = await put(current);
  const twice = once && (await put(once));
  if (!once || !twice) return;
  const [first, second] = [once, twice].map(({ metadata }) => (metadata as Meta).resourceVersion);
  hold(first === second, `PUT ${path} of what is there made a new version`);
}
