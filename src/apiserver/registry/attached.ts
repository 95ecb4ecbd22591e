import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { nothing } from '../../machinery/joined.ts';
import type { Write } from '../../store/store.ts';
import { decodeStored, encodeStored, storedJsonOf } from '../cache/encoding.ts';
import { objectKey } from './keys.ts';
import type { Attached } from './kind.ts';
import { recordWriter } from './managed-fields.ts';
import { fillSystemFields } from './metadata.ts';
import type { Call } from './registry.ts';

/** Who makes what is attached, as its `managedFields` have it: upstream's server does so by requests to itself. */
const writer = {
  fieldManager: 'kube-apiserver',
  dryRun: false,
  fieldValidation: 'Ignore',
  force: false,
} as const;

/** An object as it is before and after a write; nothing where it is made or taken away. */
export interface AttachedChange {
  before: KubernetesObject | undefined;
  after: KubernetesObject | undefined;
}

/** The writes that make and take away what is attached to an object, to be made with its own. */
export async function attachedWrites(
  call: Call,
  { before, after }: AttachedChange,
): Promise<readonly Write[]> {
  const { kind } = call.registry;
  if (!kind.attached) return nothing;
  const old = keyed(before && kind.attached(before));
  const now = keyed(after && kind.attached(after));
  const made = [...now].filter(([key]) => !old.has(key)).map((one) => making(call, one));
  const gone = [...old].filter(([key]) => !now.has(key)).map((one) => takingAway(call, one));
  return (await Promise.all([...made, ...gone])).filter((write) => write !== undefined);
}

const keyed = (all: readonly Attached[] = []) =>
  new Map(all.map((one) => [objectKey(one.resource, { name: one.object.metadata.name as string }), one]));

/** What stands already is left as it is. */
async function making(
  call: Call,
  [key, { resource, object }]: [string, Attached],
): Promise<Write | undefined> {
  const { environment } = call;
  const registry = environment.find(resource);
  if (!registry || (await environment.store.newest(key))) return undefined;
  const made = clone(object);
  fillSystemFields(made.metadata, environment.platform);
  recordWriter({ ...call, registry }, { object: made, old: undefined, options: writer });
  return { type: 'put', key, value: encodeStored(made), expected: 0 };
}

/** What says something else by now is another's, and what has finalizers goes its own way. */
async function takingAway(
  { environment }: Call,
  [key, { resource, object }]: [string, Attached],
): Promise<Write | undefined> {
  const registry = environment.find(resource);
  const entry = registry && (await environment.store.newest(key));
  if (!entry) return undefined;
  const there = decodeStored(storedJsonOf(entry.value, registry.kind.upgrade), entry.revision);
  if (there.metadata.finalizers?.length || !isSame(there, object)) return undefined;
  return { type: 'delete', key, expected: entry.revision };
}

function isSame(there: KubernetesObject, object: KubernetesObject): boolean {
  return deepEqual({ ...there, metadata: object.metadata }, object);
}
