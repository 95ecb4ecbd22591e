import type { Pod } from '../../api/core/v1.ts';
import { badRequest } from '../../machinery/status-error.ts';

const namesOf = (containers: readonly { name: string }[] | undefined) =>
  (containers ?? []).map(({ name }) => name);

/** The container a request is about; the only one where it names none. Throws BadRequest, in upstream's words. */
export function containerOf({ metadata, spec }: Pod, asked: string): string {
  const { name = '' } = metadata;
  const main = namesOf(spec?.containers);
  const all = [...namesOf(spec?.initContainers), ...main, ...namesOf(spec?.ephemeralContainers)];
  if (asked !== '') {
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  if (main.length === 1) return main[0] as string;
  const missing = `a container name must be specified for pod ${name}`;
  throw badRequest(main.length === 0 ? missing : `${missing}, choose one of: [${all.join(' ')}]`);
}
