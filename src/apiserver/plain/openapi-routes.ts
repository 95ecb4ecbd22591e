import type { Clock } from '../../platform/clock.ts';
import type { PathMux, PlainHandler } from '../corridor/plain-routes.ts';
import { openApiResource } from '../openapi/from-kind.ts';
import type { JsonSchema } from '../openapi/json-schema.ts';
import { createOpenApi, type OpenApi } from '../openapi/openapi.ts';
import type { OpenApiResource } from '../openapi/resource.ts';
import type { RegistryDispatcher } from '../registry/dispatcher.ts';
import type { Kind } from '../registry/kind.ts';

export interface OpenApiRoutesOptions {
  mux: PathMux;
  dispatcher: RegistryDispatcher;
  clock: Clock;
  /** Such as `v1.36.0`. */
  version: string;
}

/** The OpenAPI documents; they follow what is served, and are made when somebody asks. */
export function serveOpenApi({ mux, dispatcher, clock, version }: OpenApiRoutesOptions): void {
  const documents = createOpenApi(version);
  const follow = follower(documents, dispatcher);
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
function follower(documents: OpenApi, dispatcher: RegistryDispatcher): () => void {
  const rows = new WeakMap<Kind, OpenApiResource>();
  let seen: unknown;
  return () => {
    const now = dispatcher.discovery();
    if (now === seen) return;
    seen = now;
    documents.update([...dispatcher.served()].map(({ view, kind }) => rowOf(rows, view, kind)));
  };
}

function rowOf(rows: WeakMap<Kind, OpenApiResource>, view: Kind, stored: Kind): OpenApiResource {
  const row =
    rows.get(view) ?? openApiResource(view, { stored, schema: view.schema as JsonSchema | undefined });
  rows.set(view, row);
  return row;
}
