import type { Runtime } from '../runtime.ts';
import type { CriRuntimeOptions } from './runtime.ts';

/**
 * The runtime behind a socket, such as /run/containerd/containerd.sock or /run/crio/crio.sock. The connection is made
 * when it is first needed. gRPC is loaded here and not before: it costs a twentieth of a second.
 */
export async function connectCri(options: CriRuntimeOptions): Promise<Runtime> {
  const { CriRuntime } = await import('./runtime.ts');
  return new CriRuntime(options);
}
