import { create, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { status as grpc } from '@grpc/grpc-js';
import { grpcPath } from '../platform/grpc-method.ts';
import { BodyTooLarge, type HttpReply, type HttpRequest } from '../platform/http.ts';
import { afterTurn } from '../platform/turn.ts';
import { EtcdError, toEtcdError } from './errors.ts';
import { etcdVersion } from './maintenance-service.ts';
import type { EtcdNode } from './node.ts';
import type { Route, StreamCall } from './service.ts';

/** Where methods stand in etcd's JSON interface; below `/v3` and, as in older versions, `/v3beta`. */
const paths: { [path: string]: string } = {
  '/kv/range': '/etcdserverpb.KV/Range',
  '/kv/put': '/etcdserverpb.KV/Put',
  '/kv/deleterange': '/etcdserverpb.KV/DeleteRange',
  '/kv/txn': '/etcdserverpb.KV/Txn',
  '/kv/compaction': '/etcdserverpb.KV/Compact',
  '/watch': '/etcdserverpb.Watch/Watch',
  '/lease/grant': '/etcdserverpb.Lease/LeaseGrant',
  '/lease/revoke': '/etcdserverpb.Lease/LeaseRevoke',
  '/kv/lease/revoke': '/etcdserverpb.Lease/LeaseRevoke',
  '/lease/keepalive': '/etcdserverpb.Lease/LeaseKeepAlive',
  '/lease/timetolive': '/etcdserverpb.Lease/LeaseTimeToLive',
  '/kv/lease/timetolive': '/etcdserverpb.Lease/LeaseTimeToLive',
  '/lease/leases': '/etcdserverpb.Lease/LeaseLeases',
  '/kv/lease/leases': '/etcdserverpb.Lease/LeaseLeases',
  '/cluster/member/add': '/etcdserverpb.Cluster/MemberAdd',
  '/cluster/member/remove': '/etcdserverpb.Cluster/MemberRemove',
  '/cluster/member/update': '/etcdserverpb.Cluster/MemberUpdate',
  '/cluster/member/list': '/etcdserverpb.Cluster/MemberList',
  '/cluster/member/promote': '/etcdserverpb.Cluster/MemberPromote',
  '/maintenance/alarm': '/etcdserverpb.Maintenance/Alarm',
  '/maintenance/status': '/etcdserverpb.Maintenance/Status',
  '/maintenance/defragment': '/etcdserverpb.Maintenance/Defragment',
  '/maintenance/hash': '/etcdserverpb.Maintenance/HashKV',
  '/maintenance/snapshot': '/etcdserverpb.Maintenance/Snapshot',
  '/maintenance/transfer-leadership': '/etcdserverpb.Maintenance/MoveLeader',
  '/lock/lock': '/v3lockpb.Lock/Lock',
  '/lock/unlock': '/v3lockpb.Lock/Unlock',
  '/election/campaign': '/v3electionpb.Election/Campaign',
  '/election/proclaim': '/v3electionpb.Election/Proclaim',
  '/election/leader': '/v3electionpb.Election/Leader',
  '/election/observe': '/v3electionpb.Election/Observe',
  '/election/resign': '/v3electionpb.Election/Resign',
  '/auth/status': '/etcdserverpb.Auth/AuthStatus',
  '/auth/authenticate': '/etcdserverpb.Auth/Authenticate',
};

const httpCodes: { [code: number]: number } = {
  [grpc.INVALID_ARGUMENT]: 400,
  [grpc.OUT_OF_RANGE]: 400,
  [grpc.FAILED_PRECONDITION]: 400,
  [grpc.PERMISSION_DENIED]: 403,
  [grpc.NOT_FOUND]: 404,
  [grpc.RESOURCE_EXHAUSTED]: 429,
  [grpc.UNIMPLEMENTED]: 501,
  [grpc.UNAVAILABLE]: 503,
  [grpc.CANCELLED]: 408,
};

const json = { 'content-type': 'application/json' };

/** Answers HTTP/1.1: the methods as JSON, and what watches over a server asks for. */
export function gateway(node: EtcdNode, routes: readonly Route[]) {
  const byPath = new Map(routes.map((route) => [grpcPath(route.method), route]));
  return async (request: HttpRequest, reply: HttpReply): Promise<void> => {
    const [path = '/'] = request.target.split('?');
    if (request.method === 'GET' && (await about(node, path, reply))) return;
    const route = byPath.get(paths[path.replace(/^\/v3(beta)?(?=\/)/, '')] ?? '');
    if (!route || !/^\/v3(beta)?\//.test(path)) return sendText(reply, 404, '404 page not found\n');
    if (request.method !== 'POST') return sendText(reply, 405, 'Method Not Allowed\n');
    try {
      refuseBrowsers(request);
      const text = Buffer.from(await request.body(node.mostRequestBytes)).toString();
      if ('unary' in route) await answer(route, { text, request, reply });
      else stream(route, { text, request, reply });
    } catch (error) {
      sendError(reply, error);
    }
  };
}

/**
 * A page of any site can have its reader's browser send JSON under another type to a port of its machine, and a name
 * that leads there makes it the page's own. Whoever gets through without a certificate is believed here, so what comes from a page is refused: a
 * browser says with each POST where the page is from. etcd leaves that to `--host-whitelist` (CVE-2018-1098, CVE-2018-1099).
 */
function refuseBrowsers({ headers }: HttpRequest): void {
  if (headers.origin !== undefined)
    throw new EtcdError('PermissionDenied', 'etcdserver: pages in a browser are not answered here');
}

interface Exchange {
  text: string;
  request: HttpRequest;
  reply: HttpReply;
}

async function answer(route: Extract<Route, { unary: unknown }>, { text, request, reply }: Exchange) {
  const message = parse(route, text);
  const result = await route.unary(message as never, request);
  sendJson(reply, 200, encode(route, result));
}

/** What the client sends is one JSON value after the other, a line each; the answers likewise. */
function stream(route: Extract<Route, { stream: unknown }>, { text, request, reply }: Exchange): void {
  const lines =
    route.method.methodKind === 'server_streaming' ? [text] : text.split('\n').filter((l) => l.trim());
  const messages = lines.map((line) => parse(route, line));
  const out = reply.open(200, { ...json });
  const line = (value: unknown) => out.write(Buffer.from(`${JSON.stringify(value)}\n`));
  let whenDrained = () => {};
  let listen: (message: unknown) => void = () => {};
  let halfClose = () => {};
  const call: StreamCall<unknown, unknown> = {
    onMessage: (fn) => {
      listen = fn;
    },
    onHalfClose: (fn) => {
      halfClose = fn;
    },
    onClose: (fn) => request.onGone(fn),
    write: (message) => {
      line({ result: encode(route, message) });
      if (out.bufferedBytes < mostBufferedBytes) return true;
      void out.drained().then(() => whenDrained());
      return false;
    },
    onDrain: (fn) => {
      whenDrained = fn;
    },
    end: (error) => {
      if (error !== undefined) line({ error: errorOf(error) });
      out.end();
    },
  };
  route.stream(call as never);
  void say();

  /** Others are served between the messages. Who takes no answers is not heard any further. */
  async function say(): Promise<void> {
    for (const message of messages) {
      listen(message);
      if (out.bufferedBytes >= mostBufferedBytes) await out.drained();
      else await new Promise<void>(afterTurn);
    }
    if (route.method.methodKind !== 'server_streaming') halfClose();
  }
}

const mostBufferedBytes = 1 << 20;

function parse(route: Route, text: string): unknown {
  try {
    const value = JSON.parse(text.trim() || '{}') as JsonValue;
    return fromJson(route.method.input, value, { ignoreUnknownFields: true });
  } catch (error) {
    throw new EtcdError('InvalidArgument', (error as Error).message);
  }
}

function encode({ method: { output } }: Route, message: unknown): JsonValue {
  return toJson(output, create(output, message as never), { useProtoFieldName: true });
}

function errorOf(error: unknown) {
  const { code, message } = toEtcdError(error);
  return { error: message, message, code };
}

function sendError(reply: HttpReply, error: unknown): void {
  if (reply.started) return;
  const tooLarge = error instanceof BodyTooLarge;
  const { code } = toEtcdError(error);
  sendJson(reply, tooLarge ? 413 : (httpCodes[code] ?? 500), errorOf(error));
}

async function about(node: EtcdNode, path: string, reply: HttpReply): Promise<boolean> {
  if (path === '/health') return healthy(node, reply);
  if (path === '/version') sendJson(reply, 200, { etcdserver: etcdVersion, etcdcluster: etcdVersion });
  else if (path === '/metrics') sendText(reply, 200, await metrics(node));
  else return false;
  return true;
}

async function healthy(node: EtcdNode, reply: HttpReply): Promise<boolean> {
  try {
    await node.store.check();
    sendJson(reply, 200, { health: 'true' });
  } catch (error) {
    sendJson(reply, 503, { health: 'false', reason: (error as Error).message });
  }
  return true;
}

async function metrics(node: EtcdNode): Promise<string> {
  const { keys, sizeBytes, revision } = await node.store.status();
  const { compactedRevision } = node.mvcc;
  const gauges: [string, string, number][] = [
    ['etcd_server_has_leader', 'Whether there is a leader: always, in a cluster of one.', 1],
    ['etcd_server_is_leader', 'Whether this member leads.', 1],
    ['etcd_debugging_mvcc_keys_total', 'Keys that stand.', keys],
    ['etcd_debugging_mvcc_current_revision', 'The newest revision.', revision],
    ['etcd_debugging_mvcc_compact_revision', 'The oldest revision that is kept.', compactedRevision],
    ['etcd_mvcc_db_total_size_in_bytes', 'The size of the data file.', sizeBytes],
    ['etcd_server_leases', 'Leases that stand.', node.leases.ids().length],
  ];
  return gauges
    .map(([name, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`)
    .join('');
}

function sendJson(reply: HttpReply, code: number, value: unknown): void {
  reply.send(code, { ...json }, [Buffer.from(JSON.stringify(value))]);
}

function sendText(reply: HttpReply, code: number, text: string): void {
  reply.send(code, { 'content-type': 'text/plain; charset=utf-8' }, [Buffer.from(text)]);
}
