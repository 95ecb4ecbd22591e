import { type FieldSelector, matchesFields, requiredFieldValue } from '../../machinery/field-selector.ts';
import { matchesLabels, parseLabelSelector, type Selector } from '../../machinery/label-selector.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { CachedItem } from '../cache/cached-item.ts';
import type { Scope } from '../cache/watch-cursor.ts';
import { selectedFields } from './field-labels.ts';
import { objectKey, scopePrefix } from './keys.ts';
import { type Call, namespaceOf } from './registry.ts';

/** Fields that are the same in every form of an object. */
const always = ['metadata.name', 'metadata.namespace'];

/** Which objects a list, watch or deletecollection is about. */
export interface Selection extends Scope {
  /** Whether selectors narrow it down. */
  selective: boolean;
  /** Whether they ask for fields of the kind's own form, which objects have to be prepared for. */
  ownFields?: boolean;
}

/** Reads the selectors of a request. */
export function selection(call: Call): Selection {
  const { query, info } = call.request;
  const labelText = query.get('labelSelector') ?? '';
  const labels = labelText === '' ? [] : parseLabelSelector(labelText);
  const { view, kind } = call.registry;
  const fields = selectedFields(query.get('fieldSelector') ?? '', view, kind);
  if (info.name && fields.length > 0 && requiredFieldValue(fields, 'metadata.name') !== info.name) {
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  }
  const key = onlyKey(call, fields);
  const selective = labels.length > 0 || fields.length > 0 || info.name !== '';
  const namespace = namespaceOf(call) || requiredFieldValue(fields, 'metadata.namespace');
  const prefix = key ?? scopePrefix(call.registry.kind.resource, namespace);
  if (!selective) return { prefix, selective };
  const own = fields.filter(({ field }) => !always.includes(field));
  const formed = call.registry.kind.codec && own.length > 0 ? call.registry.present : undefined;
  const matches = matcher({ labels, fields, key, formed });
  const asksFields = !formed && fields.some(({ field }) => field !== 'metadata.name');
  const isAsked = labels.length > 0 || asksFields;
  const asked = isAsked ? { labels: labels.length > 0, fields: asksFields } : undefined;
  const scope = { prefix, selective, matches, ...(asked && { asked }) };
  if (formed) return { ...scope, ownFields: true };
  const bounds = own.filter(({ operator }) => operator === '=');
  const bound = bounds.find(({ field }) => kind.indexedFields?.includes(field)) ?? bounds[0];
  return { ...scope, ...(bound && { required: bound }) };
}

/** The key of the one object that can be meant, where name and namespace are fixed. */
function onlyKey(call: Call, fields: FieldSelector): string | undefined {
  const { resource } = call.registry.kind;
  const name = call.request.info.name || requiredFieldValue(fields, 'metadata.name');
  const namespace = namespaceOf(call) || requiredFieldValue(fields, 'metadata.namespace');
  return name && (namespace || !resource.namespaced) ? objectKey(resource, { namespace, name }) : undefined;
}

interface Criteria {
  labels: Selector;
  fields: FieldSelector;
  key: string | undefined;
  /** The form in which the fields stand, where it is not the stored one. */
  formed: ((item: CachedItem) => CachedItem) | undefined;
}

function matcher({ labels, fields, key, formed = (item) => item }: Criteria) {
  return (item: CachedItem): boolean =>
    (key === undefined || item.key === key) &&
    (labels.length === 0 || matchesLabels(labels, item.labels)) &&
    (fields.length === 0 || matchesFields(fields, (field) => formed(item).field(field)));
}
