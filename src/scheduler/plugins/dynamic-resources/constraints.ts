import type { DeviceConstraint } from '../../../api/resource/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import type { Offer } from './pools.ts';

function attributeOf({ device, pool: { driver } }: Offer, name: string) {
  const short = name.startsWith(`${driver}/`) ? name.slice(driver.length + 1) : undefined;
  return device.attributes?.[name] ?? (short === undefined ? undefined : device.attributes?.[short]);
}

/** Whether something that may be about some requests alone is about this one, or about the one that it is a wish of. */
export function concerns(
  { requests = [] }: { requests?: readonly string[] },
  { name, request }: { name: string; request: string },
): boolean {
  return requests.length === 0 || requests.includes(name) || requests.includes(request);
}

/** Whether the devices given so far agree, or differ, in what a constraint names. */
export function holds(
  constraint: DeviceConstraint,
  given: readonly { want: { name: string; request: string }; offer: Offer }[],
): boolean {
  const { matchAttribute, distinctAttribute } = constraint;
  const name = matchAttribute ?? distinctAttribute;
  if (!name) return true;
  const values = given
    .filter(({ want }) => concerns(constraint, want))
    .map(({ offer }) => attributeOf(offer, name));
  if (values.some((value) => value === undefined)) return false;
  if (matchAttribute) return values.every((value) => deepEqual(value, values[0]));
  return values.every((value, i) => values.findIndex((other) => deepEqual(other, value)) === i);
}
