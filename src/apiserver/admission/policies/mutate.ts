import type { MutatingAdmissionPolicy } from '../../../api/admissionregistration/v1.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { toJson } from '../../../machinery/cel/to-json.ts';
import type { CelList, CelMap, CelValue } from '../../../machinery/cel/values.ts';
import { clone } from '../../../machinery/clone.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { FailedTestError, patched } from '../../../machinery/json-patch.ts';
import type { Answers } from '../expressions/answers.ts';
import type { VariableSource } from '../expressions/variables.ts';
import { applyConfiguration } from './apply-configuration.ts';
import type { Compiled, CompiledPolicy } from './compiled-policy.ts';
import { Evaluation } from './evaluation.ts';
import { mismatches } from './mutation-types.ts';

type Json = Record<string, unknown>;

interface MutationSource {
  compiled: CompiledPolicy;
  /** Of the mutation. */
  index: number;
  source: VariableSource<Answers>;
}

/** Gives the object after one mutation, in the form of the source; undefined where it stays as it is. Can rest (`inTurns`). */
export function mutation(
  { spec }: MutatingAdmissionPolicy,
  { compiled, index, source }: MutationSource,
): () => KubernetesObject | undefined {
  const isPatch = spec.mutations?.[index]?.patchType === 'JSONPatch';
  const evaluation = new Evaluation(source, compiled.variables);
  return () => {
    const value = evaluation.evaluate(compiled.mutations[index] as Compiled);
    checkTypes(value, isPatch);
    const said = toJson(value);
    const object = clone(source.form.show(source.attributes.object as KubernetesObject));
    return isPatch ? withPatch(object, said as Json[]) : applied(object, said as Json, source);
  };
}

/** Throws where a piece of the object is of the type of another one. */
function checkTypes(value: CelValue, isPatch: boolean): void {
  const pieces = isPatch
    ? [...(value as CelList)].map((operation) => (operation as CelMap).get('value') ?? null)
    : [value];
  const wrong = pieces.flatMap(mismatches);
  if (wrong.length > 0) throw new Error(`type mismatch: ${wrong.join('\n')}`);
}

/** A test that fails leaves the object as it is; anything else that does not fit is an error. */
function withPatch(object: KubernetesObject, operations: Json[]): KubernetesObject | undefined {
  try {
    return patched(
      object,
      operations.map((one) => ({ op: '', path: '', ...one })),
    ) as KubernetesObject;
  } catch (error) {
    if (error instanceof FailedTestError) return undefined;
    throw new Error(`JSON Patch: ${(error as Error).message}`, { cause: error });
  }
}

function applied(object: KubernetesObject, said: Json, { form }: VariableSource<Answers>): KubernetesObject {
  if (!form.shape) throw new Error(`error applying patch: no schema found for ${form.kind.kind}`);
  const { apiVersion, kind } = object;
  const whole = { ...said, apiVersion, kind };
  const merged = applyConfiguration(object as unknown as Json, whole, form.shape());
  return deepEqual(merged, object) ? object : (merged as unknown as KubernetesObject);
}
