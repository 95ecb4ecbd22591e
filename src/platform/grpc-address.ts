/** A local socket as gRPC takes it: a path, or after `@` a name in the abstract namespace, which is no file. */
export const grpcAddress = (socketPath: string): string =>
  isAbstract(socketPath) ? `unix:\0${socketPath.slice(1)}` : `unix://${socketPath}`;

/** Whether there is no file of a socket. */
export const isAbstract = (socketPath: string): boolean => socketPath.startsWith('@');
