import type { Node } from '../api/core/v1.ts';

/** The zone of a node: region and zone. Labels of the old names count more where both are there, as for upstream's `GetZoneKey`. */
export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const place = (what: 'region' | 'zone') =>
    labels[`failure-domain.beta.kubernetes.io/${what}`] ?? labels[`topology.kubernetes.io/${what}`] ?? '';
  return `${place('region')}:${place('zone')}`;
}
