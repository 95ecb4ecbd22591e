import type { FlowSchema, FlowSchemaSpec, PriorityLevelConfiguration } from '../../../api/flowcontrol/v1.ts';
import { flowschemas, prioritylevelconfigurations } from '../../../api/generated/resources.ts';
import type { Cell, Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn, text } from '../shared/columns.ts';
import { keepMeta } from '../shared/meta.ts';
import { keepStatus } from '../shared/status.ts';
import { flowSchemaErrors, typedOnce } from './flow-schema-validation.ts';
import { priorityLevelErrors } from './priority-level-validation.ts';

export const flowSchemaKind: Kind<FlowSchema> = {
  resource: flowschemas,
  defaults(schema) {
    schema.spec ??= {} as FlowSchemaSpec;
    schema.spec.priorityLevelConfiguration ??= { name: '' };
    schema.spec.matchingPrecedence ||= 1000;
    schema.status ??= {};
  },
  prepareForCreate(schema) {
    schema.status = {};
  },
  prepareForUpdate: keepStatus,
  validate: (schema) => flowSchemaErrors(schema),
  status: {
    resets: ['spec', 'metadata'],
    prepareForUpdate: ({ metadata }, old) => keepMeta(metadata, old.metadata),
    validateUpdate: (schema) => typedOnce('status.conditions', schema.status?.conditions),
  },
  columns: [
    nameColumn,
    text('PriorityLevel', 'Level that the requests go to.', (s) => s.spec.priorityLevelConfiguration.name),
    {
      ...integer<FlowSchema>(
        'MatchingPrecedence',
        'Which schema is asked first; lower goes first.',
        (s) => s.spec.matchingPrecedence,
      ),
      type: 'string',
    },
    text(
      'DistinguisherMethod',
      'What tells one flow from another.',
      (s) => s.spec.distinguisherMethod?.type ?? '<none>',
    ),
    ageColumn,
    text(
      'MissingPL',
      'Whether the level is missing or broken.',
      (s) => s.status?.conditions?.find((c) => c.type === 'Dangling')?.status ?? '?',
    ),
  ],
};

const limited =
  (of: (p: PriorityLevelConfiguration) => number | undefined) =>
  (p: PriorityLevelConfiguration): Cell =>
    of(p) ?? '<none>';

export const priorityLevelConfigurationKind: Kind<PriorityLevelConfiguration> = {
  resource: prioritylevelconfigurations,
  defaults: defaultLevel,
  prepareForCreate(level) {
    level.status = {};
  },
  prepareForUpdate: keepStatus,
  validate: (level) => priorityLevelErrors(level),
  status: {
    resets: ['spec', 'metadata'],
    prepareForUpdate: ({ metadata }, old) => keepMeta(metadata, old.metadata),
    validateUpdate: (level) => typedOnce('status.conditions', level.status?.conditions),
  },
  columns: [
    nameColumn,
    text('Type', 'Whether requests are limited.', (p) => p.spec.type),
    text(
      'NominalConcurrencyShares',
      'Share of the requests that may run at once.',
      limited((p) => p.spec.limited?.nominalConcurrencyShares),
    ),
    text(
      'Queues',
      'Number of queues.',
      limited((p) => p.spec.limited?.limitResponse?.queuing?.queues),
    ),
    text(
      'HandSize',
      'Queues that one flow can use.',
      limited((p) => p.spec.limited?.limitResponse?.queuing?.handSize),
    ),
    text(
      'QueueLengthLimit',
      'Requests that one queue holds.',
      limited((p) => p.spec.limited?.limitResponse?.queuing?.queueLengthLimit),
    ),
    ageColumn,
  ],
};

function defaultLevel(level: PriorityLevelConfiguration): void {
  level.spec ??= { type: '' };
  level.status ??= {};
  const { exempt, limited } = level.spec;
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (!limited) return;
  limited.nominalConcurrencyShares ??= 30;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (!queuing) return;
  queuing.handSize ||= 8;
  queuing.queues ||= 64;
  queuing.queueLengthLimit ||= 50;
}
