import { encodeProtobuf } from '../../src/machinery/protobuf.ts';
import { type Intent, intentsOf, others, served } from './corpus.ts';
import { jsonText, mutateBytes, mutateJson } from './mutate.ts';
import { type Encoding, oddHeaders, oddParameters, oddSegments, type Plan } from './mutations.ts';
import type { WireRequest } from './request.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'BREW'];
const modulo = <T>(list: readonly T[], at: number) => list[at % list.length] as T;

export const token = 'fuzz-token';

/** The names that requests are about; the first is there from the beginning. */
const names = ['seed', 'seed', 'seed', 'a', 'b', 'c-1', 'd.e'];

function intentOf(plan: Plan): Intent {
  if (plan.other) return modulo(others, plan.intent);
  const of = modulo(served, plan.resource);
  return modulo(intentsOf(of, plan.object, modulo(names, plan.object)), plan.intent);
}

function encoded(body: unknown, encoding: Encoding): { bytes: Uint8Array; mediaType: string } {
  const json = Buffer.from(jsonText(body));
  if (encoding === 'yaml') return { bytes: json, mediaType: 'application/yaml' };
  if (encoding === 'protobuf') {
    try {
      const bytes = encodeProtobuf(JSON.parse(json.toString()) as object);
      return { bytes, mediaType: 'application/vnd.kubernetes.protobuf' };
    } catch {
      // What has no protobuf form any more goes as it is.
    }
  }
  return { bytes: json, mediaType: 'application/json' };
}

function targetOf(intent: Intent, plan: Plan): string {
  const parts = intent.path.split('/');
  for (const { at, segment, insert } of plan.segments) {
    parts.splice(at % (parts.length + 1), insert ? 0 : 1, modulo(oddSegments, segment));
  }
  const query = [...intent.query, ...plan.query.map((at) => modulo(oddParameters, at))];
  const path = `/${parts.join('/').replace(/^\//, '')}`;
  return query.length === 0 ? path : `${path}?${new URLSearchParams(query)}`;
}

/** The request that a plan leads to. */
export function makeRequest(plan: Plan): WireRequest {
  const intent = intentOf(plan);
  const headers: Record<string, string> = { authorization: `Bearer ${token}`, 'user-agent': 'fuzz/1' };
  if (intent.accept) headers.accept = intent.accept;
  let body: Uint8Array = new Uint8Array();
  if (intent.body !== undefined) {
    const changed = mutateJson(intent.body, plan.json);
    const isPatch = intent.contentType !== undefined;
    const { bytes, mediaType } = encoded(changed, isPatch ? 'json' : plan.encoding);
    headers['content-type'] = intent.contentType ?? mediaType;
    body = mutateBytes(bytes, plan.bytes);
  }
  for (const at of plan.headers) {
    const [name, value] = modulo(oddHeaders, at);
    headers[name] = value;
  }
  const method = plan.method < 0 ? intent.method : modulo(methods, plan.method);
  return { method, target: targetOf(intent, plan), headers, body };
}
