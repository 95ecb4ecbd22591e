import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from '../../../api/flowcontrol/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { typedOnce } from './flow-schema-validation.ts';
import { mandatoryLevelErrors } from './mandatory.ts';

const maxQueues = 10_000_000;
/** A hand of queues is dealt out of so many bits. */
const hashBits = 60;

/** What holds for a priority level at any time. */
export function priorityLevelErrors(level: PriorityLevelConfiguration): readonly FieldError[] {
  const { metadata, spec, status } = level;
  const { type, limited, exempt } = spec;
  const errors: FieldError[] = [];
  if ((metadata.name === 'exempt') !== (type === 'Exempt')) {
    errors.push(invalid('spec.type', type, "type must be 'Exempt' if and only if name is 'exempt'"));
  }
  if (type === 'Exempt') {
    if (limited) errors.push(forbiddenField('spec.limited', 'must be nil if the type is not Limited'));
    if (exempt) errors.push(...shares('spec.exempt', exempt));
  } else if (type === 'Limited') {
    if (exempt) errors.push(forbiddenField('spec.exempt', 'must be nil if the type is Limited'));
    if (limited) errors.push(...limitedErrors('spec.limited', limited));
    else errors.push(required('spec.limited', 'must not be empty when type is Limited'));
  } else errors.push(notSupported('spec.type', type, ['Exempt', 'Limited']));
  return [...errors, ...mandatoryLevelErrors(level), ...typedOnce('status.conditions', status?.conditions)];
}

function shares(field: string, level: ExemptPriorityLevelConfiguration): readonly FieldError[] {
  const { nominalConcurrencyShares: nominal = 0, lendablePercent: lendable = 0 } = level;
  const errors: FieldError[] = [];
  if (nominal < 0) {
    errors.push(invalid(`${field}.nominalConcurrencyShares`, nominal, 'must be a non-negative integer'));
  }
  if (lendable < 0 || lendable > 100) {
    errors.push(invalid(`${field}.lendablePercent`, lendable, 'must be between 0 and 100, inclusive'));
  }
  return errors;
}

function limitedErrors(field: string, level: LimitedPriorityLevelConfiguration): readonly FieldError[] {
  const { borrowingLimitPercent: borrowing, limitResponse } = level;
  const errors = [
    ...shares(field, level),
    ...responseErrors(`${field}.limitResponse`, limitResponse ?? { type: '' }),
  ];
  if (borrowing === undefined || borrowing >= 0) return errors;
  const why = 'if specified, must be a non-negative integer';
  return [...errors, invalid(`${field}.borrowingLimitPercent`, borrowing, why)];
}

function responseErrors(field: string, { type, queuing }: LimitResponse): readonly FieldError[] {
  const path = `${field}.queuing`;
  if (type === 'Reject') {
    const why = 'must be nil if limited.limitResponse.type is not Limited';
    return queuing ? [forbiddenField(path, why)] : [];
  }
  if (type !== 'Queue') return [notSupported(`${field}.type`, type, ['Queue', 'Reject'])];
  if (queuing) return queuingErrors(path, queuing);
  return [required(path, 'must not be empty if limited.limitResponse.type is Limited')];
}

function queuingErrors(field: string, queuing: QueuingConfiguration): readonly FieldError[] {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  const errors: FieldError[] = [];
  const wrong = (name: string, value: number, why: string) =>
    errors.push(invalid(`${field}.${name}`, value, why));
  if (queueLengthLimit <= 0) wrong('queueLengthLimit', queueLengthLimit, 'must be positive');
  if (queues <= 0) wrong('queues', queues, 'must be positive');
  else if (queues > maxQueues) wrong('queues', queues, `must not be greater than ${maxQueues}`);
  if (handSize <= 0) wrong('handSize', handSize, 'must be positive');
  else if (handSize > queues) {
    wrong('handSize', handSize, `should not be greater than queues (${queues})`);
  } else if (entropyBits(queues, handSize) > hashBits) {
    const why = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBits}`;
    wrong('handSize', handSize, why);
  }
  return errors;
}

/** How many bits it takes to tell all hands from each other. */
function entropyBits(queues: number, handSize: number): number {
  let bits = 0;
  for (let dealt = 0; dealt < handSize && bits <= hashBits; dealt++) bits += Math.log2(queues - dealt);
  return Math.ceil(bits);
}
