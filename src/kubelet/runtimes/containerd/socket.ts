/** Where a containerd with this directory listens. */
export const socketIn = (directory: string) => `${directory}/containerd.sock`;
