import { socketIn } from '../kubelet/runtimes/containerd/socket.ts';

/** Where the containerd of a node with this directory keeps what it has. */
export const runtimeDirIn = (dir: string) => `${dir}/containerd`;

/** Where it listens. */
export const runtimeSocketIn = (dir: string) => socketIn(runtimeDirIn(dir));
