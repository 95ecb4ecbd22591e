import type { APIService, APIServiceCondition } from '../../api/apiregistration/v1.ts';
import type { Service } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { available, localCondition } from '../kinds/apiregistration/conditions.ts';

/** What is known of the Service behind an APIService. */
export interface ServiceState {
  service: Service | undefined;
  slices: readonly EndpointSlice[];
}

const no = (reason: string, message: string): APIServiceCondition => ({
  type: available,
  status: 'False',
  reason,
  message,
});

/** Whether an APIService is available as far as that can be told without asking the server behind it; undefined: ask. */
export function knownAvailability(
  { spec }: APIService,
  state: ServiceState,
): APIServiceCondition | undefined {
  if (!spec.service) return localCondition;
  const { namespace = '', name = '', port = 443 } = spec.service;
  const { service, slices } = state;
  const subject = `service/${name} in ${JSON.stringify(namespace)}`;
  if (!service) return no('ServiceNotFound', `${subject} is not present`);
  if ((service.spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined;
  const found = service.spec?.ports?.find((p) => p.port === port);
  if (!found) return no('ServicePortError', `${subject} is not listening on port ${port}`);
  if (slices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${subject}`);
  const portName = found.name ?? '';
  if (slices.some((slice) => hasReadyEndpoint(slice, portName))) return undefined;
  const message = `endpointslices for ${subject} have no addresses with port name ${JSON.stringify(portName)}`;
  return no('MissingEndpoints', message);
}

function hasReadyEndpoint({ endpoints, ports }: EndpointSlice, portName: string): boolean {
  const isReady = (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false);
  return isReady && (ports ?? []).some((p) => (p.name ?? '') === portName && p.port !== undefined);
}

/** What is said after the server behind an APIService has been asked. */
export function checkedAvailability(failure: Error | undefined): APIServiceCondition {
  if (failure) return no('FailedDiscoveryCheck', failure.message);
  return { type: available, status: 'True', reason: 'Passed', message: 'all checks passed' };
}
