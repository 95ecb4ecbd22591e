import type { Service } from '../../api/core/v1.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout, refuse } from './refuse.ts';

/** Services get no further external addresses, by which one could take what is sent to others. Off unless asked for. */
export const denyServiceExternalIps: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  validate(attributes) {
    const { operation, object, old } = attributes;
    if (!isAbout(attributes, 'services') || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const { externalIPs = [] } = (object as Service).spec ?? {};
    const { externalIPs: before = [] } = (old as Service | undefined)?.spec ?? {};
    if (externalIPs.every((ip) => before.includes(ip))) return;
    throw refuse(attributes, 'Use of external IPs is denied by admission control');
  },
};
