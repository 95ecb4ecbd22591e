import type { NodeSelectorTerm, PersistentVolume, VolumeNodeAffinity } from '../../api/core/v1.ts';

const ga = { zone: 'topology.kubernetes.io/zone', region: 'topology.kubernetes.io/region' };
const beta = {
  zone: 'failure-domain.beta.kubernetes.io/zone',
  region: 'failure-domain.beta.kubernetes.io/region',
};

type Terms = readonly NodeSelectorTerm[];

const termsOf = ({ spec }: PersistentVolume): Terms => spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
const speaksOf = (terms: Terms, label: string) =>
  terms.some(({ matchExpressions = [] }) => matchExpressions.some(({ key }) => key === label));
const hasValues = (terms: Terms, label: string) =>
  terms.some(({ matchExpressions = [] }) =>
    matchExpressions.some(({ key, values = [] }) => key === label && values.length > 0),
  );

/** Under which labels a volume says where it is: what it demands of nodes counts before its own labels, the newer before the older. */
function labelsOf(volume: PersistentVolume): { zone: string; region: string } {
  const terms = termsOf(volume);
  const { labels = {} } = volume.metadata;
  const byTerms = [ga, beta].find(({ zone }) => speaksOf(terms, zone));
  return byTerms ?? [ga, beta].find(({ zone }) => labels[zone] !== undefined) ?? ga;
}

const renamed = (terms: Terms, from: string, to: string): Terms =>
  terms.map((term) => ({
    ...term,
    matchExpressions: (term.matchExpressions ?? []).map((one) =>
      one.key === from ? { ...one, key: to } : one,
    ),
  }));

function demanding(terms: Terms, key: string, values: readonly string[]): Terms {
  const names = [...new Set(values.map((value) => value.trim()).filter((value) => value !== ''))].sort();
  if (names.length === 0) return terms;
  const one = { key, operator: 'In', values: names };
  return (terms.length > 0 ? terms : [{}]).map((term) => ({
    ...term,
    matchExpressions: [...(term.matchExpressions ?? []), one],
  }));
}

/** Which labels a driver puts on nodes to say where they are. */
export interface DriverLabels {
  zoneKey?: string;
  regionKey?: string;
}

/**
 * The nodes that reach a volume that a driver serves now, by the driver's labels: those that it demanded by labels of Kubernetes, or else
 * those that are where its own labels say that it is. Zones in a label are separated by `__`, but for a driver that knows regions.
 */
export function driverAffinity(
  volume: PersistentVolume,
  { zoneKey, regionKey }: DriverLabels,
): VolumeNodeAffinity | undefined {
  if (zoneKey === undefined) return volume.spec.nodeAffinity;
  const { labels = {} } = volume.metadata;
  const label = labelsOf(volume);
  let terms = termsOf(volume);
  const move = (from: string, to: string, split: (text: string) => string[]) => {
    if (hasValues(terms, from)) terms = renamed(terms, from, to);
    else if (labels[from] !== undefined) terms = demanding(terms, to, split(labels[from]));
  };
  move(label.zone, zoneKey, (text) => (regionKey ? [text] : text.split('__')));
  if (regionKey) move(label.region, regionKey, (text) => [text]);
  else if (label === beta && hasValues(terms, beta.region)) terms = renamed(terms, beta.region, ga.region);
  if (terms.length === 0) return volume.spec.nodeAffinity;
  return { required: { nodeSelectorTerms: [...terms] } };
}
