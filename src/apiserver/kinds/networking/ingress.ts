import { ingresses } from '../../../api/generated/resources.ts';
import type { Ingress, IngressRule } from '../../../api/networking/v1.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';
import { classAdvice, classContradiction, ingressErrors, ingressStatusErrors } from './ingress-validation.ts';

export const ingressKind: Kind<Ingress> = {
  resource: ingresses,
  prepareForCreate(ingress) {
    ingress.status = { loadBalancer: {} };
  },
  prepareForUpdate: keepStatus,
  validate: (ingress) => [...ingressErrors(ingress), ...classContradiction(ingress)],
  validateUpdate: (ingress) => ingressErrors(ingress),
  warnings: (ingress, old) => (old ? [] : classAdvice(ingress)),
  status: { validateUpdate: (ingress) => ingressStatusErrors(ingress) },
  columns: [
    nameColumn,
    text('Class', 'Who serves the ingress.', (i) => i.spec.ingressClassName ?? '<none>'),
    text('Hosts', 'Names that the rules are for.', (i) => hosts(i.spec.rules)),
    text('Address', 'Where the ingress can be reached.', address),
    text('Ports', 'Ports that the ingress listens on.', (i) => (i.spec.tls?.length ? '80, 443' : '80')),
    ageColumn,
  ],
};

/** The first three names; a rule that comes after them counts as more, named or not. */
function hosts(rules: readonly IngressRule[] = []): string {
  const named = rules.flatMap((rule, i) => (rule.host ? [{ host: rule.host, i }] : []));
  if (named.length === 0) return '*';
  const text = named
    .slice(0, 3)
    .map((n) => n.host)
    .join(',');
  const third = named[2];
  return third && rules.length > third.i + 1 ? `${text} + ${rules.length - 3} more...` : text;
}

function address({ status }: Ingress): string {
  const points = (status?.loadBalancer?.ingress ?? []).map((p) => p.ip || p.hostname || '');
  return [...new Set(points.filter(Boolean))].sort().join(',');
}
