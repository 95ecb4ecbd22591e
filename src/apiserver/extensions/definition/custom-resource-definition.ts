import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
} from '../../../api/apiextensions/v1.ts';
import { customresourcedefinitions } from '../../../api/generated/resources.ts';
import { inTurns } from '../../../machinery/cel/rest.ts';
import { formatTime } from '../../../platform/clock.ts';
import { keepStatus } from '../../kinds/shared/status.ts';
import { plainColumns } from '../../kinds/shared/columns.ts';
import type { Kind } from '../../registry/kind.ts';
import { knownFormat } from '../schema/formats.ts';
import { eachSchema } from '../schema/structure.ts';
import { setCondition } from './conditions.ts';
import { definitionInV1 } from './definition-in-v1.ts';
import { checkingDefinition, nameErrors } from './definition-errors.ts';

/** Keeps a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

export const customResourceDefinitionKind: Kind<CustomResourceDefinition> = {
  resource: customresourcedefinitions,
  allowUnconditionalUpdate: false,
  returnsDeleted: true,
  upgrade: definitionInV1,
  defaults(definition) {
    if (definition.spec) fillIn(definition.spec);
    if (!definition.status?.storedVersions?.length) noteStoredVersion(definition);
  },
  prepareForCreate(definition) {
    definition.status = {};
    noteStoredVersion(definition);
  },
  prepareForUpdate(definition, old) {
    keepStatus(definition, old);
    noteStoredVersion(definition);
  },
  validateInTurns: ({ object, old, signal }) => inTurns(checkingDefinition(object, old), signal),
  warnings: (definition, old) => {
    const before = old ? new Set(adviceOn(old.spec)) : new Set();
    return adviceOn(definition.spec).filter((advice) => !before.has(advice));
  },
  // As upstream, a write of the status may change the metadata too, so that nothing of it is reset.
  status: {
    validateUpdate: ({ status }) => nameErrors('status.acceptedNames', status?.acceptedNames),
  },
  heldBack: ({ metadata }) => metadata.deletionTimestamp === undefined,
  markDeleted(definition) {
    const { metadata } = definition;
    const finalizers = metadata.finalizers ?? [];
    if (!finalizers.includes(cleanupFinalizer)) metadata.finalizers = [...finalizers, cleanupFinalizer];
    setCondition(
      definition,
      {
        type: 'Terminating',
        status: 'True',
        reason: 'InstanceDeletionPending',
        message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
      },
      metadata.deletionTimestamp ?? formatTime(0),
    );
  },
  columns: plainColumns,
};

function fillIn(spec: CustomResourceDefinitionSpec): void {
  const { names } = spec;
  if (names) {
    names.singular ||= (names.kind ?? '').toLowerCase();
    if (names.kind) names.listKind ||= `${names.kind}List`;
  }
  spec.conversion ??= { strategy: 'None' };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service) service.port ??= 443;
}

/** Notes that objects may be stored in the version that is the storage version now. */
function noteStoredVersion(definition: CustomResourceDefinition): void {
  const storage = definition.spec?.versions?.find((version) => version.storage)?.name;
  const stored = definition.status?.storedVersions ?? [];
  if (storage === undefined || stored.includes(storage)) return;
  definition.status = { ...definition.status, storedVersions: [...stored, storage] };
}

/** What is allowed in schemas but does not do what it seems to. */
function adviceOn(spec: CustomResourceDefinitionSpec | undefined): string[] {
  const advice = new Set<string>();
  for (const { schema } of spec?.versions ?? []) {
    if (!schema?.openAPIV3Schema) continue;
    eachSchema(schema.openAPIV3Schema, (part) => {
      if (part.format && !knownFormat(part)) advice.add(`unrecognized format ${JSON.stringify(part.format)}`);
    });
  }
  return [...advice];
}
