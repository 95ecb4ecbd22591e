import type { ContainerPort } from '../../../api/core/v1.ts';
import { nothing } from '../../../machinery/joined.ts';

interface Placed {
  container: { ports?: readonly ContainerPort[] };
  field: string;
}

/** Advice on ports that several containers of a pod, or one of them twice, have. */
export function portWarnings(containers: readonly Placed[]): readonly string[] {
  if (!containers.some(({ container }) => container.ports)) return nothing;
  const known = new Map<string, { field: string; port: ContainerPort }[]>();
  return containers.flatMap(({ container, field: path }) =>
    (container.ports ?? []).flatMap((port, i) => {
      const field = `${path}.ports[${i}]`;
      const key = `${port.containerPort}/${port.protocol}`;
      const others = known.get(key) ?? [];
      known.set(key, [...others, { field, port }]);
      return [
        ...hostIpAlone(field, port),
        ...others.flatMap((other) => {
          const how = conflict(port, other.port);
          return how ? [`${field}: ${how} port definition with ${other.field}`] : [];
        }),
      ];
    }),
  );
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
