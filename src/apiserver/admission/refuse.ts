import { forbidden, type StatusError } from '../../machinery/status-error.ts';
import type { AdmissionAttributes } from './admission.ts';

/** The Forbidden answer of a plugin; an object whose name is still to be generated is called by its prefix. */
export function refuse({ resource, name, object }: AdmissionAttributes, why: string): StatusError {
  const { group, plural } = resource;
  const known = name || object?.metadata.name || object?.metadata.generateName || 'Unknown';
  return forbidden({ group, resource: plural, name: known }, why);
}

/** Whether a request is about the resource itself, not one of its subresources. */
export function isAbout({ kind, subresource }: AdmissionAttributes, plural: string, group = ''): boolean {
  return subresource === '' && kind.resource.plural === plural && kind.resource.group === group;
}

/** Whether a request adds containers to a pod that runs already. */
export const isAboutEphemeral = ({ kind, subresource }: AdmissionAttributes): boolean =>
  subresource === 'ephemeralcontainers' && kind.resource.plural === 'pods' && kind.resource.group === '';
