import type { ManagedFieldsEntry, StatusCause } from '../../api/meta/v1.ts';
import { goQuote } from '../go-text.ts';
import { applyConflict, type StatusError } from '../status-error.ts';
import { printPath } from './path-element.ts';

/** A field that somebody else owns and that would get another value. */
export interface Conflict {
  owner: ManagedFieldsEntry;
  path: readonly string[];
}

function printOwner(owner: ManagedFieldsEntry): string {
  const name = goQuote(owner.manager ?? '');
  const whole = owner.subresource ? `${name} with subresource ${goQuote(owner.subresource)}` : name;
  return owner.operation === 'Update' ? `${whole} using ${owner.apiVersion ?? ''}` : whole;
}

function message(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (first && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${printOwner(first.owner)}: ${printPath(first.path)}`;
  }
  const lines = new Map<string, string[]>();
  for (const { owner, path } of conflicts) {
    const name = printOwner(owner);
    lines.set(name, [...(lines.get(name) ?? []), `- ${printPath(path)}`]);
  }
  const blocks = [...lines].map(([name, paths]) => [`conflicts with ${name}:`, ...paths].join('\n'));
  return `Apply failed with ${conflicts.length} conflicts: ${blocks.join('\n')}`;
}

/** The answer to an apply that meets fields of others, in upstream's words. */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes: StatusCause[] = conflicts.map(({ owner, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${printOwner(owner)}`,
    field: printPath(path),
  }));
  return applyConflict(causes, message(conflicts));
}
