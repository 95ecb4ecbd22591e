import type { Taint } from '../../../../api/core/v1.ts';
import { type FieldError, invalid, noErrors, required } from '../../../../machinery/field-error.ts';
import { type GoJson, goJsonList, goJsonObject } from '../../../../machinery/go-json.ts';
import { jsonTypeName } from '../../../../machinery/go-text.ts';
import { taints } from './taints.ts';

const taintsKey = 'scheduler.alpha.kubernetes.io/taints';
const avoidKey = 'scheduler.alpha.kubernetes.io/preferAvoidPods';

/** Annotations that were fields before there were fields: nothing reads them, but what they say is looked at. */
export function nodeAnnotations(
  field: string,
  annotations: Record<string, string> | undefined,
): readonly FieldError[] {
  const taintsText = annotations?.[taintsKey];
  const avoidText = annotations?.[avoidKey];
  if (!taintsText && !avoidText) return noErrors;
  return [
    ...(taintsText ? taintsAnnotation(field, taintsText) : noErrors),
    ...(avoidText ? avoidAnnotation(field, avoidText) : noErrors),
  ];
}

function taintsAnnotation(field: string, text: string): readonly FieldError[] {
  const read = goJsonList<Taint>(text, 'core.Taint', {
    Key: 'string',
    Value: 'string',
    Effect: 'string',
    TimeAdded: 'other',
  });
  if (read.error !== undefined) return [invalid(field, taintsKey, read.error)];
  return taints(`${field}.${taintsKey}`, read.value);
}

interface AvoidEntry {
  podSignature?: { podController?: { controller?: boolean } | null } | null;
}

/** Pods of which controllers would rather be elsewhere. */
function avoidAnnotation(field: string, text: string): readonly FieldError[] {
  const read = readAvoidPods(text);
  if (read.error !== undefined) return [invalid(`${field}.AvoidPods`, avoidKey, read.error)];
  return read.value.flatMap((entry, i) => {
    const path = `${field}.${avoidKey}[${i}].PodSignature`;
    const owner = entry?.podSignature?.podController;
    if (!owner) return [required(path)];
    if (owner.controller) return noErrors;
    return [invalid(`${path}.PodController.Controller`, false, 'must point to a controller')];
  });
}

/** What stands in what, with the Go structs that have it as a field and its type. */
const parts = [
  { owner: 'AvoidPods', field: 'preferAvoidPods', type: 'v1.PreferAvoidPodsEntry' },
  { owner: 'PreferAvoidPodsEntry', field: 'podSignature', type: 'v1.PodSignature' },
  { owner: 'PodSignature', field: 'podController', type: 'v1.OwnerReference' },
  { owner: 'OwnerReference', field: 'controller', type: 'bool' },
];

function readAvoidPods(text: string): GoJson<(AvoidEntry | null)[]> {
  const read = goJsonObject(text, 'v1.AvoidPods');
  if (read.error !== undefined) return read;
  const entries = read.value.preferAvoidPods ?? [];
  if (!Array.isArray(entries)) return { error: misfit(entries, 0, '[]v1.PreferAvoidPodsEntry') };
  for (const entry of entries) {
    const error = entryFault(entry);
    if (error !== undefined) return { error };
  }
  return { value: entries };
}

function entryFault(entry: unknown): string | undefined {
  let value = entry;
  for (const [i, { type }] of parts.entries()) {
    if (value === null || value === undefined) return undefined;
    if (jsonTypeName(value) !== (type === 'bool' ? type : 'object')) return misfit(value, i, type);
    const next = parts[i + 1];
    if (next) value = (value as Record<string, unknown>)[next.field];
  }
  return undefined;
}

function misfit(value: unknown, depth: number, type: string): string {
  const path = parts.slice(0, depth + 1).map(({ field }) => field);
  const what = `${parts[depth]?.owner}.${path.join('.')} of type ${type}`;
  return `json: cannot unmarshal ${jsonTypeName(value)} into Go struct field ${what}`;
}
