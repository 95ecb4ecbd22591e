import {
  startWebhook,
  type Answer,
  type TestWebhook,
} from '../../../src/apiserver/admission/webhooks/testing-webhook.ts';
import type { Any, Api } from './api.ts';
import { at } from './api.ts';
import { fresh } from './cluster.ts';
import { configMap } from './objects.ts';

const registration = 'admissionregistration.k8s.io/v1';

export type HookKind = 'Mutating' | 'Validating';

export const configurations = (kind: HookKind, name?: string) =>
  at(registration, `${kind.toLowerCase()}webhookconfigurations`, { name });

export interface HookOptions {
  /** Path of the hook's server that answers. */
  path: string;
  resources?: string[];
  apiGroups?: string[];
  operations?: string[];
  /** Fields of the hook that are not usual. */
  more?: object;
}

/** A hook as a configuration holds it, acting in the namespace of the label. */
export function hook(server: TestWebhook, ns: string | undefined, options: HookOptions): Any {
  const { path, resources = ['configmaps'], apiGroups = [''], operations = ['CREATE'], more } = options;
  return {
    name: `${fresh('hook')}.k8s.io`,
    clientConfig: { url: `https://127.0.0.1:${server.port}${path}`, caBundle: server.caBundle },
    rules: [{ apiGroups, apiVersions: ['*'], operations, resources }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 10,
    failurePolicy: 'Fail',
    ...(ns ? { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } } } : {}),
    ...more,
  };
}

/** Makes a configuration of hooks; gives its path. */
export async function configure(
  api: Api,
  kind: HookKind,
  webhooks: Any[],
  labels: object = {},
): Promise<string> {
  const name = fresh(kind.toLowerCase());
  await api.post(configurations(kind), { metadata: { name, labels }, webhooks });
  return configurations(kind, name);
}

/** Adds a key to the data of a ConfigMap. */
export const adds =
  (key: string, value = 'yes'): Answer =>
  () => [{ op: 'add', path: `/data/${key}`, value }];

/** Refuses with a message. */
export const refuses =
  (message: string): Answer =>
  () => ({ allowed: false, status: { code: 403, message } });

/** Whether a ConfigMap made now comes out with a key. */
export async function isMutated(api: Api, ns: string, key: string): Promise<boolean> {
  const made = await api.post(
    at('v1', 'configmaps', { ns }),
    configMap(fresh('map'), { data: { own: '1' } }),
  );
  return made.data[key] !== undefined;
}

/** Whether a ConfigMap made now is refused. */
export async function isDenied(api: Api, ns: string): Promise<boolean> {
  const body = configMap(fresh('map'), { data: { own: '1' } });
  return (await api.call('POST', at('v1', 'configmaps', { ns }), { body })).code === 403;
}

export { startWebhook, type TestWebhook };
