import type {
  Container,
  Pod,
  PodSpec,
  ProjectedVolumeSource,
  ServiceAccount,
  VolumeMount,
} from '../../api/core/v1.ts';
import { serviceaccounts } from '../../api/generated/resources.ts';
import { deepFreeze } from '../../machinery/deep-freeze.ts';
import { isMirrorPod, namesIn } from '../../machinery/pod-references.ts';
import type { Random } from '../../platform/random.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { isAbout, isAboutEphemeral, refuse } from './refuse.ts';

const tokenMountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const tokenVolumePrefix = 'kube-api-access-';
const enforceAnnotation = 'kubernetes.io/enforce-mountable-secrets';
/** The default account of a new namespace is made by a controller: it is waited for this often. */
const defaultAccountAttempts = 10;

/** Every pod runs as a service account that exists, and has its token mounted unless somebody wants otherwise. */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  admit(attributes) {
    if (attributes.operation !== 'CREATE' || !isAbout(attributes, 'pods')) return;
    const pod = attributes.object as Pod;
    if (!isMirrorPod(pod)) return giveAccount(attributes, pod.spec);
  },
  validate(attributes) {
    const pod = attributes.object as Pod;
    if (attributes.operation === 'CREATE' && isAbout(attributes, 'pods')) return checkPod(attributes, pod);
    if (attributes.operation === 'UPDATE' && isAboutEphemeral(attributes))
      return checkEphemeral(attributes, pod);
  },
};

/** Containers that are added later see no more secrets than those that were there from the start. */
function checkEphemeral(attributes: AdmissionAttributes, { spec }: Pod): void | Promise<void> {
  const containers = spec.ephemeralContainers ?? [];
  return withAccount(attributes, spec.serviceAccountName ?? '', (account) => {
    if (limitsSecrets(account)) checkContainers(attributes, [['ephemeral container', containers]], account);
  });
}

const limitsSecrets = ({ metadata }: ServiceAccount) =>
  /^(1|t|true)$/i.test(metadata.annotations?.[enforceAnnotation] ?? '');

function giveAccount(attributes: AdmissionAttributes, spec: PodSpec): void | Promise<void> {
  spec.serviceAccountName ||= 'default';
  spec.serviceAccount = spec.serviceAccountName;
  const { random } = attributes.context.platform;
  return withAccount(attributes, spec.serviceAccountName, (account) => runAs(account, spec, random));
}

/** What is done with an account: at once, where it is there. */
function withAccount(
  attributes: AdmissionAttributes,
  name: string,
  use: (account: ServiceAccount) => void,
): void | Promise<void> {
  const { context, namespace } = attributes;
  const account = context.get(serviceaccounts, { namespace, name });
  return account ? use(account) : awaitAccount(attributes, name).then(use);
}

function runAs(account: ServiceAccount, spec: PodSpec, random: Random): void {
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) {
    mountToken(spec, random);
  }
  if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
    spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }));
  }
}

function checkPod(attributes: AdmissionAttributes, pod: Pod): void | Promise<void> {
  if (isMirrorPod(pod)) return checkMirror(attributes, pod);
  if (!pod.spec.serviceAccountName) {
    throw refuse(
      attributes,
      `no service account specified for pod ${attributes.namespace}/${attributes.name}`,
    );
  }
  return withAccount(attributes, pod.spec.serviceAccountName, (account) => {
    if (limitsSecrets(account)) checkSecrets(attributes, pod.spec, account);
  });
}

