import type { Pod } from '../../src/api/core/v1.ts';
import { pods } from '../../src/api/generated/resources.ts';
import { allKinds } from '../../src/apiserver/kinds/kinds.ts';
import type { Kind, Subresource, SubresourceRequest } from '../../src/apiserver/registry/kind.ts';
import { Client } from '../../src/client/client.ts';
import { clone } from '../../src/machinery/clone.ts';
import type { ControllerReplacements } from '../../src/cluster/simulation/control-plane.ts';
import { limit } from '../../src/controllers/autoscaling/behavior.ts';
import { createHorizontalPodAutoscaler } from '../../src/controllers/autoscaling/horizontal.ts';
import { createDeploymentController } from '../../src/controllers/deployment/deployment.ts';
import { planDeployment } from '../../src/controllers/deployment/plan.ts';
import { createGarbageCollector } from '../../src/controllers/garbage/garbage.ts';
import { judge } from '../../src/controllers/garbage/plan.ts';
import { createJobController } from '../../src/controllers/job/job.ts';
import { nextStatus } from '../../src/controllers/job/plan.ts';
import { createNamespaceController } from '../../src/controllers/namespace/namespace.ts';
import { planReplicas } from '../../src/controllers/replicaset/plan.ts';
import { createReplicaSetController } from '../../src/controllers/replicaset/replicaset.ts';
import { planStatefulSet } from '../../src/controllers/statefulset/plan.ts';
import { createStatefulSetController } from '../../src/controllers/statefulset/statefulset.ts';

/** Forgets the pods that have no place yet, so that each look at a set makes more of them. */
const forgetful: typeof planReplicas = (spec, owned, context) =>
  planReplicas(
    spec,
    owned.filter((pod) => pod.spec.nodeName !== undefined),
    context,
  );

/** Takes all old pods away at once, whatever has to stay. */
const reckless: typeof planDeployment = (input) => {
  const { deployment } = input;
  const strategy = {
    type: 'RollingUpdate' as const,
    rollingUpdate: { ...deployment.spec.strategy?.rollingUpdate, maxUnavailable: '100%' },
  };
  const spec = { ...deployment.spec, strategy };
  return planDeployment({ ...input, deployment: { ...deployment, spec } });
};

/** Makes all pods at once. */
const impatient: typeof planStatefulSet = (input) =>
  planStatefulSet({
    ...input,
    set: { ...input.set, spec: { ...input.set.spec, podManagementPolicy: 'Parallel' } },
  });

/** Never notes which pods have ended. */
const bookless: typeof nextStatus = (job, count, more) => ({
  ...nextStatus(job, count, more),
  uncountedTerminatedPods: {},
});

/** Takes every owner for gone. */
const hasty: typeof judge = (meta, owners, dependents) =>
  judge(
    meta,
    owners.map(({ reference }) => ({ reference, state: 'absent' })),
    dependents,
  );

/** Deletes at once, whatever still runs. */
const forcing = ({ transport }: Client): Client =>
  new Client({
    request: (request) =>
      transport.request(
        request.method === 'DELETE'
          ? { ...request, body: { ...(request.body as object), gracePeriodSeconds: 0 } }
          : request,
      ),
    watch: (request, sink) => transport.watch(request, sink),
  });

/** Asks a budget whether it allows an eviction, and does not book it. */
function unbooked(request: SubresourceRequest<Pod>): SubresourceRequest<Pod> {
  return {
    ...request,
    updateStatusOf: async (resource, ref, change) => {
      const asked = request.context.get(resource, { ...ref, namespace: request.context.namespace });
      if (asked) change(clone(asked));
    },
  };
}

function withEviction(kind: Kind<Pod>): Kind<Pod> {
  const eviction = kind.subresources?.eviction as Subresource<Pod>;
  const careless = {
    ...eviction,
    handle: (request: SubresourceRequest<Pod>) => eviction.handle(unbooked(request)),
  };
  return { ...kind, subresources: { ...kind.subresources, eviction: careless } };
}

/** Kinds of which evictions go by budgets that are never charged. */
export const unbookedEvictions: readonly Kind[] = allKinds.map((kind) =>
  kind.resource === pods ? (withEviction(kind as unknown as Kind<Pod>) as unknown as Kind) : kind,
);

const deciding = (decide: typeof limit): ControllerReplacements => ({
  'horizontal-pod-autoscaler': (context, { discover }) =>
    createHorizontalPodAutoscaler(context, { discover, decide }),
});

/** Mistakes of the autoscaler, by what it does. */
export const autoscalerMistakes: Record<string, ControllerReplacements> = {
  'knows no policies': deciding((scaler, input) => {
    const { scaleUp, scaleDown } = scaler.spec.behavior ?? {};
    const policies = [{ type: 'Percent', value: 1000, periodSeconds: 15 }];
    const behavior = { scaleUp: { ...scaleUp, policies }, scaleDown: { ...scaleDown, policies } };
    return limit({ ...scaler, spec: { ...scaler.spec, behavior } }, input);
  }),
  'does not look back': deciding((scaler, input) =>
    limit(scaler, { ...input, past: { ...input.past, recommendations: [] } }),
  ),
  'knows no limits': deciding((scaler, input) => ({ ...limit(scaler, input), replicas: input.wanted })),
  'never goes down': deciding((scaler, input) => {
    const limited = limit(scaler, input);
    return { ...limited, replicas: Math.max(input.current, limited.replicas) };
  }),
};

/** Mistakes in six controllers, by what they do. */
export const plantedMistakes: Record<string, ControllerReplacements> = {
  'a ReplicaSet forgets pods that have no node yet': {
    'replicaset-controller': (context) => createReplicaSetController(context, forgetful),
  },
  'a Deployment takes away more than it may': {
    'deployment-controller': (context) => createDeploymentController(context, reckless),
  },
  'a StatefulSet keeps no order': {
    'statefulset-controller': (context) => createStatefulSetController(context, impatient),
  },
  'a StatefulSet does not wait until its pods are gone': {
    'statefulset-controller': (context) =>
      createStatefulSetController({ ...context, client: forcing(context.client) }),
  },
  'a namespace goes before what is in it': {
    'namespace-controller': (context) => createNamespaceController(context, { discover: async () => [] }),
  },
  'a Job keeps no books': {
    'job-controller': (context) => createJobController(context, bookless),
  },
  'the garbage collector takes every owner for gone': {
    'generic-garbage-collector': (context, { discover }) =>
      createGarbageCollector(context, { discover, judge: hasty }),
  },
};
