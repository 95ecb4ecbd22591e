import type { DaemonSet, DaemonSetSpec } from '../../../api/apps/v1.ts';
import { daemonsets } from '../../../api/generated/resources.ts';
import { semanticEqual } from '../../../machinery/equal.ts';
import type { Kind } from '../../registry/kind.ts';
import { defaultPodTemplate } from '../pod-spec/defaults.ts';
import {
  ageColumn,
  containerColumns,
  integer,
  labelsText,
  nameColumn,
  selectorColumn,
  text,
} from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';
import { immutable } from '../shared/validate.ts';
import { daemonSetErrors, daemonSetStatusErrors } from './daemon-set-validation.ts';
import { changedTemplateWarnings } from './template-warnings.ts';

const noStatus = () => ({
  currentNumberScheduled: 0,
  numberMisscheduled: 0,
  desiredNumberScheduled: 0,
  numberReady: 0,
});

export const daemonSetKind: Kind<DaemonSet> = {
  resource: daemonsets,
  defaults: defaultDaemonSet,
  misfit: templateGenerationFault,
  prepareForCreate(set) {
    set.status = noStatus();
    setTemplateGeneration(set, Math.max(templateGeneration(set), 1));
  },
  prepareForUpdate(set, old) {
    keepStatus(set, old);
    const changed = !semanticEqual(set.spec.template, old.spec.template, templateType);
    setTemplateGeneration(set, templateGeneration(old) + (changed ? 1 : 0));
  },
  validate: (set) => daemonSetErrors(set),
  // Upstream looks twice, once as at a new one: every error is there twice.
  validateUpdate: (set, old) => [
    ...daemonSetErrors(set),
    ...daemonSetErrors(set),
    ...immutable('spec.selector', set.spec.selector, old.spec.selector),
  ],
  warnings: (set, old) => changedTemplateWarnings(set, old),
  status: {
    prepareForUpdate: (set, old) => setTemplateGeneration(set, templateGeneration(old)),
    validateUpdate: daemonSetStatusErrors,
  },
  columns: [
    nameColumn,
    integer('Desired', 'Nodes that should run a pod of the set.', (s) => s.status?.desiredNumberScheduled),
    integer('Current', 'Nodes that do, of those that should.', (s) => s.status?.currentNumberScheduled),
    integer('Ready', 'Nodes whose pod is ready.', (s) => s.status?.numberReady),
    integer(
      'Up-to-date',
      'Nodes whose pod is made from the present template.',
      (s) => s.status?.updatedNumberScheduled,
    ),
    integer('Available', 'Nodes whose pod has been ready for long enough.', (s) => s.status?.numberAvailable),
    text('Node Selector', 'Labels of the nodes that the set is for.', (s) =>
      labelsText(s.spec.template.spec?.nodeSelector),
    ),
    ageColumn,
    ...containerColumns<DaemonSet>((s) => s.spec.template.spec?.containers),
    selectorColumn((s) => s.spec.selector),
  ],
};

const templateType = 'io.k8s.api.core.v1.PodTemplateSpec';
const generationKey = 'deprecated.daemonset.template.generation';

/** How often the template has changed; kept in an annotation for clients that count on it. */
function templateGeneration({ metadata }: DaemonSet): number {
  const text = metadata.annotations?.[generationKey] ?? '';
  return isCount.test(text) ? Number(text) : 0;
}

const isCount = /^[-+]?[0-9]{1,15}$/;

/** Why a set cannot be read: the count is a number of the set, which clients see as an annotation. */
function templateGenerationFault({ metadata }: DaemonSet): string | undefined {
  const text = metadata.annotations?.[generationKey];
  if (text === undefined || isCount.test(text)) return undefined;
  const why = /^[-+]?[0-9]+$/.test(text) ? 'value out of range' : 'invalid syntax';
  return `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`;
}

function setTemplateGeneration({ metadata }: DaemonSet, count: number): void {
  metadata.annotations = { ...metadata.annotations, [generationKey]: String(count) };
}

function defaultDaemonSet(set: DaemonSet): void {
  // Nobody leaves the count out: who does not name it says 0, and owns it where another stands there.
  if (set.metadata.annotations?.[generationKey] === undefined) setTemplateGeneration(set, 0);
  set.spec ??= {} as DaemonSetSpec;
  const spec = set.spec;
  spec.template = defaultPodTemplate(spec.template);
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  set.status ??= noStatus();
}
