import type { FlowSchema, PriorityLevelConfiguration } from '../../../api/flowcontrol/v1.ts';
import { semanticEqual } from '../../../machinery/equal.ts';
import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import { mandatoryLevels, mandatorySchemas } from './bootstrap.ts';

const types = 'io.k8s.api.flowcontrol.v1';

/** A schema that must be there must be as it is. */
export function mandatorySchemaErrors({ metadata: { name }, spec }: FlowSchema): readonly FieldError[] {
  const wanted = mandatorySchemas.find((schema) => schema.metadata.name === name);
  if (!wanted || semanticEqual(spec, wanted.spec, `${types}.FlowSchemaSpec`)) return [];
  return [invalid('spec', spec, `spec of '${name}' must equal the fixed value`)];
}

/** As {@link mandatorySchemaErrors}, for levels; of the exempt one, how much it lends may be changed. */
export function mandatoryLevelErrors({
  metadata: { name },
  spec,
}: PriorityLevelConfiguration): readonly FieldError[] {
  const wanted = mandatoryLevels.find((level) => level.metadata.name === name);
  if (!wanted) return [];
  const isFree = name === 'exempt';
  const fixed = ({ exempt, ...rest }: PriorityLevelConfiguration['spec']) =>
    isFree || exempt === undefined ? rest : { ...rest, exempt };
  const isAsWanted = semanticEqual(
    fixed(spec),
    fixed(wanted.spec),
    `${types}.PriorityLevelConfigurationSpec`,
  );
  if (isAsWanted) return [];
  const but = isFree ? " except the 'spec.exempt' field" : '';
  return [invalid('spec', spec, `spec of '${name}'${but} must equal the fixed value`)];
}
