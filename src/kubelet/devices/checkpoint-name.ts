/** The file of what devices pods have, which upstream's kubelet has at the same place. */
export const checkpointName = 'kubelet_internal_checkpoint';
