import type { Pod } from '../../../../api/core/v1.ts';
import { pods } from '../../../../api/generated/resources.ts';
import type { GracefulDeletion, Kind } from '../../../registry/kind.ts';
import { keepStatus } from '../../shared/status.ts';
import { podColumns, podRowConditions } from './columns.ts';
import { defaultPod } from './defaults.ts';
import { qosClass } from './qos.ts';

export const podKind: Kind<Pod> = {
  resource: pods,
  defaults: defaultPod,
  prepareForCreate(pod) {
    pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
  },
  prepareForUpdate: keepStatus,
  status: {
    prepareForUpdate(pod, old) {
      pod.spec = old.spec;
    },
  },
  selectableFields,
  columns: podColumns,
  rowConditions: podRowConditions,
  gracefulDeletion,
};

function selectableFields({ spec, status }: Pod): Record<string, string> {
  return {
    'spec.nodeName': spec.nodeName ?? '',
    'spec.restartPolicy': spec.restartPolicy ?? '',
    'spec.schedulerName': spec.schedulerName ?? '',
    'spec.serviceAccountName': spec.serviceAccountName ?? '',
    'spec.hostNetwork': String(spec.hostNetwork ?? false),
    'status.phase': status?.phase ?? '',
    'status.podIP': status?.podIPs?.[0]?.ip ?? '',
    'status.nominatedNodeName': status?.nominatedNodeName ?? '',
  };
}

/** Pods that no node has and pods that have ended go at once. */
function gracefulDeletion({ spec, status }: Pod, requestedSeconds: number | undefined): GracefulDeletion {
  const ended = status?.phase === 'Failed' || status?.phase === 'Succeeded';
  const seconds = !spec.nodeName || ended ? 0 : (requestedSeconds ?? spec.terminationGracePeriodSeconds ?? 0);
  return { gracePeriodSeconds: seconds < 0 ? 1 : seconds };
}
