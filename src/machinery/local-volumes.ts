import type { PersistentVolume } from '../api/core/v1.ts';

/** Who makes volumes out of directories of a node. */
export const localProvisioner = 'k8ts.dev/local';

/** Whether a volume is such a directory, made for a claim and there for nothing else. */
export const isLocalVolume = ({ metadata }: PersistentVolume): boolean =>
  metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === localProvisioner;
