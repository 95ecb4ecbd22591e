import type { Secret } from '../../api/core/v1.ts';
import { configmaps, pods, secrets, serviceaccounts } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { causedBy } from '../../client/transport.ts';
import {
  dateOf,
  invalidSinceLabel,
  tokenSecretType,
  trackingConfigMap,
  trackingKey,
} from '../../machinery/legacy-tokens.ts';
import { namesIn } from '../../machinery/pod-references.ts';
import { hasReason } from '../../machinery/status-error.ts';
import type { ControllerContext } from '../controller.ts';
import { createPeriodic } from '../shared/periodic.ts';
import { planToken, readyMs } from './plan.ts';

/** Upstream's times. */
const periodMs = 24 * 3_600_000;
const yearMs = 365 * 24 * 3_600_000;

/**
 * Once a day refuses the tokens that Kubernetes made for service accounts before 1.24 and nobody has used for a year (unless another time
 * is given), and as long after that removes them: `pkg/controller/serviceaccount`, LegacySATokenCleaner.
 */
export function createLegacyTokenCleaner(
  context: ControllerContext,
  { unusedMs = yearMs }: { unusedMs?: number } = {},
): Component {
  const held = context.informers.of(secrets, { fieldSelector: `type=${tokenSecretType}` });
  const accounts = context.informers.of(serviceaccounts);
  const running = context.informers.of(pods);
  const { client, clock, log } = context;

  const round = async () => {
    if (held.list().length === 0) return;
    const ref = { namespace: 'kube-system', name: trackingConfigMap };
    const since = (await client.of(configmaps).get(ref)).data?.[trackingKey];
    const nowMs = clock.now();
    if (!(nowMs >= readyMs(since, unusedMs))) return;
    const mounted = mountedSecrets(() => running.list());
    for (const secret of held.list()) {
      const { namespace, annotations } = secret.metadata;
      const name = annotations?.['kubernetes.io/service-account.name'];
      const account = name ? accounts.get(`${namespace}/${name}`) : undefined;
      const isMounted = () => mounted().has(`${namespace}/${secret.metadata.name}`);
      const step = planToken({ secret, account, isMounted }, { nowMs, unusedMs });
      if (step !== 'keep') await carryOut(step, secret).catch((error) => report(secret, error));
    }
  };

  const report = ({ metadata }: Stored<Secret>, error: unknown) => {
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return;
    log.warn('a token that nobody uses cannot be cleared away', {
      name: metadata.name,
      error: String(error),
    });
  };

  const carryOut = async (step: 'mark' | 'remove', secret: Stored<Secret>) => {
    const { uid, resourceVersion } = secret.metadata;
    const cause = causedBy(secret, 'nobody has used its token for a long time');
    const api = client.of(secrets);
    if (step === 'remove')
      return api.delete(secret.metadata, { cause, preconditions: { uid, resourceVersion } });
    const patch = { metadata: { uid, labels: { [invalidSinceLabel]: dateOf(clock.now()) } } };
    await api.patch(secret.metadata, patch, { type: 'application/merge-patch+json', cause });
  };

  return createPeriodic({
    name: 'legacy-serviceaccount-token-cleaner-controller',
    context,
    periodMs,
    round,
  });
}

/** `namespace/name` of all Secrets that pods refer to, found out once where it is asked for. */
function mountedSecrets(running: () => readonly Parameters<typeof namesIn>[0][]): () => ReadonlySet<string> {
  let known: Set<string> | undefined;
  return () => {
    known ??= new Set(
      running().flatMap((pod) => namesIn(pod, 'secret').map((name) => `${pod.metadata.namespace}/${name}`)),
    );
    return known;
  };
}
