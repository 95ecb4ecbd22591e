import type {
  FlowSchema,
  FlowSchemaCondition,
  PriorityLevelConfiguration,
} from '../../api/flowcontrol/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { semanticEqual } from '../../machinery/equal.ts';
import { autoUpdateAnnotation } from '../kinds/flowcontrol/bootstrap.ts';

type Configured = FlowSchema | PriorityLevelConfiguration;

const specTypes: Record<string, string> = {
  FlowSchema: 'io.k8s.api.flowcontrol.v1.FlowSchemaSpec',
  PriorityLevelConfiguration: 'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec',
};

/** What an object of the configuration that every server has should become; undefined where it is as it should be. */
export function planConfigured<T extends Configured>(
  want: T,
  found: Stored<T> | undefined,
  isMandatory: boolean,
): T | undefined {
  if (!found) return want;
  const mark = found.metadata.annotations?.[autoUpdateAnnotation];
  // What nobody has marked or changed since it was made is kept up, too.
  const isKept = isMandatory || mark === 'true' || (mark === undefined && found.metadata.generation === 1);
  if (!isKept) return undefined;
  const spec = isMandatory ? withOwnShare(want, found) : want.spec;
  const marked = isMandatory ? 'true' : (mark ?? 'true');
  const isRight = semanticEqual(spec, found.spec, specTypes[want.kind as string] as string);
  if (isRight && mark === marked) return undefined;
  const annotations = { ...found.metadata.annotations, [autoUpdateAnnotation]: marked };
  return { ...found, metadata: { ...found.metadata, annotations }, spec };
}

/** How much the exempt level lends is for the administrator to say. */
function withOwnShare(want: Configured, found: Configured): Configured['spec'] {
  const { exempt } = found.spec as PriorityLevelConfiguration['spec'];
  return 'exempt' in want.spec && exempt ? { ...want.spec, exempt } : want.spec;
}

/** The status that a schema ought to have; undefined where it has that. */
export function planDangling(
  { spec, status = {} }: FlowSchema,
  hasLevel: boolean,
  now: string,
): FlowSchema['status'] | undefined {
  const { name } = spec.priorityLevelConfiguration;
  const refers = `This FlowSchema references the PriorityLevelConfiguration object named "${name}"`;
  const wanted: FlowSchemaCondition = {
    type: 'Dangling',
    status: hasLevel ? 'False' : 'True',
    lastTransitionTime: now,
    reason: hasLevel ? 'Found' : 'NotFound',
    message: `${refers} ${hasLevel ? 'and it exists' : 'but there is no such object'}`,
  };
  const { conditions = [] } = status;
  const has = conditions.find(({ type }) => type === wanted.type);
  const isRight =
    has && (['status', 'reason', 'message'] as const).every((part) => has[part] === wanted[part]);
  if (isRight) return undefined;
  return { ...status, conditions: [...conditions.filter((condition) => condition !== has), wanted] };
}
