import { withoutSlashes } from '../../machinery/go-text.ts';

/** A request to the kubelet's server, taken apart. */
export type KubeletRoute =
  | { kind: 'containerLogs'; namespace: string; pod: string; container: string }
  | { kind: 'exec' | 'attach' | 'run'; namespace: string; pod: string; uid?: string; container: string }
  | { kind: 'portForward'; namespace: string; pod: string; uid?: string }
  | { kind: 'nodeLogs'; path: string }
  | {
      kind:
        | 'pods'
        | 'runningPods'
        | 'healthz'
        | 'healthCheck'
        | 'summary'
        | 'metrics'
        | 'resourceMetrics'
        | 'probeMetrics'
        | 'healthMetrics'
        | 'configz'
        | 'statusz';
    };

const plain: Record<string, KubeletRoute> = {
  '/pods': { kind: 'pods' },
  '/runningpods': { kind: 'runningPods' },
  '/healthz': { kind: 'healthz' },
  '/healthz/ping': { kind: 'healthCheck' },
  '/healthz/log': { kind: 'healthCheck' },
  '/healthz/syncloop': { kind: 'healthCheck' },
  '/stats/summary': { kind: 'summary' },
  '/metrics': { kind: 'metrics' },
  '/metrics/cadvisor': { kind: 'resourceMetrics' },
  '/metrics/resource': { kind: 'resourceMetrics' },
  '/metrics/probes': { kind: 'probeMetrics' },
  '/metrics/slis': { kind: 'healthMetrics' },
  '/configz': { kind: 'configz' },
  '/statusz': { kind: 'statusz' },
};

/** The paths at which always the same is. */
export const plainPaths: readonly string[] = Object.keys(plain);

/** What only looks takes GET; who may do no more than look must not run anything. */
const methods: Partial<Record<KubeletRoute['kind'], readonly string[]>> = {
  run: ['POST'],
  exec: ['GET', 'POST'],
  attach: ['GET', 'POST'],
  portForward: ['GET', 'POST'],
};

export function takesMethod({ kind }: KubeletRoute, method: string): boolean {
  return (methods[kind] ?? ['GET', 'HEAD']).includes(method);
}

/** What is at this path; undefined for nothing. */
export function parseRoute(path: string): KubeletRoute | undefined {
  const trimmed = path.length > 1 ? withoutSlashes(path) : path;
  if (plain[trimmed]) return plain[trimmed];
  const [, kind, ...rest] = trimmed.split('/').map(decode);
  if (kind === 'logs') return logRoute(rest.join('/'));
  if (rest.some((part) => part === '')) return undefined;
  const [namespace, pod, third, fourth] = rest as [string, string, string?, string?];
  if (!pod) return undefined;
  if (kind === 'containerLogs' && third && rest.length === 3)
    return { kind, namespace, pod, container: third };
  if (kind === 'portForward' && rest.length <= 3)
    return { kind, namespace, pod, ...(third && { uid: third }) };
  if ((kind !== 'exec' && kind !== 'attach' && kind !== 'run') || !third) return undefined;
  if (rest.length === 3) return { kind, namespace, pod, container: third };
  return rest.length === 4 && fourth ? { kind, namespace, pod, uid: third, container: fourth } : undefined;
}

/** An escaped slash is one to the file system, so steps upward are looked for in the path that is opened. */
function logRoute(path: string): KubeletRoute | undefined {
  return path.split('/').includes('..') ? undefined : { kind: 'nodeLogs', path };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
