import { compile } from '../../../machinery/cel/cel.ts';
import { CelCompileError } from '../../../machinery/cel/errors.ts';
import type { Extent } from '../../../machinery/cel/extent.ts';
import { maxCostOf } from '../../../machinery/cel/max-cost.ts';
import { inTurns, restIfDue } from '../../../machinery/cel/rest.ts';
import {
  boolType,
  type CelType,
  dynType,
  mapType,
  objectType,
  opaqueType,
  formatType,
  stringType,
} from '../../../machinery/cel/types.ts';
import type { DeviceSelector } from '../../../api/resource/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  required,
  tooLong,
} from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import type { Findings } from '../../registry/kind.ts';
import { eachUpTo } from './collections.ts';

const maxSelectors = 32;
const maxExpressionBytes = 10 * 1024;
const maxCost = 1_000_000;

const byDomainAndName = (value: CelType) => mapType(stringType, mapType(stringType, value));

/** What selectors call `device`. */
const deviceType = objectType('kubernetes.DRADevice', {
  driver: stringType,
  allowMultipleAllocations: boolType,
  attributes: byDomainAndName(dynType),
  capacity: byDomainAndName(opaqueType('kubernetes.Quantity')),
});

const sized = (max: number): Extent => ({ max });
const text = { driver: 63, domain: 63, name: 32, attribute: 64 };
const mapOf = (value: Extent, open?: Extent): Extent => ({
  max: 32,
  keys: sized(text.domain),
  items: { max: 32, keys: sized(text.name), items: value, ...(open && { open }) },
});

/** How large what a selector sees can be: as large as a slice lets devices be. */
const deviceExtent: Extent = {
  max: 0,
  fields: new Map([
    ['driver', sized(text.driver)],
    ['allowMultipleAllocations', sized(1)],
    ['attributes', mapOf(sized(text.attribute), sized(text.attribute))],
    ['capacity', mapOf(sized(0))],
  ]),
};

/** Conditions on devices. `stored`: they are as they were, and thus still good. */
export function selectorErrors(
  field: string,
  selectors: readonly DeviceSelector[] | undefined,
  stored = false,
): readonly FieldError[] {
  const validate = ({ cel }: DeviceSelector, path: string) => {
    if (!cel) return [required(`${path}.cel`)];
    return stored ? [] : expressionErrors(`${path}.cel.expression`, cel.expression);
  };
  return eachUpTo(field, selectors, { max: maxSelectors, validate });
}

/** What is wrong with an expression, in a field of that name. */
type Verdict = (field: string) => readonly FieldError[];

/** What has been found out about expressions of what is looked at. */
let known: Map<string, Verdict> | undefined;

/**
 * Finds out what is wrong with something that has selectors. Compiling them can take long, and others have their turn meanwhile: the
 * rest is looked at again after each turn.
 */
export function findInTurns(find: () => readonly FieldError[], signal: AbortSignal): Findings {
  const own = new Map<string, Verdict>();
  return inTurns(() => {
    const outer = known;
    known = own;
    try {
      return find();
    } finally {
      known = outer;
    }
  }, signal);
}

function expressionErrors(field: string, expression: string): readonly FieldError[] {
  if (byteLength(expression) > maxExpressionBytes) return [tooLong(field, maxExpressionBytes)];
  let verdict = known?.get(expression);
  if (!verdict) {
    restIfDue();
    verdict = verdictOn(expression);
    known?.set(expression, verdict);
  }
  return verdict(field);
}

const good: Verdict = () => noErrors;

function verdictOn(expression: string): Verdict {
  try {
    const { type } = compile(expression, { variables });
    if (type.kind !== 'bool' && type.kind !== 'dyn') {
      const why = `must evaluate to bool or the unknown type, not ${formatType(type)}`;
      return (field) => [invalid(field, expression, why)];
    }
    if (selectorCost(expression) <= maxCost) return good;
    return (field) => [forbiddenField(field, 'too complex, exceeds cost limit')];
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return (field) => [invalid(field, expression, error.failed())];
  }
}

const variables = { device: deviceType };

/** What a selector costs at most for one device. The expression must be one that compiles. */
export const selectorCost = (expression: string): number =>
  maxCostOf(expression, { variables, extents: new Map([['device', deviceExtent]]) });
