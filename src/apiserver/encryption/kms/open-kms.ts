import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { Random } from '../../../platform/random.ts';
import { type KmsConfiguration, keyProviderSettings } from './configuration.ts';
import { grpcKeyService } from './grpc-key-service.ts';
import { KeyProvider } from './key-provider.ts';
import type { KmsCounts } from './kms-counts.ts';
import { KmsTransformer } from './kms-transformer.ts';

export interface KmsMeans {
  clock: Clock;
  random: Pick<Random, 'bytes' | 'uuid'>;
  log: Log;
  counts: KmsCounts;
}

/** Begins to use a plugin. That it does not answer is no error; rejects with an Error where the configuration cannot be carried out. */
export async function openKms(
  config: KmsConfiguration,
  means: KmsMeans,
): Promise<{ provider: KeyProvider; transformer: KmsTransformer }> {
  const settings = keyProviderSettings(config);
  const provider = new KeyProvider(settings, { ...means, service: grpcKeyService(settings, means) });
  await provider.start();
  return { provider, transformer: new KmsTransformer(provider, means) };
}