async function awaitAccount(attributes: AdmissionAttributes, name: string): Promise<ServiceAccount> {
  const { context, namespace } = attributes;
  const { clock, random } = context.platform;
  for (let attempt = 1; ; attempt++) {
    const account = context.get(serviceaccounts, { namespace, name });
    if (account) return account;
    // Another server may have made it a moment ago.
    const late = attempt === 1 ? attributes.upToDate() : undefined;
    if (late) {
      await late;
      continue;
    }
    if (name !== 'default' || attempt === defaultAccountAttempts) break;
    await clock.sleep(100 + random.int(100), attributes.signal);
  }
  throw refuse(
    attributes,
    `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
  );
}

/** Mounts the token into every container that has nothing else at its place. */
function mountToken(spec: PodSpec, random: Random): void {
  const existing = spec.volumes?.find((volume) => volume.name.startsWith(tokenVolumePrefix));
  const name = existing?.name ?? tokenVolumePrefix + random.suffix(5);
  const mount: VolumeMount = { name, readOnly: true, mountPath: tokenMountPath };
  let needed = false;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    if (container.volumeMounts?.some((m) => m.mountPath === tokenMountPath)) continue;
    container.volumeMounts = [...(container.volumeMounts ?? []), { ...mount }];
    needed = true;
  }
  if (needed && !existing) spec.volumes = [...(spec.volumes ?? []), { name, projected }];
}

const namespaceOfPod = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
/** What a pod needs to talk to the API server: its token, the server's authority, its namespace. All pods share it. */
const projected: ProjectedVolumeSource = deepFreeze({
  defaultMode: 0o644,
  sources: [
    { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: namespaceOfPod }] } },
  ],
});

/** A mirror pod only shows what a node runs from its own files: it can have no secrets. */
function checkMirror(attributes: AdmissionAttributes, pod: Pod): void {
  const { serviceAccountName, volumes = [] } = pod.spec;
  if (serviceAccountName) throw refuse(attributes, 'a mirror pod may not reference service accounts');
  if (namesIn(pod, 'secret').some(Boolean))
    throw refuse(attributes, 'a mirror pod may not reference secrets');
  const sources = volumes.flatMap(({ projected: own }) => own?.sources ?? []);
  if (sources.some((source) => source.serviceAccountToken))
    throw refuse(attributes, 'a mirror pod may not use ServiceAccountToken volume projections');
}

function checkSecrets(attributes: AdmissionAttributes, spec: PodSpec, account: ServiceAccount): void {
  const allowed = new Set((account.secrets ?? []).map((secret) => secret.name));
  const because = `because service account ${account.metadata.name} does not reference that secret`;
  for (const { secret } of spec.volumes ?? []) {
    if (!secret || allowed.has(secret.secretName)) continue;
    throw refuse(
      attributes,
      `volume with secret.secretName="${secret.secretName}" is not allowed ${because}`,
    );
  }
  const containers = [
    ['init container', spec.initContainers ?? []],
    ['container', spec.containers],
  ] as const;
  checkContainers(attributes, containers, account);
  checkPullSecrets(attributes, spec, account);
}

type AnyContainer = Pick<Container, 'name' | 'env' | 'envFrom'>;

function checkContainers(
  attributes: AdmissionAttributes,
  roles: readonly (readonly [role: string, containers: readonly AnyContainer[]])[],
  { metadata, secrets = [] }: ServiceAccount,
): void {
  const allowed = new Set(secrets.map((secret) => secret.name));
  for (const [role, containers] of roles) {
    const found = foreignSecret(containers, allowed);
    if (!found) continue;
    const { container, where, secret } = found;
    const what = `${role} ${container} with ${where} referencing secret.secretName="${secret}"`;
    const because = `because service account ${metadata.name} does not reference that secret`;
    throw refuse(attributes, `${what} is not allowed ${because}`);
  }
}

function foreignSecret(containers: readonly AnyContainer[], allowed: ReadonlySet<string | undefined>) {
  for (const { name: container, env = [], envFrom = [] } of containers) {
    const used = [
      ...env.map(({ name, valueFrom }) => ({
        where: `envVar ${name}`,
        secret: valueFrom?.secretKeyRef?.name,
      })),
      ...envFrom.map(({ secretRef }) => ({ where: 'envFrom', secret: secretRef?.name })),
    ];
    const found = used.find(({ secret }) => secret !== undefined && !allowed.has(secret));
    if (found) return { container, ...found };
  }
  return undefined;
}

function checkPullSecrets(attributes: AdmissionAttributes, spec: PodSpec, account: ServiceAccount): void {
  const allowed = new Set((account.imagePullSecrets ?? []).map((secret) => secret.name));
  for (const [i, { name }] of (spec.imagePullSecrets ?? []).entries()) {
    if (allowed.has(name)) continue;
    const because = `because service account ${account.metadata.name} does not reference that imagePullSecret`;
    throw refuse(attributes, `imagePullSecrets[${i}].name="${name}" is not allowed ${because}`);
  }
}
