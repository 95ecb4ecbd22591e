import { poddisruptionbudgets } from '../../../api/generated/resources.ts';
import type { PodDisruptionBudget } from '../../../api/policy/v1.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn, text } from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';
import { budgetErrors, budgetStatusErrors } from './budget-validation.ts';

const noStatus = () => ({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 });

export const podDisruptionBudgetKind: Kind<PodDisruptionBudget> = {
  resource: poddisruptionbudgets,
  allowUnconditionalUpdate: false,
  defaults(budget) {
    budget.status = { ...noStatus(), ...budget.status };
  },
  prepareForCreate(budget) {
    budget.status = noStatus();
  },
  prepareForUpdate: keepStatus,
  validate: (budget) => budgetErrors(budget),
  status: { validateUpdate: (budget) => budgetStatusErrors(budget) },
  columns: [
    nameColumn,
    text('Min Available', 'How many pods have to stay available.', (b) =>
      String(b.spec.minAvailable ?? 'N/A'),
    ),
    text('Max Unavailable', 'How many pods may be unavailable.', (b) =>
      String(b.spec.maxUnavailable ?? 'N/A'),
    ),
    integer('Allowed Disruptions', 'How many pods may be evicted now.', (b) => b.status?.disruptionsAllowed),
    ageColumn,
  ],
};
