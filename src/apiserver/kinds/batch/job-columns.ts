import type { Job } from '../../../api/batch/v1.ts';
import type { Column } from '../../registry/kind.ts';
import { ageColumn, containerColumns, nameColumn, selectorColumn, text } from '../shared/columns.ts';
import { humanDuration } from '../shared/human-duration.ts';

export const jobColumns: readonly Column<Job>[] = [
  nameColumn,
  text('Status', 'How the job stands.', status),
  text('Completions', 'Pods that succeeded, of those that have to.', completions),
  text('Duration', 'How long the job ran, or runs by now.', duration),
  ageColumn,
  ...containerColumns<Job>((j) => j.spec.template.spec?.containers),
  selectorColumn((j) => j.spec.selector),
];

/** The first of these that holds is shown. */
function status({ metadata, status }: Job): string {
  const holds = (type: string) => status?.conditions?.find((c) => c.type === type)?.status === 'True';
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (metadata.deletionTimestamp) return 'Terminating';
  if (holds('Suspended')) return 'Suspended';
  return holds('FailureTarget') ? 'FailureTarget' : 'Running';
}

function completions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function duration({ status }: Job, nowMs: number): string {
  if (!status?.startTime) return '';
  const end = status.completionTime ? Date.parse(status.completionTime) : nowMs;
  return humanDuration(end - Date.parse(status.startTime));
}
