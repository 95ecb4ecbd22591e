import { ingressclasses } from '../../../api/generated/resources.ts';
import type { IngressClass } from '../../../api/networking/v1.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';

export const ingressClassKind: Kind<IngressClass> = {
  resource: ingressclasses,
  countsGeneration: true,
  defaults(object) {
    object.spec ??= {};
    if (object.spec.parameters) object.spec.parameters.scope ??= 'Cluster';
  },
  columns: [
    nameColumn,
    text('Controller', 'Who serves ingresses of the class.', (c) => c.spec.controller ?? ''),
    text('Parameters', 'Object that says more about the class.', parameters),
    ageColumn,
  ],
};

function parameters({ spec: { parameters } }: IngressClass): string {
  if (!parameters) return '<none>';
  const { kind, apiGroup, name } = parameters;
  return `${apiGroup === undefined ? kind : `${kind}.${apiGroup}`}/${name}`;
}
