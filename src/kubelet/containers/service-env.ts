import type { Service, ServicePort } from '../../api/core/v1.ts';

const variable = (name: string) => name.toUpperCase().replaceAll('-', '_');

/** The variables by which the containers of a pod find services, as Docker links once made them. */
export function serviceEnv(services: Service[]): Map<string, string> {
  const env = new Map<string, string>();
  for (const service of services) {
    const ip = service.spec.clusterIP;
    const ports = service.spec.ports ?? [];
    if (!ip || ip === 'None' || ports.length === 0) continue;
    addService(env, variable(service.metadata.name ?? ''), ip, ports);
  }
  return env;
}

function addService(env: Map<string, string>, prefix: string, ip: string, ports: ServicePort[]): void {
  const first = ports[0] as ServicePort;
  env.set(`${prefix}_SERVICE_HOST`, ip);
  env.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const port of ports)
    if (port.name) env.set(`${prefix}_SERVICE_PORT_${variable(port.name)}`, String(port.port));
  env.set(`${prefix}_PORT`, urlOf(ip, first));
  for (const port of ports) {
    const protocol = port.protocol ?? 'TCP';
    const base = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
    env.set(base, urlOf(ip, port));
    env.set(`${base}_PROTO`, protocol.toLowerCase());
    env.set(`${base}_PORT`, String(port.port));
    env.set(`${base}_ADDR`, ip);
  }
}

function urlOf(ip: string, port: ServicePort): string {
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return `${(port.protocol ?? 'TCP').toLowerCase()}://${host}:${port.port}`;
}

/**
 * The services whose variables a pod gets: those of its namespace where it wants links, and always those by which the
 * API server is found. A service of its own namespace wins over one of the same name.
 */
export function visibleServices(services: Service[], namespace: string, wantsLinks: boolean): Service[] {
  const visible = new Map<string, Service>();
  for (const service of services) {
    const { name = '', namespace: of } = service.metadata;
    const isMaster = of === 'default' && name === 'kubernetes';
    if (of === namespace && (wantsLinks || isMaster)) visible.set(name, service);
    else if (isMaster && !visible.has(name)) visible.set(name, service);
  }
  return [...visible.values()];
}
