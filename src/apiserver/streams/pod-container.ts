import type { Pod } from '../../api/core/v1.ts';
import { badRequest } from '../../machinery/status-error.ts';

const namesOf = (containers: readonly { name: string }[] | undefined) =>
  (containers ?? []).map(({ name }) => name);

/** The container a request is about; the only one where it names none. Throws BadRequest, in upstream's words. */
export function containerOf(pod: Pod, asked: string): string {
  const name = pod.metadata.name ?? '';
  const main = namesOf(pod.spec?.containers);
  const init = namesOf(pod.spec?.initContainers);
  if (asked !== '') {
    const all = [...main, ...init, ...namesOf(pod.spec?.ephemeralContainers)];
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  if (main.length === 1) return main[0] as string;
  const missing = `a container name must be specified for pod ${name}`;
  if (main.length === 0) throw badRequest(missing);
  const orInit = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(`${missing}, choose one of: [${main.join(' ')}]${orInit}`);
}
