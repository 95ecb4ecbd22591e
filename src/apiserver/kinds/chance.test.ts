import { describe, expect, test } from 'vitest';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { seededRandom } from '../../platform/random.ts';
import type { Kind } from '../registry/kind.ts';
import { allKinds } from './kinds.ts';
import { created, testContext } from './shared/testing.ts';
import { ChanceObjects } from './shared/testing-chance.ts';

const rounds = Number(process.env.CHANCE_ROUNDS ?? 20);

/** A kind may refuse an object while it prepares it, as long as what it says is for the client. */
function attempt(step: () => unknown): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}

function fillsInOnce(kind: Kind, object: KubernetesObject): void {
  const copy = clone(object);
  kind.defaults?.(copy);
  const again = clone(copy);
  kind.defaults?.(again);
  expect(again).toEqual(copy);
}

function createAndChange(kind: Kind, first: KubernetesObject, second: KubernetesObject): void {
  const context = testContext();
  let old: Stored<KubernetesObject> | undefined;
  fillsInOnce(kind, first);
  attempt(() => {
    old = created(kind, first, context);
    kind.validate?.(old, context);
    kind.warnings?.(old, undefined);
  });
  if (!old) return;
  const stored = old;
  const sent = (): Stored<KubernetesObject> => {
    const copy = clone(second) as Stored<KubernetesObject>;
    copy.metadata.resourceVersion = '1';
    kind.defaults?.(copy);
    return copy;
  };
  const hooks = [kind, ...(kind.status ? [kind.status] : []), ...Object.values(kind.parts ?? {})];
  for (const hook of hooks) {
    attempt(() => {
      const copy = sent();
      hook.prepareForUpdate?.(copy, stored, context);
      hook.validateUpdate?.(copy, stored, context);
    });
  }
  attempt(() => kind.warnings?.(sent(), stored));
}

describe.each(
  allKinds.map(
    (kind) => [`${kind.resource.group}/${kind.resource.version}/${kind.resource.plural}`, kind] as const,
  ),
)('%s', (name, kind) => {
  test('copes with what comes by chance, and with changes from one to another', () => {
    const chance = new ChanceObjects(seededRandom(name.length));
    for (let round = 0; round < rounds; round++) {
      const [first, second] = [chance.object(kind.resource), chance.object(kind.resource)];
      const seen = JSON.stringify([first, second]);
      expect(() => createAndChange(kind, clone(first), clone(second)), seen.slice(0, 2000)).not.toThrow();
    }
  });
});
