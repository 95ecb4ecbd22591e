import type { KubernetesObject, Resource, Stored } from '../../../api/resource.ts';
import { clone } from '../../../machinery/clone.ts';
import type { FieldError } from '../../../machinery/field-error.ts';
import { seededRandom } from '../../../platform/random.ts';
import { VirtualClock } from '../../../platform/virtual-clock.ts';
import type { HookContext, Kind, ValidatedWrite } from '../../registry/kind.ts';

/** A context for hooks over objects given by the test. */
export function testContext(
  objects: KubernetesObject[] = [],
  more: Partial<HookContext> = {},
): HookContext & { warnings: string[] } {
  const warnings: string[] = [];
  const matching = (resource: Resource) => objects.filter((o) => o.kind === resource.kind);
  const get = <T extends KubernetesObject>(
    resource: Resource<T>,
    ref: { namespace?: string; name: string },
  ) => matching(resource).find((o) => o.metadata.name === ref.name) as Stored<T> | undefined;
  return {
    platform: { clock: new VirtualClock(), random: seededRandom(1) },
    user: { name: 'test', groups: [] },
    namespace: 'default',
    name: 'x',
    dryRun: false,
    get,
    getLean: get,
    list: <T extends KubernetesObject>(resource: Resource<T>) => matching(resource) as Stored<T>[],
    warn: (message) => warnings.push(message),
    ...more,
    warnings,
  };
}

/** An object as it would be stored: filled in and prepared. */
export function created<T extends KubernetesObject>(
  kind: Kind<T>,
  object: T,
  context: HookContext = testContext(),
): Stored<T> {
  const copy = clone(object);
  kind.defaults?.(copy);
  copy.metadata.uid ??= 'uid';
  copy.metadata.creationTimestamp ??= '2026-01-01T00:00:00Z';
  kind.prepareForCreate?.(copy, context);
  copy.metadata.resourceVersion = '1';
  return copy as Stored<T>;
}

/** Errors as text, `field: body`. */
export function texts(errors: readonly FieldError[]): string[] {
  return errors.map((e) => `${e.field}: ${e.body}`);
}

/** What validation says of a new object. */
export function createErrors<T extends KubernetesObject>(
  kind: Kind<T>,
  object: T,
  context: HookContext = testContext(),
): string[] {
  const made = created(kind, object, context);
  return allTexts(kind, { object: made, found: kind.validate?.(made, context) ?? [], context });
}

/** What validation says of a change of an object. */
export function updateErrors<T extends KubernetesObject>(
  kind: Kind<T>,
  object: T,
  change: (object: T) => void,
  context: HookContext = testContext(),
): string[] {
  const old = created(kind, object, context);
  const copy: T = clone(old);
  change(copy);
  kind.defaults?.(copy);
  kind.prepareForUpdate?.(copy, old, context);
  const errors = kind.validateUpdate
    ? kind.validateUpdate(copy, old, context)
    : (kind.validate?.(copy, context) ?? []);
  return allTexts(kind, { object: copy, old, found: errors, context });
}

/** With what takes turns, as long as that is not much. */
function allTexts<T extends KubernetesObject>(
  kind: Kind<T>,
  write: Omit<ValidatedWrite<T>, 'signal'>,
): string[] {
  const { signal } = new AbortController();
  const further = kind.validateInTurns?.({ ...write, signal }) ?? [];
  if (further instanceof Promise) throw new Error('it takes turns to find out what is wrong');
  return texts([...write.found, ...further]);
}

/** The cells of an object's row, by column. */
export function row<T extends KubernetesObject>(
  kind: Kind<T>,
  object: T,
  nowMs = 0,
): Record<string, unknown> {
  return Object.fromEntries(kind.columns.map((c) => [c.name, c.cell(object, nowMs)]));
}
