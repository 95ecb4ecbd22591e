import type { Deployment, DeploymentSpec } from '../../../api/apps/v1.ts';
import { deployments } from '../../../api/generated/resources.ts';
import { formatLabelSelector, compileLabelSelector } from '../../../machinery/label-selector.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import type { Kind } from '../../registry/kind.ts';
import { defaultPodTemplate } from '../pod-spec/defaults.ts';
import { ageColumn, containerColumns, integer, nameColumn, text, wide } from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';
import { immutable } from '../shared/validate.ts';
import { deploymentErrors, deploymentStatusErrors } from './deployment-validation.ts';
import { selectorOfScale } from './scale.ts';
import { changedTemplateWarnings, podNameWarnings } from './template-warnings.ts';

const count = (name: string, description: string, of: (d: Deployment) => number | undefined) => ({
  ...integer(name, description, of),
  type: 'string' as const,
});

export const deploymentKind: Kind<Deployment> = {
  resource: deployments,
  defaults: defaultDeployment,
  prepareForCreate(deployment) {
    deployment.status = {};
  },
  prepareForUpdate(deployment, old) {
    keepStatus(deployment, old);
    if (!deepEqual(deployment.metadata.annotations ?? {}, old.metadata.annotations ?? {})) {
      deployment.metadata.generation = (old.metadata.generation ?? 0) + 1;
    }
  },
  validate: (deployment) => deploymentErrors(deployment),
  validateUpdate: (deployment, old) => [
    ...deploymentErrors(deployment),
    ...immutable('spec.selector', deployment.spec.selector, old.spec.selector),
  ],
  warnings: (deployment, old) => [
    ...podNameWarnings(deployment, old),
    ...changedTemplateWarnings(deployment, old),
  ],
  status: {
    resets: ['spec', 'metadata.labels'],
    prepareForUpdate(deployment, old) {
      deployment.metadata.labels = old.metadata.labels;
    },
    validateUpdate: deploymentStatusErrors,
  },
  scale: {
    replicas: ({ spec, status }) => ({ spec: spec.replicas ?? 0, status: status?.replicas ?? 0 }),
    setReplicas(deployment, replicas) {
      deployment.spec.replicas = replicas;
    },
    selector: ({ spec }) => selectorOfScale(spec.selector),
  },
  columns: [
    nameColumn,
    text(
      'Ready',
      'Ready pods, of those there should be.',
      (d) => `${d.status?.readyReplicas ?? 0}/${d.spec.replicas ?? 0}`,
    ),
    count('Up-to-date', 'Pods made from the present template.', (d) => d.status?.updatedReplicas),
    count('Available', 'Pods ready for long enough.', (d) => d.status?.availableReplicas),
    ageColumn,
    ...containerColumns<Deployment>((d) => d.spec.template.spec?.containers),
    wide(text('Selector', 'Labels of the pods that belong to the deployment.', selector)),
  ],
};

function defaultDeployment(deployment: Deployment): void {
  deployment.spec ??= {} as DeploymentSpec;
  const spec = deployment.spec;
  spec.replicas ??= 1;
  spec.template = defaultPodTemplate(spec.template);
  spec.strategy ??= {};
  spec.strategy.type ||= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  deployment.status ??= {};
}

function selector({ spec }: Deployment): string {
  try {
    return formatLabelSelector(compileLabelSelector(spec.selector) ?? []);
  } catch {
    return '<invalid>';
  }
}
