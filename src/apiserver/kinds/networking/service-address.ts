import type { Service } from '../../../api/core/v1.ts';
import type { IPAddress } from '../../../api/networking/v1.ts';
import { canonicalIp, ipFamily } from '../../../machinery/ip.ts';

/** Tells which family an IPAddress is of. */
export const familyLabel = 'ipaddress.kubernetes.io/ip-family';
/** Tells who keeps an IPAddress. */
export const managerLabel = 'ipaddress.kubernetes.io/managed-by';
/** Who keeps the addresses of services. */
const addressManager = 'ipallocator.k8s.io';

/** Whether an IPAddress is one that is kept because a service has it, as against one that somebody else made. */
export const isServiceAddress = ({ metadata }: IPAddress): boolean =>
  metadata.labels?.[managerLabel] === addressManager;

/** What says that a service has its addresses: an object for each, which is named by it in its canonical form. */
export function addressesOf({ metadata, spec }: Service): IPAddress[] {
  const { namespace = '', name = '' } = metadata;
  const ips = (spec.clusterIPs ?? []).map(canonicalIp).filter((ip) => ip !== undefined);
  return ips.map((ip) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: ip, labels: { [familyLabel]: `IPv${ipFamily(ip)}`, [managerLabel]: addressManager } },
    spec: { parentRef: { group: '', resource: 'services', namespace, name } },
  }));
}
