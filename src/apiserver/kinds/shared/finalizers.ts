import type { KubernetesObject, Stored } from '../../../api/resource.ts';
import { type FieldError, invalid, noErrors } from '../../../machinery/field-error.ts';
import type { HookContext, Kind } from '../../registry/kind.ts';
import { each } from './validate.ts';

const standard = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** A finalizer that is not qualified by a domain has to be one of Kubernetes' own. */
export function kubernetesFinalizer(name: string, field: string): readonly FieldError[] {
  if (name.includes('/') || standard.has(name)) return noErrors;
  return [invalid(field, name, 'name is neither a standard finalizer name nor is it fully qualified')];
}

const finalizers = ({ metadata }: KubernetesObject) =>
  each('metadata.finalizers', metadata.finalizers, kubernetesFinalizer);

type Validate<T extends KubernetesObject> = (
  object: T,
  old: Stored<T>,
  context: HookContext,
) => readonly FieldError[];

function withRule<T extends KubernetesObject>(validate: Validate<T> | undefined): Validate<T> {
  return (object, old, context) => [...finalizers(object), ...(validate?.(object, old, context) ?? [])];
}

/** The kind, with the rule for the names of finalizers that most kinds of the server have, but custom ones have not. */
export function withStandardFinalizers<T extends KubernetesObject>(kind: Kind<T>): Kind<T> {
  // What is another form of a stored kind is looked at in that form, too.
  if (kind.storedAs) return kind;
  const { validate, validateUpdate, status, parts } = kind;
  const ruled: Kind<T> = {
    ...kind,
    validate: (object, context) => [...finalizers(object), ...(validate?.(object, context) ?? [])],
  };
  if (validateUpdate) ruled.validateUpdate = withRule(validateUpdate);
  if (status) ruled.status = { ...status, validateUpdate: withRule(status.validateUpdate) };
  if (parts) {
    ruled.parts = Object.fromEntries(
      Object.entries(parts).map(([name, part]) => [
        name,
        { ...part, validateUpdate: withRule(part.validateUpdate) },
      ]),
    );
  }
  return ruled;
}
