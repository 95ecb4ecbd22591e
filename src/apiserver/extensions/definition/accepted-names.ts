import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
} from '../../../api/apiextensions/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { goQuote } from '../../../machinery/go-text.ts';

/** Names that a definition has got; none yet, or some of those it asks for. */
export type AcceptedNames = Partial<CustomResourceDefinitionNames>;

/** Which of the names that a definition asks for it gets, and what its conditions say of that. */
export interface NamingPlan {
  accepted: AcceptedNames;
  namesAccepted: CustomResourceDefinitionCondition;
}

/** Names that the other definitions of a group have. */
interface Taken {
  resources: ReadonlySet<string>;
  kinds: ReadonlySet<string>;
}

/** Decides on the names of a definition beside the others of its group. */
export function planNames(definition: CustomResourceDefinition, others: Iterable<AcceptedNames>): NamingPlan {
  const taken = takenBy(others);
  const asked = definition.spec.names;
  const had: AcceptedNames = definition.status?.acceptedNames ?? {};
  const accepted: AcceptedNames = { ...had };
  let problem: { reason: string; message: string } | undefined;
  const take = (name: 'plural' | 'singular' | 'kind' | 'listKind', used: ReadonlySet<string>) => {
    const wanted = asked[name] ?? '';
    if (wanted === had[name] || !used.has(wanted)) accepted[name] = wanted;
    else
      problem = { reason: `${name.charAt(0).toUpperCase()}${name.slice(1)}Conflict`, message: inUse(wanted) };
  };
  take('plural', taken.resources);
  take('singular', taken.resources);
  const clashing = clashingShortNames(asked, had, taken);
  if (clashing.length > 0) problem = { reason: 'ShortNamesConflict', message: aggregate(clashing) };
  else copyList(accepted, asked, 'shortNames');
  take('kind', taken.kinds);
  take('listKind', taken.kinds);
  copyList(accepted, asked, 'categories');
  const fine = { reason: 'NoConflicts', message: 'no conflicts found' };
  const status = problem ? 'False' : 'True';
  return { accepted, namesAccepted: { type: 'NamesAccepted', status, ...(problem ?? fine) } };
}

function takenBy(others: Iterable<AcceptedNames>): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { plural, singular, shortNames = [], kind, listKind } of others) {
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name);
    for (const name of [kind, listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}

function clashingShortNames(asked: AcceptedNames, had: AcceptedNames, { resources }: Taken): string[] {
  if (deepEqual(asked.shortNames ?? [], had.shortNames ?? [])) return [];
  return (asked.shortNames ?? []).filter((name) => !had.shortNames?.includes(name) && resources.has(name));
}

const inUse = (name: string) => `${goQuote(name)} is already in use`;

const aggregate = (names: readonly string[]) =>
  names.length === 1 ? inUse(names[0] as string) : `[${names.map(inUse).join(', ')}]`;

function copyList(into: AcceptedNames, from: AcceptedNames, name: 'shortNames' | 'categories'): void {
  if (from[name]) into[name] = from[name];
  else delete into[name];
}
