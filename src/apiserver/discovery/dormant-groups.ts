/**
 * Groups of this release without a stable version. They have an address, as upstream's document of the API shows it,
 * but no version that is served unless it is turned on, and therefore no place in the list of groups.
 */
export const dormantGroups: readonly string[] = ['internal.apiserver.k8s.io', 'storagemigration.k8s.io'];
