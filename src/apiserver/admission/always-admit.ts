import type { AdmissionPlugin } from './admission.ts';

/** Lets everything through; there for configurations of old that name it. */
export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit' };
