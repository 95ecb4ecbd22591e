import type { PartialObjectMetadata } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { badRequest, notAcceptable } from '../../machinery/status-error.ts';
import type { CachedObject, ListAnswer, RequestInfo } from '../request.ts';
import type { FrameConversion } from './watch-encoder.ts';
import type { Conversion } from './negotiate.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  includeObject: IncludeObject;
  /** Version of the table and of what its rows carry, with the group. */
  apiVersion: string;
  /** Leave the column definitions out: for all but the first event of a watch. */
  noHeaders: boolean;
}

/** Makes the tables that `kubectl get` prints. */
export interface TableMaker {
  table(info: RequestInfo, objects: readonly KubernetesObject[], options: TableOptions): object;
}

/** The options of a table that a request asks for. Throws BadRequest for unknown ones. */
export function tableOptions(query: URLSearchParams, apiVersion: string): TableOptions {
  const includeObject = query.get('includeObject') || 'Metadata';
  if (includeObject !== 'None' && includeObject !== 'Metadata' && includeObject !== 'Object') {
    const why = `includeObject: Invalid value: "${includeObject}": must be 'Metadata', 'Object', 'None', or empty`;
    throw badRequest(`Unable to convert to Table as requested: ${why}`);
  }
  return { includeObject, apiVersion, noHeaders: false };
}

const partial = (object: KubernetesObject, apiVersion: string): PartialObjectMetadata => ({
  kind: 'PartialObjectMetadata',
  apiVersion,
  metadata: object.metadata,
});

const goType = (info: RequestInfo, kind = '') => `*${info.version}.${kind}`;

/** What turns answers into what the client asked for. */
export class Converter {
  readonly #options: { info: RequestInfo; query: URLSearchParams; to: Conversion; tables: TableMaker };
  readonly #apiVersion: string;
  readonly #table: TableOptions;

  constructor(options: { info: RequestInfo; query: URLSearchParams; to: Conversion; tables: TableMaker }) {
    this.#options = options;
    this.#apiVersion = `meta.k8s.io/${options.to.version}`;
    this.#table = tableOptions(options.query, this.#apiVersion);
  }

  /** Throws where no object can be converted to what is wanted. */
  checkObject(kind = ''): void {
    const { info, to } = this.#options;
    if (to.kind !== 'PartialObjectMetadataList') return;
    const why = 'but the requested object is not a list';
    throw notAcceptable(`you requested PartialObjectMetadataList, ${why} (${goType(info, kind)})`);
  }

  object(object: KubernetesObject, noHeaders = false): object {
    const { info, to, tables } = this.#options;
    if (to.kind === 'PartialObjectMetadata') return partial(object, this.#apiVersion);
    this.checkObject(object.kind);
    return tables.table(info, [object], { ...this.#table, noHeaders });
  }

  list({ items, metadata, kind }: ListAnswer): object {
    const { info, to, tables } = this.#options;
    const objects = items.map((item: CachedObject) => item.object);
    if (to.kind === 'Table') {
      return { ...tables.table(info, objects, this.#table), metadata };
    }
    if (to.kind === 'PartialObjectMetadata')
      throw notAcceptable(
        `you requested PartialObjectMetadata, but the requested object is a list (${goType(info, kind)})`,
      );
    const partials = objects.map((object) => partial(object, this.#apiVersion));
    return { kind: to.kind, apiVersion: this.#apiVersion, metadata, items: partials };
  }

  /** For the events of a watch, one after the other: the first table has the column definitions. */
  frames(): () => FrameConversion {
    const key = JSON.stringify([this.#options.to, this.#table]);
    const later = { key, convert: (object: object) => this.object(object as KubernetesObject, true) };
    const first = {
      key: `${key} first`,
      convert: (object: object) => this.object(object as KubernetesObject),
    };
    let begun = false;
    return () => {
      if (begun) return later;
      begun = true;
      return first;
    };
  }
}
