import { socketIn } from '../kubelet/runtimes/containerd/socket.ts';

/** Where the containerd of a node with this directory keeps what it has. */
export const runtimeDirIn = (dir: string) => `${dir}/containerd`;

/** Where the logs of a node's pods stand, and links to them. */
export const podLogsIn = (dir: string) => `${dir}/pods`;
export const logLinksIn = (dir: string) => `${dir}/log-links`;

/** What the kubelet keeps of pods and plugins. */
export const kubeletIn = (dir: string) => `${dir}/kubelet`;

/** Where CSI drivers and other plugins look for it on every node of Kubernetes. */
export const kubeletPath = '/var/lib/kubelet';

/** Where drivers say what containers need for their devices (CDI), while the machine runs. */
export const cdiIn = (dir: string) => `${dir}/cdi`;
export const cdiPath = '/var/run/cdi';

/** Where log agents look for them on every node of Kubernetes. */
export const podLogsPath = '/var/log/pods';
export const logLinksPath = '/var/log/containers';

/** Where it listens. */
export const runtimeSocketIn = (dir: string) => socketIn(runtimeDirIn(dir));
