import type { Service } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { type PortRange, portError } from '../kinds/core/service/port-range.ts';
import type { Finding } from './own-events.ts';

/**
 * What is wrong with the ports of nodes that services have, as upstream's repair loop tells it: those outside of the range,
 * which may have been another before, and those that two have. Which ones are taken is read off the services: nothing has to be mended.
 */
export function portWarnings(services: Iterable<Stored<Service>>, range: PortRange): Finding[] {
  const taken = new Set<number>();
  const found: Finding[] = [];
  for (const object of services) {
    for (const port of portsOf(object)) {
      const warn = (reason: string, message: string) => found.push({ object, warning: { reason, message } });
      if (portError(range, port) !== undefined)
        warn(
          'PortOutOfRange',
          `Port ${port} is not within the port range ${range.first}-${range.last}; please recreate service`,
        );
      else if (taken.has(port))
        warn(
          'PortAlreadyAllocated',
          `Port ${port} was assigned to multiple services; please recreate service`,
        );
      taken.add(port);
    }
  }
  return found;
}

/** The ports of nodes that a service has: one number for two protocols is one port, for one protocol two. */
function portsOf({ spec }: Service): number[] {
  const protocols = new Map<number, Set<string>>();
  const found: number[] = [];
  const add = (port: number | undefined, protocol = 'TCP') => {
    if (!port) return;
    const seen = protocols.get(port) ?? new Set();
    if (seen.size === 0 || seen.has(protocol)) found.push(port);
    protocols.set(port, seen.add(protocol));
  };
  for (const { nodePort, protocol } of spec.ports ?? []) add(nodePort, protocol);
  add(spec.healthCheckNodePort);
  return found;
}
