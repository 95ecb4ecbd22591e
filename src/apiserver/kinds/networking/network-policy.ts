import { networkpolicies } from '../../../api/generated/resources.ts';
import type { NetworkPolicy } from '../../../api/networking/v1.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, selectorText, text } from '../shared/columns.ts';
import { networkPolicyErrors, rangeAdvice } from './network-policy-validation.ts';

export const networkPolicyKind: Kind<NetworkPolicy> = {
  resource: networkpolicies,
  countsGeneration: true,
  defaults(policy) {
    const { ingress = [], egress = [] } = policy.spec;
    for (const rule of [...ingress, ...egress]) {
      for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
    }
    if (!policy.spec.policyTypes?.length)
      policy.spec.policyTypes = egress.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate: (policy) => networkPolicyErrors(policy),
  warnings: ({ spec }) => rangeAdvice(spec),
  columns: [
    nameColumn,
    text('Pod-Selector', 'Pods that the policy is for.', (p) => selectorText(p.spec.podSelector)),
    ageColumn,
  ],
};
