import { type KmsConfiguration, keyProviderSettings } from './configuration.ts';
import { grpcKeyService } from './grpc-key-service.ts';
import { KeyProvider, type KeyProviderMeans } from './key-provider.ts';
import { KmsTransformer } from './kms-transformer.ts';

type KmsMeans = Omit<KeyProviderMeans, 'service'>;

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
