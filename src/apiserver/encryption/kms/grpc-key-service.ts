import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Clock } from '../../../platform/clock.ts';
import { GrpcChannel } from '../../../platform/grpc-channel.ts';
import { grpcPath } from '../../../platform/grpc-method.ts';
import { goCodeName, goFailureText } from '../../../platform/grpc-status.ts';
import type { KeyProviderSettings } from './configuration.ts';
import { KeyManagementService } from './generated/kms/v2/service_pb.js';
import { type KeyService, KeyServiceError } from './key-service.ts';
import type { KmsCounts } from './kms-counts.ts';

/** The plugin that listens on the socket of a provider. Calls wait for it as long as they may take. */
export function grpcKeyService(
  { name, socketPath, timeoutMs }: KeyProviderSettings,
  { clock, counts }: { clock: Clock; counts: KmsCounts },
): KeyService {
  const channel = new GrpcChannel({
    socketPath,
    clock,
    waitForReady: true,
    errorOf: (failure) => new KeyServiceError(goFailureText(failure), goCodeName(failure.code)),
  });
  const call = async <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> => {
    const startMs = clock.monotonic();
    const note = (code: string) =>
      counts.noteCall({ provider: name, method: grpcPath(method), code, ms: clock.monotonic() - startMs });
    try {
      const answer = await channel.call(method, request, { timeoutMs });
      note('OK');
      return answer;
    } catch (error) {
      note(error instanceof KeyServiceError ? error.code : 'unknown-non-grpc');
      throw error;
    }
  };
  const { status, encrypt, decrypt } = KeyManagementService.method;
  return {
    async status() {
      const { version, healthz, keyId } = await call(status, {});
      return { version, healthz, keyId };
    },
    async encrypt(uid, plaintext) {
      const { ciphertext, keyId, annotations } = await call(encrypt, { uid, plaintext });
      return { encryptedDEKSource: ciphertext, keyID: keyId, annotations };
    },
    async decrypt(uid, { encryptedDEKSource: ciphertext, keyID: keyId, annotations }) {
      return (await call(decrypt, { uid, ciphertext, keyId, annotations })).plaintext;
    },
    close: () => channel.close(),
  };
}
