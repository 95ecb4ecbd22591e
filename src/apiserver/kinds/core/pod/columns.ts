import type { Pod } from '../../../../api/core/v1.ts';
import type { Column, RowCondition } from '../../../registry/kind.ts';
import { ageColumn, nameColumn, text, wide } from '../../shared/columns.ts';
import { humanAge } from '../../shared/human-duration.ts';
import { summarize } from './summary.ts';

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  text('Ready', 'Ready containers, of those there are.', (p) => {
    const { ready, total } = summarize(p);
    return `${ready}/${total}`;
  }),
  text('Status', 'How the pod stands.', (p) => summarize(p).status),
  text('Restarts', 'How often containers were started again, and when last.', restarts),
  ageColumn,
  wide(text('IP', 'Address of the pod.', ({ status }) => status?.podIPs?.[0]?.ip || '<none>')),
  wide(text('Node', 'Node that the pod runs on.', ({ spec }) => spec.nodeName || '<none>')),
  wide(
    text(
      'Nominated Node',
      'Node where room is being made for the pod.',
      ({ status }) => status?.nominatedNodeName || '<none>',
    ),
  ),
  wide(
    text(
      'Readiness Gates',
      'Further conditions of being ready that hold, of those there are.',
      readinessGates,
    ),
  ),
];

/** Pods that have run their course. */
export function podRowConditions({ status }: Pod): RowCondition[] {
  const completed = { type: 'Completed', status: 'True' } as const;
  if (status?.phase === 'Succeeded') {
    return [{ ...completed, reason: 'Succeeded', message: 'The pod has completed successfully.' }];
  }
  return status?.phase === 'Failed' ? [{ ...completed, reason: 'Failed', message: 'The pod failed.' }] : [];
}

function restarts(pod: Pod, nowMs: number): string {
  const { restarts, lastRestart } = summarize(pod);
  return restarts && lastRestart ? `${restarts} (${humanAge(lastRestart, nowMs)} ago)` : String(restarts);
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const holds = (type: string) => status?.conditions?.find((c) => c.type === type)?.status === 'True';
  return `${gates.filter((g) => holds(g.conditionType)).length}/${gates.length}`;
}
