import type { Clock } from '../../platform/clock.ts';
import type { PathMux, PlainHandler } from '../corridor/plain-routes.ts';
import { openApiResource } from '../openapi/from-kind.ts';
import type { JsonSchema } from '../openapi/json-schema.ts';
import { createOpenApi, type OpenApi } from '../openapi/openapi.ts';
import type { ForeignDocument, OpenApiResource } from '../openapi/resource.ts';
import type { RegistryDispatcher } from '../registry/dispatcher.ts';
import type { Kind } from '../registry/kind.ts';

export interface OpenApiRoutesOptions {
  mux: PathMux;
  dispatcher: RegistryDispatcher;
  clock: Clock;
  /** What other servers say of what they serve; a new value whenever that has changed. */
  others(): readonly ForeignDocument[];
  /** Such as `v1.36.0`. */
  version: string;
}

/** The OpenAPI documents; they follow what is served, and are made when somebody asks. */
export function serveOpenApi({ mux, clock, version, ...served }: OpenApiRoutesOptions): void {
  const documents = createOpenApi(version);
  const follow = follower(documents, served);
  const handler: PlainHandler = (x) => {
    follow();
    const ifNoneMatch = x.header('if-none-match');
    const { path, query } = x;
    const hash = query.get('hash') ?? undefined;
    return documents.handle({ path, hash, accept: x.header('accept'), ifNoneMatch, nowMs: clock.now() });
  };
  mux.handle('/openapi/v2', handler);
  mux.handle('/openapi/v3', handler);
  mux.handle('/openapi/v3/', handler);
}

/** Tells the documents what is served whenever that has changed; kinds that stay keep their rows. */
function follower(
  documents: OpenApi,
  { dispatcher, others }: Pick<OpenApiRoutesOptions, 'dispatcher' | 'others'>,
): () => void {
  const rows = new WeakMap<Kind, OpenApiResource>();
  let seen: readonly unknown[] = [];
  return () => {
    const now = [dispatcher.discovery(), others()] as const;
    if (now[0] === seen[0] && now[1] === seen[1]) return;
    seen = now;
    const own = [...dispatcher.served()].map(({ view, kind }) => rowOf(rows, view, kind));
    documents.update(own, now[1]);
  };
}

function rowOf(rows: WeakMap<Kind, OpenApiResource>, view: Kind, stored: Kind): OpenApiResource {
  const row =
    rows.get(view) ?? openApiResource(view, { stored, schema: view.schema as JsonSchema | undefined });
  rows.set(view, row);
  return row;
}
