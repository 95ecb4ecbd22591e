import type { Taint } from '../../../../api/core/v1.ts';
import { type FieldError, invalid, noErrors, required } from '../../../../machinery/field-error.ts';
import { goJsonList, goJsonObject } from '../../../../machinery/go-json.ts';
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

interface AvoidPods {
  preferAvoidPods?: { podSignature?: { podController?: { controller?: boolean } } }[];
}

/** Pods of which controllers would rather be elsewhere. */
function avoidAnnotation(field: string, text: string): readonly FieldError[] {
  const read = goJsonObject(text, 'v1.AvoidPods');
  if (read.error !== undefined) return [invalid(`${field}.AvoidPods`, avoidKey, read.error)];
  const { preferAvoidPods: entries = [] } = read.value as AvoidPods;
  return entries.flatMap(({ podSignature }, i) => {
    const path = `${field}.${avoidKey}[${i}].PodSignature`;
    const owner = podSignature?.podController;
    if (!owner) return [required(path)];
    if (owner.controller) return noErrors;
    return [invalid(`${path}.PodController.Controller`, false, 'must point to a controller')];
  });
}
