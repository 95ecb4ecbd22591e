import type { IPAddress } from '../../../api/networking/v1.ts';

/** Tells which family an IPAddress is of. */
export const familyLabel = 'ipaddress.kubernetes.io/ip-family';
/** Tells who keeps an IPAddress. */
export const managerLabel = 'ipaddress.kubernetes.io/managed-by';
/** Who keeps the addresses of services. */
export const addressManager = 'ipallocator.k8s.io';

/** Whether an IPAddress is one that is kept because a service has it, as against one that somebody else made. */
export const isServiceAddress = ({ metadata }: IPAddress): boolean =>
  metadata.labels?.[managerLabel] === addressManager;
