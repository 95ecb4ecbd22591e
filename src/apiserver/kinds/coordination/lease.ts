import type { Lease, LeaseSpec } from '../../../api/coordination/v1.ts';
import { leases } from '../../../api/generated/resources.ts';
import { type FieldError, forbiddenField, invalid, notSupported } from '../../../machinery/field-error.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { nonNegative, qualifiedName } from '../shared/validate.ts';

export const leaseKind: Kind<Lease> = {
  resource: leases,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  prepareForCreate: (lease) => dropCoordination(lease.spec, {}),
  prepareForUpdate: (lease, old) => dropCoordination(lease.spec, old.spec),
  validate: (lease) => leaseErrors(lease),
  columns: [nameColumn, text('Holder', 'Who has the lease.', (l) => l.spec.holderIdentity ?? ''), ageColumn],
};

/** Drops what is said of coordinated elections, unless it was there: upstream has them behind a gate (`CoordinatedLeaderElection`) that is closed. */
function dropCoordination(spec: LeaseSpec, old: LeaseSpec): void {
  if (old.strategy === undefined) delete spec.strategy;
  if (old.preferredHolder === undefined) delete spec.preferredHolder;
}

function leaseErrors({ spec }: Lease): readonly FieldError[] {
  const { leaseDurationSeconds: duration, strategy } = spec;
  const errors: FieldError[] = [];
  if (duration !== undefined && duration <= 0) {
    errors.push(invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  }
  errors.push(...nonNegative('spec.leaseTransitions', spec.leaseTransitions));
  if (strategy !== undefined) errors.push(...strategyErrors(strategy));
  if (spec.preferredHolder && !strategy) {
    const why = 'may only be specified if `strategy` is defined';
    errors.push(forbiddenField('spec.preferredHolder', why));
  }
  return errors;
}

/** Upstream names the field twice in the path. */
function strategyErrors(strategy: string): readonly FieldError[] {
  const field = 'spec.strategy.strategy';
  if (strategy.includes('/')) return qualifiedName(field, strategy);
  const known = 'OldestEmulationVersion';
  return strategy === known ? [] : [notSupported(field, strategy, [known])];
}
