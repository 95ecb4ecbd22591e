import type { Clock } from '../../../platform/clock.ts';
import { GrpcChannel } from '../../../platform/grpc-channel.ts';
import { translateGrpcError } from './translate-error.ts';

/** The namespace in which containerd keeps what belongs to Kubernetes. */
export const kubernetesNamespace = 'k8s.io';

/**
 * A connection to a runtime's socket, whose calls reject with a `RuntimeError`. containerd's own services are asked in a namespace;
 * the runtime interface pays no heed to it.
 */
export const criChannel = (socketPath: string, clock: Clock): GrpcChannel =>
  new GrpcChannel({
    socketPath,
    clock,
    headers: { 'containerd-namespace': kubernetesNamespace },
    errorOf: translateGrpcError,
  });
