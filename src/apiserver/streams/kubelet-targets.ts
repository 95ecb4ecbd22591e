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

/** What a client asks of a pod, as paths and queries of the kubelet's own server. */

const yes = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

function flag(query: URLSearchParams, name: string): boolean {
  return yes.has(query.get(name) ?? '');
}

function whole(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (!text) return undefined;
  if (!/^[-+]?\d{1,18}$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

const podPath = (kind: string, { metadata }: Pod, ...more: string[]) =>
  `/${[kind, metadata.namespace, metadata.name, ...more].map((part) => encodeURIComponent(part ?? '')).join('/')}`;

const withQuery = (path: string, query: URLSearchParams) => (query.size > 0 ? `${path}?${query}` : path);

const logFlags = ['follow', 'previous', 'timestamps'];
const logNumbers: [string, number, string][] = [
  ['sinceSeconds', 1, 'must be greater than 0'],
  ['tailLines', 0, 'must be greater than or equal to 0'],
  ['limitBytes', 1, 'must be greater than 0'],
];

function logErrors(query: URLSearchParams): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, least, text] of logNumbers) {
    const value = whole(query, name);
    if (value !== undefined && value < least) errors.push(invalid(name, value, text));
  }
  if (query.get('sinceSeconds') && query.get('sinceTime')) {
    errors.push(forbiddenField('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  }
  const stream = query.get('stream');
  if (stream && !['All', 'Stdout', 'Stderr'].includes(stream)) {
    errors.push(notSupported('stream', stream, ['All', 'Stdout', 'Stderr']));
  } else if (stream && stream !== 'All' && query.get('tailLines')) {
    errors.push(forbiddenField('', '`tailLines` and specific `stream` are mutually exclusive for now'));
  }
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
  for (const name of ['sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes', 'stream']) {
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
  for (const port of query.getAll('ports')) params.append('port', port);
  return withQuery(podPath('portForward', pod), params);
}
