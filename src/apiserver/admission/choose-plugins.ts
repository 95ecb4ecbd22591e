import type { AdmissionPlugin } from './admission.ts';

/** Which plugins of a server are to be other than they are by default. */
export interface PluginChoice {
  enable: readonly string[];
  disable: readonly string[];
}

/** Plugins of upstream that are off by default and not offered here. */
const notOffered = ['AlwaysDeny', 'ImagePolicyWebhook', 'NamespaceAutoProvision'];

/** Names of upstream under which nothing stands of itself: what they do is part of others, or of kinds that are not served. */
const partOfOthers = [
  'CertificateSigning',
  'ClusterTrustBundleAttest',
  'JobValidation',
  'PodGroupProtection',
  'PodGroupWorkloadExists',
];

/** What rests on objects of the API, or on users, and is made with the server. */
const madeWithServer = [
  'CertificateApproval',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'NodeRestriction',
  'OwnerReferencesPermissionEnforcement',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
];

/** Throws an Error in upstream's words where a choice makes no sense. */
export function checkChoice({ enable, disable }: PluginChoice, known: readonly AdmissionPlugin[]): void {
  const names = new Set([
    ...known.map(({ name }) => name),
    ...madeWithServer,
    ...partOfOthers,
    ...notOffered,
  ]);
  for (const [flag, list] of Object.entries({ enable, disable })) {
    const unknown = list.find((name) => !names.has(name));
    if (unknown !== undefined) throw new Error(`${flag}-admission-plugins plugin "${unknown}" is unknown`);
  }
  const both = enable.filter((name) => disable.includes(name));
  if (both.length > 0)
    throw new Error(
      `[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`,
    );
  const missing = enable.find((name) => notOffered.includes(name));
  if (missing !== undefined) throw new Error(`the admission plugin "${missing}" is not offered`);
}
