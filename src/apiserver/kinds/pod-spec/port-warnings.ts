import type { ContainerPort } from '../../../api/core/v1.ts';
import { nothing } from '../../../machinery/joined.ts';

interface Placed {
  container: { ports?: readonly ContainerPort[] };
  field: string;
}

/** The ports of a pod that are compared, and what is found: an answer has no room for more warnings. */
const most = { ports: 1000, findings: 100 };

interface Known {
  field: string;
  port: ContainerPort;
}

/** Advice on ports that several containers of a pod, or one of them twice, have. */
export function portWarnings(containers: readonly Placed[]): readonly string[] {
  if (!containers.some(({ container }) => container.ports)) return nothing;
  const all = new Map<string, Known[]>();
  const found: string[] = [];
  let count = 0;
  for (const { container, field: path } of containers) {
    for (const [i, port] of (container.ports ?? []).entries()) {
      if (found.length >= most.findings || ++count > most.ports) return found;
      const field = `${path}.ports[${i}]`;
      const key = `${port.containerPort}/${port.protocol}`;
      const known = all.get(key) ?? [];
      found.push(...hostIpAlone(field, port), ...conflicts({ field, port }, known));
      known.push({ field, port });
      all.set(key, known);
    }
  }
  return found;
}

function conflicts({ field, port }: Known, known: readonly Known[]): string[] {
  return known.flatMap((other) => {
    const how = conflict(port, other.port);
    return how ? [`${field}: ${how} port definition with ${other.field}`] : [];
  });
}

/** An address of the node without a port of it; the port is shown as Go prints it. */
function hostIpAlone(field: string, port: ContainerPort): string[] {
  const { name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' } = port;
  if (hostIP === '' || hostPort !== 0) return [];
  const shown = `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
  return [`${field}: hostIP set without hostPort: ${shown}`];
}

function conflict(a: ContainerPort, b: ContainerPort): string | undefined {
  const [portA, portB] = [a.hostPort ?? 0, b.hostPort ?? 0];
  const [ipA, ipB] = [a.hostIP ?? '', b.hostIP ?? ''];
  if (portA === portB && ipA === ipB) return 'duplicate';
  if (portA === 0 || portB === 0) return 'overlapping';
  return portA === portB && (ipA === '') !== (ipB === '') ? 'dangerously ambiguous' : undefined;
}
