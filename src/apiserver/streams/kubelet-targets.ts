import type { Pod } from '../../api/core/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  invalidObject,
  notSupported,
} from '../../machinery/field-error.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { containerOf } from './pod-container.ts';
import { flag, time, wholeNumber, wholeNumbers } from './query-fields.ts';

/** What a client asks of a pod, as paths and queries of the kubelet's own server. */

const podPath = (kind: string, { metadata }: Pod, ...more: string[]) =>
  `/${[kind, metadata.namespace, metadata.name, ...more].map((part) => encodeURIComponent(part ?? '')).join('/')}`;

const withQuery = (path: string, query: URLSearchParams) => (query.size > 0 ? `${path}?${query}` : path);

const logFlags = ['follow', 'previous', 'timestamps'];
const logStreams = ['All', 'Stderr', 'Stdout'];
const logNumbers = ['sinceSeconds', 'tailLines', 'limitBytes'];

function logErrors(query: URLSearchParams): readonly FieldError[] {
  const [since, tail, limit] = logNumbers.map((name) => wholeNumber(query, name));
  const sinceTime = time(query, 'sinceTime');
  const errors: FieldError[] = [];
  if (tail !== undefined && tail < 0)
    errors.push(invalid('tailLines', tail, 'must be greater than or equal to 0'));
  if (limit !== undefined && limit < 1) errors.push(invalid('limitBytes', limit, 'must be greater than 0'));
  if (since !== undefined && sinceTime !== undefined)
    errors.push(forbiddenField('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else if (since !== undefined && since < 1)
    errors.push(invalid('sinceSeconds', since, 'must be greater than 0'));
  const stream = query.get('stream') ?? 'All';
  if (!logStreams.includes(stream)) errors.push(notSupported('stream', stream, logStreams));
  if (stream !== 'All' && tail !== undefined)
    errors.push(forbiddenField('[]', '`tailLines` and specific `stream` are mutually exclusive for now'));
  return errors;
}

/** `pods/log`. */
export function logTarget(pod: Pod, query: URLSearchParams): string {
  const errors = logErrors(query);
  if (errors.length > 0)
    throw invalidObject({ group: '', kind: 'PodLogOptions' }, pod.metadata.name ?? '', errors);
  const container = containerOf(pod, query.get('container') ?? '');
  const params = new URLSearchParams();
  for (const name of logFlags) if (flag(query, name)) params.set(name, 'true');
  for (const name of [...logNumbers, 'sinceTime', 'stream']) {
    const value = query.get(name);
    if (value && !(name === 'stream' && value === 'All')) params.set(name, value);
  }
  return withQuery(podPath('containerLogs', pod, container), params);
}

/** What exec and attach name differently at the kubelet. */
const streamFlags: [string, string][] = [
  ['stdin', 'input'],
  ['stdout', 'output'],
  ['stderr', 'error'],
  ['tty', 'tty'],
];

/** `pods/exec` and `pods/attach`. */
export function execTarget(kind: 'exec' | 'attach', pod: Pod, query: URLSearchParams): string {
  const container = containerOf(pod, query.get('container') ?? '');
  if (!pod.spec?.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const params = new URLSearchParams();
  for (const [asked, told] of streamFlags) if (flag(query, asked)) params.set(told, '1');
  if (kind === 'exec') for (const part of query.getAll('command')) params.append('command', part);
  return withQuery(podPath(kind, pod, container), params);
}

/** `pods/portforward`. */
export function portForwardTarget(pod: Pod, query: URLSearchParams): string {
  if (!pod.spec?.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const params = new URLSearchParams();
  for (const port of wholeNumbers(query, 'ports')) params.append('port', String(port));
  return withQuery(podPath('portForward', pod), params);
}
