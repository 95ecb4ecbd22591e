/**
 * @package io.k8s.api.core.v1
 * @group
 * @version v1
 */
import type {
  Bytes,
  Condition,
  Int32,
  Int64,
  IntOrString,
  LabelSelector,
  ListMeta,
  MicroTime,
  ObjectMeta,
  OwnerReference,
  Quantity,
  RawExtension,
  Time,
} from '../meta/v1.ts';

/** An AWS EBS disk, in the same zone as the node. Deprecated: goes to the CSI driver. */
export interface AWSElasticBlockStoreVolumeSource {
  /** ID of the EBS volume. @proto 1 */
  volumeID: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 2 */
  fsType?: string;
  /** Partition number to mount; 0 or absent for the whole disk. @proto 3 */
  partition?: Int32;
  /** Mount without the right to write; off by default. @proto 4 */
  readOnly?: boolean;
}

/** Scheduling preferences and demands of a pod. */
export interface Affinity {
  /** Which nodes, by their labels. @proto 1 @pointer */
  nodeAffinity?: NodeAffinity;
  /** Which pods to stand close to. @proto 2 @pointer */
  podAffinity?: PodAffinity;
  /** Which pods to keep away from. @proto 3 @pointer */
  podAntiAffinity?: PodAntiAffinity;
}

/**
 * AppArmor profile of a pod or container.
 * @union {"discriminator": "type", "fields-to-discriminateBy": {"localhostProfile": "LocalhostProfile"}}
 */
export interface AppArmorProfile {
  /** `RuntimeDefault`, `Localhost` (a profile loaded on the node) or `Unconfined`. @proto 1 */
  type: string;
  /** Name of the loaded profile; goes with `Localhost` and only with it. @proto 2 @pointer */
  localhostProfile?: string;
}

/** A volume that is attached to a node. */
export interface AttachedVolume {
  /** Unique name of the volume. @proto 1 */
  name: string;
  /** Device under which the node sees it. @proto 2 */
  devicePath: string;
}

/** Pods that should rather not run on a node. Formerly carried in a node annotation. @protoOnly */
export interface AvoidPods {
  /** Controllers whose pods should stay away. @proto 1 */
  preferAvoidPods?: PreferAvoidPodsEntry[];
}

/** An Azure data disk. Deprecated: goes to the CSI driver. */
export interface AzureDiskVolumeSource {
  /** Name of the disk in the blob storage. @proto 1 */
  diskName: string;
  /** URI of the disk in the blob storage. @proto 2 */
  diskURI: string;
  /** Host caching: `None`, `ReadOnly` or `ReadWrite`. @proto 3 @pointer @default "ReadWrite" */
  cachingMode?: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 4 @pointer @default "ext4" */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 5 @pointer @default false */
  readOnly?: boolean;
  /** `Shared`, `Dedicated` (blobs) or `Managed`; one sort per availability set. @proto 6 @pointer @default "Shared" */
  kind?: string;
}

/** An Azure Files share for a persistent volume. Deprecated: goes to the CSI driver. */
export interface AzureFilePersistentVolumeSource {
  /** Secret with the storage account's name and key. @proto 1 */
  secretName: string;
  /** Name of the share. @proto 2 */
  shareName: string;
  /** Mount without the right to write; off by default. @proto 3 */
  readOnly?: boolean;
  /** Namespace of the secret; that of the pod if empty. @proto 4 @pointer */
  secretNamespace?: string | null;
}

/** An Azure Files share. Deprecated: goes to the CSI driver. */
export interface AzureFileVolumeSource {
  /** Secret with the storage account's name and key. @proto 1 */
  secretName: string;
  /** Name of the share. @proto 2 */
  shareName: string;
  /** Mount without the right to write; off by default. @proto 3 */
  readOnly?: boolean;
}

/**
 * Places a pod on a node; posted to the `binding` subresource by the scheduler.
 * @kind @resource bindings @scope Namespaced
 */
export interface Binding {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The node. @proto 2 */
  target: ObjectReference;
}

/** A persistent volume served by a CSI driver. */
export interface CSIPersistentVolumeSource {
  /** Name of the driver, as in its CSIDriver object. @proto 1 */
  driver: string;
  /** Name the driver knows the volume by; cannot change. @proto 2 */
  volumeHandle: string;
  /** Mount without the right to write; off by default. @proto 3 */
  readOnly?: boolean;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 4 */
  fsType?: string;
  /** Attributes of the volume, passed to the driver. @proto 5 */
  volumeAttributes?: Record<string, string>;
  /** Secret passed to ControllerPublishVolume and ControllerUnpublishVolume. @proto 6 @pointer */
  controllerPublishSecretRef?: SecretReference;
  /** Secret passed to NodeStageVolume and NodeUnstageVolume. @proto 7 @pointer */
  nodeStageSecretRef?: SecretReference;
  /** Secret passed to NodePublishVolume and NodeUnpublishVolume. @proto 8 @pointer */
  nodePublishSecretRef?: SecretReference;
  /** Secret passed to ControllerExpandVolume. @proto 9 @pointer */
  controllerExpandSecretRef?: SecretReference;
  /** Secret passed to NodeExpandVolume. @proto 10 @pointer */
  nodeExpandSecretRef?: SecretReference;
}

/** A volume that a CSI driver makes for one pod and removes with it. */
export interface CSIVolumeSource {
  /** Name of the driver, as in its CSIDriver object. @proto 1 */
  driver: string;
  /** Mount without the right to write; off by default. @proto 2 @pointer */
  readOnly?: boolean;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 3 @pointer */
  fsType?: string;
  /** Attributes passed to the driver; see its documentation. @proto 4 */
  volumeAttributes?: Record<string, string>;
  /** Secret passed to NodePublishVolume and NodeUnpublishVolume. @proto 5 @pointer */
  nodePublishSecretRef?: LocalObjectReference;
}

/** Linux capabilities to add to and drop from the runtime's default set. */
export interface Capabilities {
  /** Capabilities to add, such as `NET_ADMIN`; `ALL` for every one. @proto 1 @listType atomic */
  add?: string[];
  /** Capabilities to take away; `ALL` for every one. @proto 2 @listType atomic */
  drop?: string[];
}

/** A CephFS mount for a persistent volume. No longer supported. */
export interface CephFSPersistentVolumeSource {
  /** Addresses of the Ceph monitors. @proto 1 @listType atomic */
  monitors: string[];
  /** Directory to mount as the root; `/` unless set. @proto 2 */
  path?: string;
  /** Ceph user; `admin` unless set. @proto 3 */
  user?: string;
  /** Path of the key ring on the node; `/etc/ceph/user.secret` unless set. @proto 4 */
  secretFile?: string;
  /** Secret with the credentials for the storage server. @proto 5 @pointer */
  secretRef?: SecretReference;
  /** Mount without the right to write; off by default. @proto 6 */
  readOnly?: boolean;
}

/** A CephFS mount. No longer supported. */
export interface CephFSVolumeSource {
  /** Addresses of the Ceph monitors. @proto 1 @listType atomic */
  monitors: string[];
  /** Directory to mount as the root; `/` unless set. @proto 2 */
  path?: string;
  /** Ceph user; `admin` unless set. @proto 3 */
  user?: string;
  /** Path of the key ring on the node; `/etc/ceph/user.secret` unless set. @proto 4 */
  secretFile?: string;
  /** Secret with the credentials for the storage server. @proto 5 @pointer */
  secretRef?: LocalObjectReference;
  /** Mount without the right to write; off by default. @proto 6 */
  readOnly?: boolean;
}

/** An OpenStack Cinder disk for a persistent volume. Deprecated: goes to the CSI driver. */
export interface CinderPersistentVolumeSource {
  /** ID of the Cinder volume. @proto 1 */
  volumeID: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 2 */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 3 */
  readOnly?: boolean;
  /** Secret with the credentials for the storage server. @proto 4 @pointer */
  secretRef?: SecretReference;
}

/** An OpenStack Cinder disk. Deprecated: goes to the CSI driver. */
export interface CinderVolumeSource {
  /** ID of the Cinder volume. @proto 1 */
  volumeID: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 2 */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 3 */
  readOnly?: boolean;
  /** Secret with the credentials for the storage server. @proto 4 @pointer */
  secretRef?: LocalObjectReference;
}

/** Settings of session affinity by client address. */
export interface ClientIPConfig {
  /** Seconds a client sticks to its endpoint: 1 to 86400; 10800 unless set. @proto 1 @pointer */
  timeoutSeconds?: Int32;
}

/** Writes trust anchors of ClusterTrustBundles into one PEM file. */
export interface ClusterTrustBundleProjection {
  /** One bundle by name; excludes `signerName` and `labelSelector`. @proto 1 @pointer */
  name?: string;
  /** All bundles of this signer that also fit `labelSelector`. @proto 2 @pointer */
  signerName?: string;
  /** Narrows the bundles of the signer; absent picks none, empty picks all. @proto 3 @pointer */
  labelSelector?: LabelSelector;
  /** File to write, relative to the volume. @proto 4 */
  path: string;
  /** Start the pod even if no bundle is found. @proto 5 @pointer */
  optional?: boolean;
}

/** One judgement on a control plane component. */
export interface ComponentCondition {
  /** `Healthy` is the only one. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** What the probe said. @proto 3 */
  message?: string;
  /** Error code of the probe, if it failed. @proto 4 */
  error?: string;
}

/**
 * Health of a control plane component. Deprecated: ask its health endpoint.
 * @kind @resource componentstatuses @scope Cluster @shortNames cs
 */
export interface ComponentStatus {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /**
   * Judgements on the component.
   * @proto 2 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: ComponentCondition[];
}

/** Many ComponentStatus objects, as one answer. @kind */
export interface ComponentStatusList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ComponentStatus objects. @proto 2 */
  items: ComponentStatus[];
}

/**
 * Configuration as key-value pairs for pods to read; nothing secret.
 * @kind @resource configmaps @scope Namespaced @shortNames cm
 */
export interface ConfigMap {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /**
   * UTF-8 texts by key. Keys are letters, digits, `-`, `_`, `.`; none may also be in `binaryData`.
   * @proto 2
   */
  data?: Record<string, string>;
  /** Bytes by key, base64 in JSON, under the same rules for keys. @proto 3 */
  binaryData?: Record<string, Bytes>;
  /** Once true, neither the contents nor this flag can change any more. @proto 4 @pointer */
  immutable?: boolean;
}

/** All pairs of a ConfigMap as environment variables. @protoEmbed localObjectReference 1 */
export interface ConfigMapEnvSource extends LocalObjectReference {
  /** Start the container even if the ConfigMap does not exist. @proto 2 @pointer */
  optional?: boolean;
}

/** One key of a ConfigMap. @mapType atomic @protoEmbed localObjectReference 1 */
export interface ConfigMapKeySelector extends LocalObjectReference {
  /** The key. @proto 2 */
  key: string;
  /** Accept that the ConfigMap or the key is missing. @proto 3 @pointer */
  optional?: boolean;
}

/** Many ConfigMap objects, as one answer. @kind */
export interface ConfigMapList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ConfigMap objects. @proto 2 */
  items: ConfigMap[];
}

/** A ConfigMap with the configuration of a kubelet. No longer used. */
export interface ConfigMapNodeConfigSource {
  /** Namespace of the ConfigMap. @proto 1 */
  namespace: string;
  /** Name of the ConfigMap. @proto 2 */
  name: string;
  /** UID of the ConfigMap; only allowed in status. @proto 3 */
  uid?: string;
  /** Revision of the ConfigMap; only allowed in status. @proto 4 */
  resourceVersion?: string;
  /** Key that holds the configuration. @proto 5 */
  kubeletConfigKey: string;
}

/** Keys of a ConfigMap as files in a projected volume. @protoEmbed localObjectReference 1 */
export interface ConfigMapProjection extends LocalObjectReference {
  /**
   * Only these keys, each as a file at its path; all keys if absent. Naming a missing key is an error.
   * @proto 2 @listType atomic
   */
  items?: KeyToPath[];
  /** Accept that the ConfigMap or its keys are missing. @proto 4 @pointer */
  optional?: boolean;
}

/** A volume with the keys of a ConfigMap as files. @protoEmbed localObjectReference 1 */
export interface ConfigMapVolumeSource extends LocalObjectReference {
  /**
   * Only these keys, each as a file at its path; all keys if absent. Naming a missing key is an error.
   * @proto 2 @listType atomic
   */
  items?: KeyToPath[];
  /** Permission bits of the files, octal in YAML; 0644 unless set. @proto 3 @pointer */
  defaultMode?: Int32;
  /** Accept that the ConfigMap or its keys are missing. @proto 4 @pointer */
  optional?: boolean;
}

/** One process image that runs in a pod, with what it is given and what it may use. */
export interface Container {
  /** Unique among the pod's containers; a DNS label. Cannot change. @proto 1 */
  name: string;
  /** Image reference, such as `registry.example/app:1.2`. @proto 2 */
  image?: string;
  /**
   * Replaces the image's entry point; run without a shell. `$(NAME)` takes a variable's value, `$$(NAME)`
   * stays as it is.
   * @proto 3 @listType atomic
   */
  command?: string[];
  /**
   * Arguments of the entry point, instead of the image's. Variables expand as in `command`.
   * @proto 4 @listType atomic
   */
  args?: string[];
  /** Directory to start in; the image's unless set. @proto 5 */
  workingDir?: string;
  /**
   * Ports the process listens on. For information and for names to refer to; other ports stay reachable.
   * @proto 6 @listType map @listMapKey containerPort @listMapKey protocol @patchStrategy merge @patchMergeKey containerPort
   */
  ports?: ContainerPort[];
  /**
   * Environment of the process; later entries may use earlier ones as `$(NAME)`.
   * @proto 7 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  env?: EnvVar[];
  /** CPU, memory and other resources the container asks for and may use. @proto 8 */
  resources?: ResourceRequirements;
  /**
   * Where the pod's volumes appear in the file system.
   * @proto 9 @listType map @listMapKey mountPath @patchStrategy merge @patchMergeKey mountPath
   */
  volumeMounts?: VolumeMount[];
  /** Checks that the process still works; the container is restarted when it fails. @proto 10 @pointer */
  livenessProbe?: Probe;
  /**
   * Checks that requests can be served; without it passing the pod gets no traffic from Services.
   * @proto 11 @pointer
   */
  readinessProbe?: Probe;
  /** Hooks after start and before stop. @proto 12 @pointer */
  lifecycle?: Lifecycle;
  /**
   * File whose last content becomes the message of the ended container; `/dev/termination-log` unless set.
   * @proto 13
   */
  terminationMessagePath?: string;
  /**
   * `Always`, `IfNotPresent` or `Never`. Default: `Always` for tag latest or none, else `IfNotPresent`.
   * @proto 14
   */
  imagePullPolicy?: string;
  /** Rights of the process; wins over the pod's settings of the same name. @proto 15 @pointer */
  securityContext?: SecurityContext;
  /** Keep standard input open for attach; without it reads see end of file. @proto 16 */
  stdin?: boolean;
  /** Close standard input after the first client that attached has gone. @proto 17 */
  stdinOnce?: boolean;
  /** Give the process a terminal; needs `stdin`. @proto 18 */
  tty?: boolean;
  /**
   * Sources whose pairs all become environment variables; `env` wins over them, later ones over earlier ones.
   * @proto 19 @listType atomic
   */
  envFrom?: EnvFromSource[];
  /**
   * `File` reads the message file; `FallbackToLogsOnError` takes the end of the log if it is empty after a
   * failure.
   * @proto 20
   */
  terminationMessagePolicy?: string;
  /**
   * Where block volumes appear as devices.
   * @proto 21 @listType map @listMapKey devicePath @patchStrategy merge @patchMergeKey devicePath
   */
  volumeDevices?: VolumeDevice[];
  /** Holds back the other probes until it passes; the container is restarted if it never does. @proto 22 @pointer */
  startupProbe?: Probe;
  /** Whether changing a resource in place needs a restart. @proto 23 @listType atomic */
  resizePolicy?: ContainerResizePolicy[];
  /**
   * Own restart policy. `Always` on an init container makes it a sidecar that runs beside the main ones.
   * @proto 24 @pointer
   */
  restartPolicy?: string;
  /** Rules on exit codes tried in order before `restartPolicy`; at most 20. @proto 25 @listType atomic */
  restartPolicyRules?: ContainerRestartRule[];
}

/** Maps an extended resource of a container to the device request that serves it. */
export interface ContainerExtendedResourceRequest {
  /** The container. @proto 1 */
  containerName: string;
  /** The extended resource. @proto 2 */
  resourceName: string;
  /** The request inside the generated ResourceClaim. @proto 3 */
  requestName: string;
}

/** An image that a node has stored. */
export interface ContainerImage {
  /** Names and digests the image is known by. @proto 1 @listType atomic */
  names?: string[] | null;
  /** Size in bytes. @proto 2 */
  sizeBytes?: Int64;
}

/** A port on which a container listens. */
export interface ContainerPort {
  /**
   * Name that Services and probes may use; unique in the pod, up to 15 lower case letters, digits and dashes.
   * @proto 1
   */
  name?: string;
  /** Port on the node that leads here, 1 to 65535; with `hostNetwork` equal to `containerPort`. @proto 2 */
  hostPort?: Int32;
  /** Port in the pod's network, 1 to 65535. @proto 3 */
  containerPort: Int32;
  /** `TCP` (default), `UDP` or `SCTP`. @proto 4 @default "TCP" */
  protocol?: string;
  /** Address of the node to bind `hostPort` to; all if empty. @proto 5 */
  hostIP?: string;
}

/** What changing one resource of a running container takes. */
export interface ContainerResizePolicy {
  /** `cpu` or `memory`. @proto 1 */
  resourceName: string;
  /** `NotRequired` changes it in place, `RestartContainer` restarts. @proto 2 */
  restartPolicy: string;
}

/** A rule that decides on a restart from how the container ended. */
export interface ContainerRestartRule {
  /** `Restart` or `RestartAllContainers`: done when the rule fits. @proto 1 @omitEmpty */
  action: string;
  /** Exit codes the rule is about. @proto 2 @pointer */
  exitCodes?: ContainerRestartRuleOnExitCodes;
}

/** A set of exit codes to compare with. */
export interface ContainerRestartRuleOnExitCodes {
  /** `In` or `NotIn`. @proto 1 @omitEmpty */
  operator: string;
  /** Up to 255 exit codes. @proto 2 @listType set */
  values?: Int32[];
}

/** What a container is doing; exactly one member is set, `waiting` if none. */
export interface ContainerState {
  /** It is not running yet, or not running again yet. @proto 1 @pointer */
  waiting?: ContainerStateWaiting;
  /** It runs. @proto 2 @pointer */
  running?: ContainerStateRunning;
  /** It has ended. @proto 3 @pointer */
  terminated?: ContainerStateTerminated;
}

/** A running container. */
export interface ContainerStateRunning {
  /** When it was started. @proto 1 */
  startedAt?: Time | null;
}

/** A container that has ended. */
export interface ContainerStateTerminated {
  /** Exit code of the process. @proto 1 */
  exitCode: Int32;
  /** Number of the signal that ended it. @proto 2 */
  signal?: Int32;
  /** One word, such as `Completed`, `Error` or `OOMKilled`. @proto 3 */
  reason?: string;
  /** Termination message or the tail of the log. @proto 4 */
  message?: string;
  /** When this run began. @proto 5 */
  startedAt?: Time | null;
  /** When this run ended. @proto 6 */
  finishedAt?: Time | null;
  /** ID in the runtime, as `<runtime>://<id>`. @proto 7 */
  containerID?: string;
}

/** A container that is about to run. */
export interface ContainerStateWaiting {
  /** One word, such as `ContainerCreating`, `ImagePullBackOff` or `CrashLoopBackOff`. @proto 1 */
  reason?: string;
  /** What it waits for, for people. @proto 2 */
  message?: string;
}

/** State of one container as its node reports it. */
export interface ContainerStatus {
  /** Name from the pod's spec. @proto 1 */
  name: string;
  /** What it is doing now. @proto 2 */
  state?: ContainerState;
  /** How its previous run ended. @proto 3 */
  lastState?: ContainerState;
  /** Whether its readiness probe passes; true without a probe while it runs. @proto 4 */
  ready: boolean;
  /** Number of restarts; may fall back to 0 when the node loses its records. @proto 5 */
  restartCount: Int32;
  /** Image it runs, as the runtime names it. @proto 6 */
  image: string;
  /** Digest of the image. @proto 7 */
  imageID: string;
  /** ID in the runtime, as `<runtime>://<id>`. @proto 8 */
  containerID?: string;
  /** Whether the startup probe has passed and the post-start hook is done. @proto 9 @pointer */
  started?: boolean;
  /** Requests that the node has granted. @proto 10 */
  allocatedResources?: Record<string, Quantity>;
  /** Requests and limits in force on the running container. @proto 11 @pointer */
  resources?: ResourceRequirements;
  /**
   * Mounts as they were made.
   * @proto 12 @listType map @listMapKey mountPath @patchStrategy merge @patchMergeKey mountPath
   */
  volumeMounts?: VolumeMountStatus[];
  /** User and groups its first process began with. @proto 13 @pointer */
  user?: ContainerUser;
  /**
   * Health of the devices it has been given.
   * @proto 14 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  allocatedResourcesStatus?: ResourceStatus[];
  /** Signal that will be sent to stop it. @proto 15 @pointer */
  stopSignal?: string;
}

/** Identity of a container's first process. */
export interface ContainerUser {
  /** The identity in Linux terms. @proto 1 @pointer */
  linux?: LinuxContainerUser;
}

/** Where a daemon listens. */
export interface DaemonEndpoint {
  /** Port number. @proto 1 */
  Port: Int32;
}

/** Fields of the pod as files in a projected volume. */
export interface DownwardAPIProjection {
  /** The files. @proto 1 @listType atomic */
  items?: DownwardAPIVolumeFile[];
}

/** A file that holds a field of the pod or a resource of a container. */
export interface DownwardAPIVolumeFile {
  /** File name relative to the volume; without `..`. @proto 1 */
  path: string;
  /** Field of the pod: annotations, labels, name, namespace or uid. @proto 2 @pointer */
  fieldRef?: ObjectFieldSelector;
  /** Resource limit or request of a container. @proto 3 @pointer */
  resourceFieldRef?: ResourceFieldSelector;
  /** Permission bits of this file; the volume's default unless set. @proto 4 @pointer */
  mode?: Int32;
}

/** A volume with fields of the pod as files. */
export interface DownwardAPIVolumeSource {
  /** The files. @proto 1 @listType atomic */
  items?: DownwardAPIVolumeFile[];
  /** Permission bits of the files, octal in YAML; 0644 unless set. @proto 2 @pointer */
  defaultMode?: Int32;
}

/** An empty directory that lives as long as the pod. */
export interface EmptyDirVolumeSource {
  /** Empty for the node's disk, `Memory` for tmpfs, `HugePages` or `HugePages-<size>`. @proto 1 */
  medium?: string;
  /** Upper limit of its size; the pod is evicted when it is exceeded, tmpfs cannot grow past it. @proto 2 @pointer */
  sizeLimit?: Quantity;
}

/** One address behind a Service. @mapType atomic */
export interface EndpointAddress {
  /** The address; not loopback or link-local. @proto 1 */
  ip: string;
  /** Object that has this address, most often a pod. @proto 2 @pointer */
  targetRef?: ObjectReference;
  /** Host name of the endpoint inside the Service's domain. @proto 3 */
  hostname?: string;
  /** Node where the endpoint runs. @proto 4 @pointer */
  nodeName?: string;
}

/** One port of the endpoints. @mapType atomic */
export interface EndpointPort {
  /** Name of the Service's port; may be empty if there is only one. @proto 1 */
  name?: string;
  /** Port number at the endpoint. @proto 2 */
  port: Int32;
  /** `TCP`, `UDP` or `SCTP`; `TCP` unless set. @proto 3 */
  protocol?: string;
  /**
   * Application protocol, as a registered name or a `kubernetes.io/` name such as `kubernetes.io/h2c`.
   * @proto 4 @pointer
   */
  appProtocol?: string;
}

/** Addresses that share the same ports; the product of both is meant. */
export interface EndpointSubset {
  /** Addresses that are ready for traffic. @proto 1 @listType atomic */
  addresses?: EndpointAddress[];
  /** Addresses that are not ready yet or failed their check. @proto 2 @listType atomic */
  notReadyAddresses?: EndpointAddress[];
  /** Ports at these addresses. @proto 3 @listType atomic */
  ports?: EndpointPort[];
}

/**
 * Addresses behind a Service, in the old form. Deprecated: see EndpointSlice.
 * @kind @resource endpoints @scope Namespaced @shortNames ep
 */
export interface Endpoints {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Groups of addresses and ports. @proto 2 @listType atomic */
  subsets?: EndpointSubset[];
}

/** Many Endpoints objects, as one answer. @kind */
export interface EndpointsList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Endpoints objects. @proto 2 */
  items: Endpoints[];
}

/** A source whose pairs all become environment variables. */
export interface EnvFromSource {
  /** Put before each key. @proto 1 */
  prefix?: string;
  /** A ConfigMap. @proto 2 @pointer */
  configMapRef?: ConfigMapEnvSource;
  /** A Secret. @proto 3 @pointer */
  secretRef?: SecretEnvSource;
}

/** One environment variable. */
export interface EnvVar {
  /** Its name; any printable ASCII but `=`. @proto 1 */
  name: string;
  /**
   * Its value. `$(NAME)` is replaced by an earlier variable, `$$(NAME)` stays. Excludes `valueFrom`.
   * @proto 2
   */
  value?: string;
  /** Where its value comes from. @proto 3 @pointer */
  valueFrom?: EnvVarSource;
}

/** Where the value of a variable comes from; exactly one member is set. */
export interface EnvVarSource {
  /** A field of the pod, such as `metadata.name`, `spec.nodeName` or `status.podIP`. @proto 1 @pointer */
  fieldRef?: ObjectFieldSelector;
  /** A resource limit or request of a container. @proto 2 @pointer */
  resourceFieldRef?: ResourceFieldSelector;
  /** A key of a ConfigMap. @proto 3 @pointer */
  configMapKeyRef?: ConfigMapKeySelector;
  /** A key of a Secret. @proto 4 @pointer */
  secretKeyRef?: SecretKeySelector;
  /** A key of a file of assignments in a volume. @proto 5 @pointer */
  fileKeyRef?: FileKeySelector;
}

/**
 * A container added to a running pod for debugging; never restarted, takes no ports or probes.
 * @protoEmbed ephemeralContainerCommon 1
 */
export interface EphemeralContainer extends EphemeralContainerCommon {
  /** Container whose process namespace it enters; its own if empty. @proto 2 */
  targetContainerName?: string;
}

/** What an ephemeral container has in common with a container. @protoOnly */
export interface EphemeralContainerCommon {
  /** Unique among the pod's containers; a DNS label. Cannot change. @proto 1 */
  name: string;
  /** Image reference, such as `registry.example/app:1.2`. @proto 2 */
  image?: string;
  /**
   * Replaces the image's entry point; run without a shell. `$(NAME)` takes a variable's value, `$$(NAME)`
   * stays as it is.
   * @proto 3 @listType atomic
   */
  command?: string[];
  /**
   * Arguments of the entry point, instead of the image's. Variables expand as in `command`.
   * @proto 4 @listType atomic
   */
  args?: string[];
  /** Directory to start in; the image's unless set. @proto 5 */
  workingDir?: string;
  /**
   * Ports the process listens on. For information and for names to refer to; other ports stay reachable.
   * @proto 6 @listType map @listMapKey containerPort @listMapKey protocol @patchStrategy merge @patchMergeKey containerPort
   */
  ports?: ContainerPort[];
  /**
   * Environment of the process; later entries may use earlier ones as `$(NAME)`.
   * @proto 7 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  env?: EnvVar[];
  /** CPU, memory and other resources the container asks for and may use. @proto 8 */
  resources?: ResourceRequirements;
  /**
   * Where the pod's volumes appear in the file system.
   * @proto 9 @listType map @listMapKey mountPath @patchStrategy merge @patchMergeKey mountPath
   */
  volumeMounts?: VolumeMount[];
  /** Checks that the process still works; the container is restarted when it fails. @proto 10 @pointer */
  livenessProbe?: Probe;
  /**
   * Checks that requests can be served; without it passing the pod gets no traffic from Services.
   * @proto 11 @pointer
   */
  readinessProbe?: Probe;
  /** Hooks after start and before stop. @proto 12 @pointer */
  lifecycle?: Lifecycle;
  /**
   * File whose last content becomes the message of the ended container; `/dev/termination-log` unless set.
   * @proto 13
   */
  terminationMessagePath?: string;
  /**
   * `Always`, `IfNotPresent` or `Never`. Default: `Always` for tag latest or none, else `IfNotPresent`.
   * @proto 14
   */
  imagePullPolicy?: string;
  /** Rights of the process; wins over the pod's settings of the same name. @proto 15 @pointer */
  securityContext?: SecurityContext;
  /** Keep standard input open for attach; without it reads see end of file. @proto 16 */
  stdin?: boolean;
  /** Close standard input after the first client that attached has gone. @proto 17 */
  stdinOnce?: boolean;
  /** Give the process a terminal; needs `stdin`. @proto 18 */
  tty?: boolean;
  /**
   * Sources whose pairs all become environment variables; `env` wins over them, later ones over earlier ones.
   * @proto 19 @listType atomic
   */
  envFrom?: EnvFromSource[];
  /**
   * `File` reads the message file; `FallbackToLogsOnError` takes the end of the log if it is empty after a
   * failure.
   * @proto 20
   */
  terminationMessagePolicy?: string;
  /**
   * Where block volumes appear as devices.
   * @proto 21 @listType map @listMapKey devicePath @patchStrategy merge @patchMergeKey devicePath
   */
  volumeDevices?: VolumeDevice[];
  /** Holds back the other probes until it passes; the container is restarted if it never does. @proto 22 @pointer */
  startupProbe?: Probe;
  /** Whether changing a resource in place needs a restart. @proto 23 @listType atomic */
  resizePolicy?: ContainerResizePolicy[];
  /**
   * Own restart policy. `Always` on an init container makes it a sidecar that runs beside the main ones.
   * @proto 24 @pointer
   */
  restartPolicy?: string;
  /** Rules on exit codes tried in order before `restartPolicy`; at most 20. @proto 25 @listType atomic */
  restartPolicyRules?: ContainerRestartRule[];
}

/** A volume with a claim of its own that is made for the pod and goes with it. */
export interface EphemeralVolumeSource {
  /** The claim to make, named `<pod>-<volume>`. Required, cannot change. @proto 1 @pointer */
  volumeClaimTemplate?: PersistentVolumeClaimTemplate;
}

/**
 * A note that something happened to an object; kept for about an hour.
 * @kind @resource events @scope Namespaced @shortNames ev
 */
export interface Event {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 */
  metadata: ObjectMeta;
  /** Object the event is about. @proto 2 */
  involvedObject: ObjectReference;
  /** One CamelCase word for programs, such as `Scheduled`. @proto 3 */
  reason?: string;
  /** What happened, for people. @proto 4 */
  message?: string;
  /** Who reported it, in the old form. @proto 5 */
  source?: EventSource;
  /** When it was first seen. @proto 6 */
  firstTimestamp?: Time | null;
  /** When it was last seen. @proto 7 */
  lastTimestamp?: Time | null;
  /** How many times it has been seen. @proto 8 */
  count?: Int32;
  /** `Normal` or `Warning`; others may come. @proto 9 */
  type?: string;
  /** When it was first seen, to the microsecond. @proto 10 */
  eventTime?: MicroTime | null;
  /** Set while the event repeats; empty for a single one. @proto 11 @pointer */
  series?: EventSeries;
  /** What was done or failed, for programs. @proto 12 */
  action?: string;
  /** A second object, for events about two. @proto 13 @pointer */
  related?: ObjectReference;
  /** Name of the controller that reports, such as `kubernetes.io/kubelet`. @proto 14 @printed */
  reportingComponent?: string;
  /** Which copy of the controller reports. @proto 15 @printed */
  reportingInstance?: string;
}

/** Many Event objects, as one answer. @kind */
export interface EventList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Event objects. @proto 2 */
  items: Event[];
}

/** Repetitions of an event. */
export interface EventSeries {
  /** Repetitions so far. @proto 1 */
  count?: Int32;
  /** When it was seen last. @proto 2 */
  lastObservedTime?: MicroTime | null;
}

/** Who reported an event. */
export interface EventSource {
  /** Name of the component. @proto 1 */
  component?: string;
  /** Node the component runs on. @proto 2 */
  host?: string;
}

/** Runs a command inside the container; exit code 0 is success. */
export interface ExecAction {
  /** Command and arguments, run without a shell from `/`. @proto 1 @listType atomic */
  command?: string[];
}

/** A Fibre Channel disk. */
export interface FCVolumeSource {
  /** World wide names of the targets. @proto 1 @listType atomic */
  targetWWNs?: string[];
  /** Logical unit number. @proto 2 @pointer */
  lun?: Int32;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 3 */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 4 */
  readOnly?: boolean;
  /** World wide identifiers; either these or `targetWWNs` with `lun`. @proto 5 @listType atomic */
  wwids?: string[];
}

/** One key of a file of assignments in a volume. @mapType atomic */
export interface FileKeySelector {
  /** Volume the file is in. @proto 1 */
  volumeName: string;
  /** Relative path of the file, without `..`. @proto 2 */
  path: string;
  /** Name to look up in the file. @proto 3 */
  key: string;
  /** Accept that the file or the key is missing. @proto 4 @pointer @default false */
  optional?: boolean;
}

/** A volume served by an exec-based plugin, for a persistent volume. Deprecated: use CSI. */
export interface FlexPersistentVolumeSource {
  /** Name of the plugin. @proto 1 */
  driver: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 2 */
  fsType?: string;
  /** Secret with the credentials for the storage server. @proto 3 @pointer */
  secretRef?: SecretReference;
  /** Mount without the right to write; off by default. @proto 4 */
  readOnly?: boolean;
  /** Further options passed to the plugin. @proto 5 */
  options?: Record<string, string>;
}

/** A volume served by an exec-based plugin. Deprecated: use CSI. */
export interface FlexVolumeSource {
  /** Name of the plugin. @proto 1 */
  driver: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 2 */
  fsType?: string;
  /** Secret with the credentials for the storage server. @proto 3 @pointer */
  secretRef?: LocalObjectReference;
  /** Mount without the right to write; off by default. @proto 4 */
  readOnly?: boolean;
  /** Further options passed to the plugin. @proto 5 */
  options?: Record<string, string>;
}

/** A Flocker data set. No longer supported. */
export interface FlockerVolumeSource {
  /** Name of the data set. Deprecated. @proto 1 */
  datasetName?: string;
  /** UUID of the data set. @proto 2 */
  datasetUUID?: string;
}

/** A Google Compute Engine disk. Deprecated: goes to the CSI driver. */
export interface GCEPersistentDiskVolumeSource {
  /** Name of the disk. @proto 1 */
  pdName: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 2 */
  fsType?: string;
  /** Partition number to mount; 0 or absent for the whole disk. @proto 3 */
  partition?: Int32;
  /** Mount without the right to write; off by default. @proto 4 */
  readOnly?: boolean;
}

/** Asks the gRPC health service. */
export interface GRPCAction {
  /** Port of the gRPC server, 1 to 65535. @proto 1 */
  port: Int32;
  /** Service name to put into the health request; empty for the server as a whole. @proto 2 @pointer @default "" @printed */
  service?: string;
}

/** A directory filled from a git repository. Deprecated and off; clone in an init container. */
export interface GitRepoVolumeSource {
  /** URL of the repository. @proto 1 */
  repository: string;
  /** Commit to check out. @proto 2 */
  revision?: string;
  /** Target directory; `.` for the volume itself, without `..`. @proto 3 */
  directory?: string;
}

/** A Glusterfs mount for a persistent volume. No longer supported. */
export interface GlusterfsPersistentVolumeSource {
  /** Endpoints object that lists the servers. @proto 1 */
  endpoints: string;
  /** Name of the Glusterfs volume. @proto 2 */
  path: string;
  /** Mount without the right to write; off by default. @proto 3 */
  readOnly?: boolean;
  /** Namespace of the Endpoints; that of the claim if empty. @proto 4 @pointer */
  endpointsNamespace?: string;
}

/** A Glusterfs mount. No longer supported. */
export interface GlusterfsVolumeSource {
  /** Endpoints object that lists the servers. @proto 1 */
  endpoints: string;
  /** Name of the Glusterfs volume. @proto 2 */
  path: string;
  /** Mount without the right to write; off by default. @proto 3 */
  readOnly?: boolean;
}

/** Sends an HTTP GET; status 200 to 399 is success. */
export interface HTTPGetAction {
  /** Path to ask for; `/` unless set. @proto 1 */
  path?: string;
  /** Port number, or name of a container port. @proto 2 */
  port: IntOrString;
  /** Host to connect to; the pod's IP unless set. Use a Host header to name a virtual host. @proto 3 */
  host?: string;
  /** `HTTP` (default) or `HTTPS`; certificates are not checked. @proto 4 */
  scheme?: string;
  /** Headers to send; names may repeat. @proto 5 @listType atomic */
  httpHeaders?: HTTPHeader[];
}

/** One header of a request. */
export interface HTTPHeader {
  /** Header name. @proto 1 */
  name: string;
  /** Header value. @proto 2 */
  value: string;
}

/** One line of the pod's hosts file. */
export interface HostAlias {
  /** Address. @proto 1 */
  ip: string;
  /** Names for the address. @proto 2 @listType atomic */
  hostnames?: string[];
}

/** One address of a node. */
export interface HostIP {
  /** The address. @proto 1 */
  ip: string;
}

/** A file or directory of the node. Powerful; prefer anything else. */
export interface HostPathVolumeSource {
  /** Path on the node; links are followed. @proto 1 */
  path: string;
  /**
   * Check before mounting: empty for none, `DirectoryOrCreate`, `Directory`, `FileOrCreate`, `File`,
   * `Socket`, `CharDevice`, `BlockDevice`.
   * @proto 2 @pointer
   */
  type?: string;
}

/** An iSCSI disk for a persistent volume. */
export interface ISCSIPersistentVolumeSource {
  /** Address of the portal, with port unless 860 or 3260. @proto 1 */
  targetPortal: string;
  /** Qualified name of the target. @proto 2 */
  iqn: string;
  /** Logical unit number. @proto 3 */
  lun: Int32;
  /** Interface to use; `default` for TCP. @proto 4 @default "default" */
  iscsiInterface?: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 5 */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 6 */
  readOnly?: boolean;
  /** Further portals for multipath. @proto 7 @listType atomic */
  portals?: string[];
  /** Use CHAP for discovery. @proto 8 */
  chapAuthDiscovery?: boolean;
  /** Secret with the credentials for the storage server. @proto 10 @pointer */
  secretRef?: SecretReference;
  /** Use CHAP for the session. @proto 11 */
  chapAuthSession?: boolean;
  /** Own initiator name; makes a new interface for this target. @proto 12 @pointer */
  initiatorName?: string;
}

/** An iSCSI disk. */
export interface ISCSIVolumeSource {
  /** Address of the portal, with port unless 860 or 3260. @proto 1 */
  targetPortal: string;
  /** Qualified name of the target. @proto 2 */
  iqn: string;
  /** Logical unit number. @proto 3 */
  lun: Int32;
  /** Interface to use; `default` for TCP. @proto 4 @default "default" */
  iscsiInterface?: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 5 */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 6 */
  readOnly?: boolean;
  /** Further portals for multipath. @proto 7 @listType atomic */
  portals?: string[];
  /** Use CHAP for discovery. @proto 8 */
  chapAuthDiscovery?: boolean;
  /** Secret with the credentials for the storage server. @proto 10 @pointer */
  secretRef?: LocalObjectReference;
  /** Use CHAP for the session. @proto 11 */
  chapAuthSession?: boolean;
  /** Own initiator name; makes a new interface for this target. @proto 12 @pointer */
  initiatorName?: string;
}

/** An OCI image or artifact, mounted read-only as a directory. */
export interface ImageVolumeSource {
  /** Image reference, as in a container's `image`; pull secrets apply alike. @proto 1 */
  reference?: string;
  /**
   * `Always`, `IfNotPresent` or `Never`. Default: `Always` for tag latest or none, else `IfNotPresent`.
   * @proto 2
   */
  pullPolicy?: string;
}

/** The image that backs a volume. */
export interface ImageVolumeStatus {
  /** Digest of the image in use; up to 256 characters. @proto 1 @omitEmpty */
  imageRef: string;
}

/** One key as a file. */
export interface KeyToPath {
  /** The key. @proto 1 */
  key: string;
  /** File name relative to the volume; without `..`. @proto 2 */
  path: string;
  /** Permission bits of this file; the volume's default unless set. @proto 3 @pointer */
  mode?: Int32;
}

/** Hooks that run inside or against the container around its life. */
export interface Lifecycle {
  /** Runs right after the start, beside the entry point; the container is killed if it fails. @proto 1 @pointer */
  postStart?: LifecycleHandler;
  /**
   * Runs before the stop signal and counts against the grace period; not run when the process ended by
   * itself.
   * @proto 2 @pointer
   */
  preStop?: LifecycleHandler;
  /** Signal that stops the container, such as `SIGTERM`; needs `spec.os.name`. @proto 3 @pointer */
  stopSignal?: string;
}

/** What a hook does; exactly one member is set. */
export interface LifecycleHandler {
  /** Run a command in the container. @proto 1 @pointer */
  exec?: ExecAction;
  /** Send an HTTP request. @proto 2 @pointer */
  httpGet?: HTTPGetAction;
  /** Not supported by hooks; kept for old objects. @proto 3 @pointer */
  tcpSocket?: TCPSocketAction;
  /** Wait. @proto 4 @pointer */
  sleep?: SleepAction;
}

/**
 * Limits and defaults for resources of single objects in a namespace.
 * @kind @resource limitranges @scope Namespaced @shortNames limits
 */
export interface LimitRange {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The limits. @proto 2 @optional */
  spec: LimitRangeSpec;
}

/** Limits for one type of thing. */
export interface LimitRangeItem {
  /** `Pod`, `Container` or `PersistentVolumeClaim`. @proto 1 */
  type: string;
  /** Highest allowed amount by resource. @proto 2 */
  max?: Record<string, Quantity>;
  /** Lowest allowed amount by resource. @proto 3 */
  min?: Record<string, Quantity>;
  /** Limit for containers that set none. @proto 4 */
  default?: Record<string, Quantity>;
  /** Request for containers that set none. @proto 5 */
  defaultRequest?: Record<string, Quantity>;
  /** Highest allowed quotient of limit and request; both must then be set. @proto 6 */
  maxLimitRequestRatio?: Record<string, Quantity>;
}

/** Many LimitRange objects, as one answer. @kind */
export interface LimitRangeList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The LimitRange objects. @proto 2 */
  items: LimitRange[];
}

/** What a LimitRange enforces. */
export interface LimitRangeSpec {
  /** One entry per type. @proto 1 @listType atomic */
  limits: LimitRangeItem[] | null;
}

/** User and groups in Linux terms. */
export interface LinuxContainerUser {
  /** User ID. @proto 1 */
  uid: Int64;
  /** Primary group ID. @proto 2 */
  gid: Int64;
  /** Further group IDs. @proto 3 @listType atomic */
  supplementalGroups?: Int64[];
}

/** Objects of any kinds in one document. @protoOnly */
export interface List {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 */
  metadata?: ListMeta;
  /** The objects. @proto 2 */
  items?: RawExtension[];
}

/** One point where a load balancer takes traffic. */
export interface LoadBalancerIngress {
  /** Its address, if it has one. @proto 1 */
  ip?: string;
  /** Its DNS name, if it has one. @proto 2 */
  hostname?: string;
  /**
   * `VIP`: nodes may short-circuit traffic to the address; `Proxy`: it has to pass the load balancer.
   * @proto 3 @pointer
   */
  ipMode?: string;
  /** State of its ports. @proto 4 @listType atomic */
  ports?: PortStatus[];
}

/** State of a load balancer. */
export interface LoadBalancerStatus {
  /** Points where it takes traffic. @proto 1 @listType atomic */
  ingress?: LoadBalancerIngress[];
}

/** Names an object in the same namespace. @mapType atomic */
export interface LocalObjectReference {
  /** Name of the object in the same namespace. @proto 1 @default "" */
  name?: string;
}

/** A disk, partition or directory of one node; the volume needs node affinity. */
export interface LocalVolumeSource {
  /** Path on the node. @proto 1 */
  path: string;
  /** File system to mount for a block device; guessed if empty. @proto 2 @pointer */
  fsType?: string;
}

/** How far a change of volume attributes class has come. */
export interface ModifyVolumeStatus {
  /** Class that is being changed to. @proto 1 */
  targetVolumeAttributesClassName?: string;
  /** `Pending`, `InProgress` or `Infeasible`. @proto 2 */
  status: string;
}

/** An NFS export. */
export interface NFSVolumeSource {
  /** Host name or address of the server. @proto 1 */
  server: string;
  /** Exported path. @proto 2 */
  path: string;
  /** Mount without the right to write; off by default. @proto 3 */
  readOnly?: boolean;
}

/**
 * A space of names; most objects live in one, and go with it.
 * @kind @resource namespaces @scope Cluster @shortNames ns
 */
export interface Namespace {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What the namespace should be. @proto 2 @optional */
  spec: NamespaceSpec;
  /** What the namespace is. @proto 3 */
  status?: NamespaceStatus;
}

/** One aspect of how the removal of a namespace goes. */
export interface NamespaceCondition {
  /** Such as `NamespaceDeletionContentFailure` or `NamespaceContentRemaining`. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When `status` last took another value. @proto 4 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 5 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 6 */
  message?: string;
}

/** Many Namespace objects, as one answer. @kind */
export interface NamespaceList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Namespace objects. @proto 2 */
  items: Namespace[];
}

/** Desired state of a namespace. */
export interface NamespaceSpec {
  /**
   * Names that must be taken off before the namespace goes, `kubernetes` among them.
   * @proto 1 @listType atomic
   */
  finalizers?: string[];
}

/** Observed state of a namespace. */
export interface NamespaceStatus {
  /** `Active`, or `Terminating` once it has been deleted. @proto 1 */
  phase?: string;
  /**
   * What stands in the way of its removal.
   * @proto 2 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: NamespaceCondition[];
}

/** A machine that runs pods. @kind @resource nodes @scope Cluster @shortNames no */
export interface Node {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What the node should do. @proto 2 @optional */
  spec: NodeSpec;
  /** What the node reports; most of it comes from its kubelet. @proto 3 */
  status?: NodeStatus;
}

/** One address of a node. */
export interface NodeAddress {
  /** `Hostname`, `InternalIP`, `ExternalIP`, `InternalDNS` or `ExternalDNS`. @proto 1 */
  type: string;
  /** The address or name. @proto 2 */
  address: string;
}

/** Rules on node labels. */
export interface NodeAffinity {
  /** Nodes must fit when the pod is placed; later changes do not move it. @proto 1 @pointer */
  requiredDuringSchedulingIgnoredDuringExecution?: NodeSelector;
  /** Nodes that fit score higher by the weights of the terms they meet. @proto 2 @listType atomic */
  preferredDuringSchedulingIgnoredDuringExecution?: PreferredSchedulingTerm[];
}

/** Node resources, such as CPU, that a pod holds through a claim. */
export interface NodeAllocatableResourceClaimStatus {
  /** The claim. @proto 1 */
  resourceClaimName: string;
  /** Containers that refer to the claim. @proto 2 @listType set */
  containers?: string[];
  /** Amounts that were granted. @proto 3 */
  resources: Record<string, Quantity> | null;
}

/** One aspect of a node's health. */
export interface NodeCondition {
  /** Such as `Ready`, `MemoryPressure`, `DiskPressure`, `PIDPressure` or `NetworkUnavailable`. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When the reporter last confirmed the condition. @proto 3 */
  lastHeartbeatTime?: Time | null;
  /** When `status` last took another value. @proto 4 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 5 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 6 */
  message?: string;
}

/** Where a kubelet's configuration came from. No longer used. */
export interface NodeConfigSource {
  /** A ConfigMap. @proto 2 @pointer */
  configMap?: ConfigMapNodeConfigSource;
}

/** State of dynamic kubelet configuration. No longer used. */
export interface NodeConfigStatus {
  /** Configuration the node is going to use. @proto 1 @pointer */
  assigned?: NodeConfigSource;
  /** Configuration in use. @proto 2 @pointer */
  active?: NodeConfigSource;
  /** Configuration to fall back to. @proto 3 @pointer */
  lastKnownGood?: NodeConfigSource;
  /** What went wrong with the assigned one. @proto 4 */
  error?: string;
}

/** Ports of daemons on a node. */
export interface NodeDaemonEndpoints {
  /** Where the kubelet listens. @proto 1 */
  kubeletEndpoint?: DaemonEndpoint;
}

/** What a node's runtime can do. */
export interface NodeFeatures {
  /** Whether `supplementalGroupsPolicy` and reported container users are supported. @proto 1 @pointer */
  supplementalGroupsPolicy?: boolean;
}

/** Many Node objects, as one answer. @kind */
export interface NodeList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Node objects. @proto 2 */
  items: Node[];
}

/** Query parameters of a proxy request to a node. @protoOnly */
export interface NodeProxyOptions {
  /** Path to ask the node for. @proto 1 */
  path?: string;
}

/** One runtime handler of a node. */
export interface NodeRuntimeHandler {
  /** Name of the handler; empty for the default. @proto 1 @printed */
  name?: string;
  /** What it can do. @proto 2 @pointer */
  features?: NodeRuntimeHandlerFeatures;
}

/** Abilities of a runtime handler. */
export interface NodeRuntimeHandlerFeatures {
  /** Whether recursive read-only mounts work. @proto 1 @pointer */
  recursiveReadOnlyMounts?: boolean;
  /** Whether user namespaces, volumes included, work. @proto 2 @pointer */
  userNamespaces?: boolean;
}

/** A set of nodes: those that meet at least one term. @mapType atomic */
export interface NodeSelector {
  /** The terms; one is enough. @proto 1 @listType atomic */
  nodeSelectorTerms: NodeSelectorTerm[];
}

/** A condition on one node label or field. */
export interface NodeSelectorRequirement {
  /** Label or field it looks at. @proto 1 */
  key: string;
  /** `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`. @proto 2 */
  operator: string;
  /**
   * Values for the operator: at least one for `In` and `NotIn`, one whole number for `Gt` and `Lt`, else
   * none.
   * @proto 3 @listType atomic
   */
  values?: string[];
}

/** Conditions that must all be met; an empty term fits no node. @mapType atomic */
export interface NodeSelectorTerm {
  /** Conditions on labels. @proto 1 @listType atomic */
  matchExpressions?: NodeSelectorRequirement[];
  /** Conditions on fields; only `metadata.name`. @proto 2 @listType atomic */
  matchFields?: NodeSelectorRequirement[];
}

/** Desired state of a node. */
export interface NodeSpec {
  /** Range that pods on this node get addresses from. @proto 1 */
  podCIDR?: string;
  /** Formerly an ID given by the cloud. No longer used. @proto 2 */
  externalID?: string;
  /** ID of the machine at the cloud, as `<provider>://<id>`. @proto 3 */
  providerID?: string;
  /** New pods are kept away; set by `kubectl cordon`. @proto 4 */
  unschedulable?: boolean;
  /** Marks that repel pods without a fitting toleration. @proto 5 @listType atomic */
  taints?: Taint[];
  /** Formerly a source of kubelet configuration. No longer used. @proto 6 @pointer */
  configSource?: NodeConfigSource;
  /**
   * Ranges for pods, at most one each of IPv4 and IPv6; the first equals `podCIDR`.
   * @proto 7 @listType set @patchStrategy merge
   */
  podCIDRs?: string[];
}

/** Observed state of a node. */
export interface NodeStatus {
  /** All that the machine has, by resource. @proto 1 */
  capacity?: Record<string, Quantity>;
  /** What pods can have of it; the capacity unless the kubelet says otherwise. @proto 2 */
  allocatable?: Record<string, Quantity>;
  /** No longer filled. @proto 3 */
  phase?: string;
  /** Health of the node. @proto 4 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: NodeCondition[];
  /**
   * Where the node can be reached.
   * @proto 5 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  addresses?: NodeAddress[];
  /** Ports of its daemons. @proto 6 */
  daemonEndpoints?: NodeDaemonEndpoints;
  /** IDs and versions of machine and software. @proto 7 */
  nodeInfo?: NodeSystemInfo;
  /** Images stored on the node, at most as many as the kubelet is set to report. @proto 8 @listType atomic */
  images?: ContainerImage[];
  /** Attachable volumes that are mounted. @proto 9 @listType atomic */
  volumesInUse?: string[];
  /** Volumes that are attached. @proto 10 @listType atomic */
  volumesAttached?: AttachedVolume[];
  /** State of dynamic configuration. No longer used. @proto 11 @pointer */
  config?: NodeConfigStatus;
  /** Runtime handlers on offer. @proto 12 @listType atomic */
  runtimeHandlers?: NodeRuntimeHandler[];
  /** Abilities of the runtime. @proto 13 @pointer */
  features?: NodeFeatures;
  /** Features the node says it has. @proto 14 @listType atomic */
  declaredFeatures?: string[];
}

/** Swap of a node. */
export interface NodeSwapStatus {
  /** Swap memory in bytes. @proto 1 @pointer */
  capacity?: Int64;
}

/** IDs and versions of a node. */
export interface NodeSystemInfo {
  /** ID from the operating system, unique in the cluster. @proto 1 */
  machineID: string;
  /** ID from the firmware. @proto 2 */
  systemUUID: string;
  /** Differs after every boot. @proto 3 */
  bootID: string;
  /** Version of the kernel. @proto 4 */
  kernelVersion: string;
  /** Name of the operating system, as it calls itself. @proto 5 */
  osImage: string;
  /** Runtime and version, such as `containerd://1.7.2`. @proto 6 */
  containerRuntimeVersion: string;
  /** Version of the kubelet. @proto 7 */
  kubeletVersion: string;
  /** Version of the service proxy. Deprecated. @proto 8 */
  kubeProxyVersion: string;
  /** `linux` or `windows`. @proto 9 */
  operatingSystem: string;
  /** Such as `amd64` or `arm64`. @proto 10 */
  architecture: string;
  /** Swap of the machine. @proto 11 @pointer */
  swap?: NodeSwapStatus;
}

/** A field of the pod. @mapType atomic */
export interface ObjectFieldSelector {
  /** Version the path is written for; `v1` unless set. @proto 1 */
  apiVersion?: string;
  /** Path of the field, such as `metadata.labels['app']`. @proto 2 */
  fieldPath: string;
}

/** Points at an object, or at a part of one. New types should use a narrower reference. @mapType atomic */
export interface ObjectReference {
  /** Kind of the object. @proto 1 */
  kind?: string;
  /** Namespace of the object. @proto 2 */
  namespace?: string;
  /** Name of the object. @proto 3 */
  name?: string;
  /** UID of the object. @proto 4 */
  uid?: string;
  /** Group and version of the object. @proto 5 */
  apiVersion?: string;
  /** Revision the reference was made at. @proto 6 */
  resourceVersion?: string;
  /** Part that is meant, such as `spec.containers{name}`. @proto 7 */
  fieldPath?: string;
}

/**
 * A piece of storage in the cluster that one claim can hold.
 * @kind @resource persistentvolumes @scope Cluster @shortNames pv
 */
export interface PersistentVolume {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The storage and who holds it. @proto 2 @optional */
  spec: PersistentVolumeSpec;
  /** State of the volume. @proto 3 */
  status?: PersistentVolumeStatus;
}

/**
 * A wish for storage, and the hold on the volume that fulfils it.
 * @kind @resource persistentvolumeclaims @scope Namespaced @shortNames pvc
 */
export interface PersistentVolumeClaim {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What is wished for. @proto 2 @optional */
  spec: PersistentVolumeClaimSpec;
  /** What has come of it. @proto 3 */
  status?: PersistentVolumeClaimStatus;
}

/** One aspect of a claim that is being resized or changed. */
export interface PersistentVolumeClaimCondition {
  /** Such as `Resizing`, `FileSystemResizePending` or `ModifyingVolume`. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When the condition was last looked at. @proto 3 */
  lastProbeTime?: Time | null;
  /** When `status` last took another value. @proto 4 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 5 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 6 */
  message?: string;
}

/** Many PersistentVolumeClaim objects, as one answer. @kind */
export interface PersistentVolumeClaimList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The PersistentVolumeClaim objects. @proto 2 */
  items: PersistentVolumeClaim[];
}

/** Properties the volume must have. */
export interface PersistentVolumeClaimSpec {
  /**
   * `ReadWriteOnce`, `ReadOnlyMany`, `ReadWriteMany` or `ReadWriteOncePod`; the volume must offer all.
   * @proto 1 @listType atomic
   */
  accessModes?: string[];
  /** Smallest size; may grow later if the class allows it. @proto 2 */
  resources?: VolumeResourceRequirements;
  /** Volume that holds the storage; set by the binder, or by the user to demand one. @proto 3 */
  volumeName?: string;
  /** Only volumes with these labels. @proto 4 @pointer */
  selector?: LabelSelector;
  /** Class to take from. Absent means the default class, empty means no class. @proto 5 @pointer */
  storageClassName?: string;
  /** `Filesystem` (default) or `Block`. @proto 6 @pointer */
  volumeMode?: string;
  /** Fill from a snapshot or another claim in this namespace. @proto 7 @pointer */
  dataSource?: TypedLocalObjectReference;
  /** Fill from any object a populator knows; given a namespace, also from another one. @proto 8 @pointer */
  dataSourceRef?: TypedObjectReference;
  /** Class of changeable attributes, such as IOPS; may be switched later. @proto 9 @pointer */
  volumeAttributesClassName?: string;
}

/** What has come of a claim. */
export interface PersistentVolumeClaimStatus {
  /** `Pending`, `Bound`, or `Lost` if the volume has disappeared. @proto 1 */
  phase?: string;
  /** Modes of the bound volume. @proto 2 @listType atomic */
  accessModes?: string[];
  /** Size of the bound volume. @proto 3 */
  capacity?: Record<string, Quantity>;
  /**
   * How resizing or changing goes.
   * @proto 4 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: PersistentVolumeClaimCondition[];
  /** Size that is being expanded to; counts against quota. @proto 5 */
  allocatedResources?: Record<string, Quantity>;
  /**
   * State of each resize: `ControllerResizeInProgress`, `ControllerResizeInfeasible`, `NodeResizePending`,
   * `NodeResizeInProgress` or `NodeResizeInfeasible`.
   * @proto 7 @mapType granular
   */
  allocatedResourceStatuses?: Record<string, string>;
  /** Attributes class in force. @proto 8 @pointer */
  currentVolumeAttributesClassName?: string;
  /** How a switch of attributes class goes. @proto 9 @pointer */
  modifyVolumeStatus?: ModifyVolumeStatus;
}

/** A claim to be made for a pod. */
export interface PersistentVolumeClaimTemplate {
  /** Labels and annotations to give the claim; no other member is allowed. @proto 1 */
  metadata?: ObjectMeta;
  /** Spec to give the claim, as it is. @proto 2 */
  spec: PersistentVolumeClaimSpec;
}

/** The volume a claim holds. */
export interface PersistentVolumeClaimVolumeSource {
  /** Name of the claim in the same namespace. @proto 1 */
  claimName: string;
  /** Make all mounts read-only; off by default. @proto 2 */
  readOnly?: boolean;
}

/** Many PersistentVolume objects, as one answer. @kind */
export interface PersistentVolumeList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The PersistentVolume objects. @proto 2 */
  items: PersistentVolume[];
}

/** The storage behind a persistent volume; exactly one member is set. @protoOnly */
export interface PersistentVolumeSource {
  /** A Google Compute Engine disk. Deprecated: goes to the CSI driver. @proto 1 @pointer */
  gcePersistentDisk?: GCEPersistentDiskVolumeSource;
  /** An AWS EBS disk. Deprecated: goes to the CSI driver. @proto 2 @pointer */
  awsElasticBlockStore?: AWSElasticBlockStoreVolumeSource;
  /** A file or directory of the node. @proto 3 @pointer */
  hostPath?: HostPathVolumeSource;
  /** A Glusterfs mount. No longer supported. @proto 4 @pointer */
  glusterfs?: GlusterfsPersistentVolumeSource;
  /** An NFS export. @proto 5 @pointer */
  nfs?: NFSVolumeSource;
  /** A Ceph block device. No longer supported. @proto 6 @pointer */
  rbd?: RBDPersistentVolumeSource;
  /** An iSCSI disk. @proto 7 @pointer */
  iscsi?: ISCSIPersistentVolumeSource;
  /** An OpenStack Cinder disk. Deprecated: goes to the CSI driver. @proto 8 @pointer */
  cinder?: CinderPersistentVolumeSource;
  /** A CephFS mount. No longer supported. @proto 9 @pointer */
  cephfs?: CephFSPersistentVolumeSource;
  /** A Fibre Channel disk. @proto 10 @pointer */
  fc?: FCVolumeSource;
  /** A Flocker data set. No longer supported. @proto 11 @pointer */
  flocker?: FlockerVolumeSource;
  /** A volume of an exec-based plugin. Deprecated: use CSI. @proto 12 @pointer */
  flexVolume?: FlexPersistentVolumeSource;
  /** An Azure Files share. Deprecated: goes to the CSI driver. @proto 13 @pointer */
  azureFile?: AzureFilePersistentVolumeSource;
  /** A vSphere disk. Deprecated: goes to the CSI driver. @proto 14 @pointer */
  vsphereVolume?: VsphereVirtualDiskVolumeSource;
  /** A Quobyte volume. No longer supported. @proto 15 @pointer */
  quobyte?: QuobyteVolumeSource;
  /** An Azure data disk. Deprecated: goes to the CSI driver. @proto 16 @pointer */
  azureDisk?: AzureDiskVolumeSource;
  /** A Photon Controller disk. No longer supported. @proto 17 @pointer */
  photonPersistentDisk?: PhotonPersistentDiskVolumeSource;
  /** A Portworx volume. Deprecated: goes to the CSI driver. @proto 18 @pointer */
  portworxVolume?: PortworxVolumeSource;
  /** A ScaleIO volume. No longer supported. @proto 19 @pointer */
  scaleIO?: ScaleIOPersistentVolumeSource;
  /** A disk or directory of one node. @proto 20 @pointer */
  local?: LocalVolumeSource;
  /** A StorageOS volume. No longer supported. @proto 21 @pointer */
  storageos?: StorageOSPersistentVolumeSource;
  /** A volume of a CSI driver. @proto 22 @pointer */
  csi?: CSIPersistentVolumeSource;
}

/** A piece of storage and its terms of use. @protoEmbed persistentVolumeSource 2 */
export interface PersistentVolumeSpec extends PersistentVolumeSource {
  /** Size, under `storage`. @proto 1 */
  capacity?: Record<string, Quantity>;
  /** All the ways in which it can be mounted. @proto 3 @listType atomic */
  accessModes?: string[];
  /** Claim that holds it, or that it is reserved for. @proto 4 @pointer @mapType granular */
  claimRef?: ObjectReference;
  /**
   * After release: `Retain` (default for own volumes), `Delete` (default for provisioned ones) or `Recycle`
   * (deprecated).
   * @proto 5
   */
  persistentVolumeReclaimPolicy?: string;
  /** Class it belongs to; empty for none. @proto 6 */
  storageClassName?: string;
  /** Options for mount, such as `ro`; not checked. @proto 7 @listType atomic */
  mountOptions?: string[];
  /** `Filesystem` (default) or `Block`. @proto 8 @pointer */
  volumeMode?: string;
  /** Nodes that can reach it; the scheduler keeps pods that use it there. @proto 9 @pointer */
  nodeAffinity?: VolumeNodeAffinity;
  /** Attributes class it was last set to. @proto 10 @pointer */
  volumeAttributesClassName?: string;
}

/** State of a persistent volume. */
export interface PersistentVolumeStatus {
  /** `Pending`, `Available`, `Bound`, `Released` or `Failed`. @proto 1 */
  phase?: string;
  /** Why, for people. @proto 2 */
  message?: string;
  /** Why, in one CamelCase word. @proto 3 */
  reason?: string;
  /** When the phase last changed. @proto 4 @pointer */
  lastPhaseTransitionTime?: Time;
}

/** A Photon Controller disk. No longer supported. */
export interface PhotonPersistentDiskVolumeSource {
  /** ID of the disk. @proto 1 */
  pdID: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 2 */
  fsType?: string;
}

/**
 * One or more containers that share network and volumes and run together on one node.
 * @kind @resource pods @scope Namespaced @shortNames po @categories all
 */
export interface Pod {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What should run, and where. @proto 2 @optional */
  spec: PodSpec;
  /** What does run. @proto 3 */
  status?: PodStatus;
}

/** Stand where certain other pods are. */
export interface PodAffinity {
  /** Demands that must hold when the pod is placed; all terms count. @proto 1 @listType atomic */
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[];
  /** Wishes that raise the score of a node by their weight. @proto 2 @listType atomic */
  preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[];
}

/** Certain pods, and what counts as being in the same place. */
export interface PodAffinityTerm {
  /** Pods that are meant; absent means none. @proto 1 @pointer */
  labelSelector?: LabelSelector;
  /**
   * Namespaces to look in, added to those of `namespaceSelector`; that of the pod if neither is given.
   * @proto 2 @listType atomic
   */
  namespaces?: string[];
  /** Node label whose equal values make one place, such as `kubernetes.io/hostname`. @proto 3 */
  topologyKey: string;
  /** Namespaces to look in by label; empty means all. @proto 4 @pointer */
  namespaceSelector?: LabelSelector;
  /** Labels of the incoming pod whose values the others must share. @proto 5 @listType atomic */
  matchLabelKeys?: string[];
  /** Labels of the incoming pod whose values the others must not share. @proto 6 @listType atomic */
  mismatchLabelKeys?: string[];
}

/** Keep away from where certain other pods are. */
export interface PodAntiAffinity {
  /** Demands that must hold when the pod is placed; all terms count. @proto 1 @listType atomic */
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[];
  /** Wishes that lower the score of a node by their weight. @proto 2 @listType atomic */
  preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[];
}

/** Query parameters of an attach. @protoOnly */
export interface PodAttachOptions {
  /** Send the caller's input; off by default. @proto 1 */
  stdin?: boolean;
  /** Receive standard output; on by default. @proto 2 */
  stdout?: boolean;
  /** Receive standard error; on by default. @proto 3 */
  stderr?: boolean;
  /** A terminal is used; off by default. @proto 4 */
  tty?: boolean;
  /** Container to attach to; may be left out if there is only one. @proto 5 */
  container?: string;
}

/** A key and certificate made for the pod, kept fresh by the kubelet. */
export interface PodCertificateProjection {
  /** Signer to ask. @proto 1 @omitEmpty */
  signerName: string;
  /** `RSA3072`, `RSA4096`, `ECDSAP256`, `ECDSAP384`, `ECDSAP521` or `ED25519`. @proto 2 @omitEmpty */
  keyType: string;
  /** Longest accepted lifetime in seconds: 3600 to 7862400; 86400 unless set. @proto 3 @pointer */
  maxExpirationSeconds?: Int32;
  /** File for key and chain together, PEM; so both always fit. @proto 4 */
  credentialBundlePath?: string;
  /** File for the key alone. @proto 5 */
  keyPath?: string;
  /** File for the chain alone. @proto 6 */
  certificateChainPath?: string;
  /** Further data for the signer; keys need a domain prefix. @proto 7 */
  userAnnotations?: Record<string, string>;
}

/** One aspect of a pod's state. */
export interface PodCondition {
  /** Such as `PodScheduled`, `Initialized`, `ContainersReady`, `Ready` or `DisruptionTarget`. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When the condition was last looked at. @proto 3 */
  lastProbeTime?: Time | null;
  /** When `status` last took another value. @proto 4 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 5 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 6 */
  message?: string;
  /** The `metadata.generation` the condition speaks of. @proto 7 */
  observedGeneration?: Int64;
}

/** Resolver settings, merged with those of the DNS policy. */
export interface PodDNSConfig {
  /** Further name servers; duplicates are dropped. @proto 1 @listType atomic */
  nameservers?: string[];
  /** Further search domains; duplicates are dropped. @proto 2 @listType atomic */
  searches?: string[];
  /** Further resolver options; they win over those of the policy. @proto 3 @listType atomic */
  options?: PodDNSConfigOption[];
}

/** One resolver option. */
export interface PodDNSConfigOption {
  /** Such as `ndots`. @proto 1 */
  name?: string;
  /** Its value, for options that have one. @proto 2 @pointer */
  value?: string;
}

/** Query parameters of an exec. @protoOnly */
export interface PodExecOptions {
  /** Send the caller's input; off by default. @proto 1 */
  stdin?: boolean;
  /** Receive standard output. @proto 2 */
  stdout?: boolean;
  /** Receive standard error. @proto 3 */
  stderr?: boolean;
  /** Give the command a terminal; off by default. @proto 4 */
  tty?: boolean;
  /** Container to run in; may be left out if there is only one. @proto 5 */
  container?: string;
  /** Command and arguments, run without a shell. @proto 6 */
  command?: string[];
}

/** The claim generated for a pod's extended resources. */
export interface PodExtendedResourceClaimStatus {
  /** Which request serves which container. @proto 1 @listType atomic */
  requestMappings: ContainerExtendedResourceRequest[] | null;
  /** Name of the generated claim in the pod's namespace. @proto 2 */
  resourceClaimName: string;
}

/** One address of a pod. */
export interface PodIP {
  /** The address. @proto 1 */
  ip: string;
}

/** Many Pod objects, as one answer. @kind */
export interface PodList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Pod objects. @proto 2 */
  items: Pod[];
}

/** Query parameters of a log request. @protoOnly */
export interface PodLogOptions {
  /** Container whose log is wanted; may be left out if there is only one. @proto 1 */
  container?: string;
  /** Keep sending as lines are written; off by default. @proto 2 */
  follow?: boolean;
  /** Log of the run before the last restart; off by default. @proto 3 */
  previous?: boolean;
  /** Only what is younger than this; excludes `sinceTime`. @proto 4 @pointer */
  sinceSeconds?: Int64;
  /** Only what was written after this moment; excludes `sinceSeconds`. @proto 5 @pointer */
  sinceTime?: Time;
  /** Begin every line with its time; off by default. @proto 6 */
  timestamps?: boolean;
  /** Only this many lines from the end. @proto 7 @pointer */
  tailLines?: Int64;
  /** End after this many bytes. @proto 8 @pointer */
  limitBytes?: Int64;
  /** Do not check the certificate of the kubelet. The log may then come from anyone. @proto 9 */
  insecureSkipTLSVerifyBackend?: boolean;
  /** `All` (default), `Stdout` or `Stderr`; the last two exclude `tailLines`. @proto 10 @pointer */
  stream?: string;
}

/** Operating system of a pod. */
export interface PodOS {
  /** `linux` or `windows`. @proto 1 */
  name: string;
}

/** Query parameters of a port-forward over WebSocket. @protoOnly */
export interface PodPortForwardOptions {
  /** Ports to forward. @proto 1 */
  ports?: Int32[];
}

/** Query parameters of a proxy request to a pod. @protoOnly */
export interface PodProxyOptions {
  /** Path to ask the pod for. @proto 1 */
  path?: string;
}

/** A further condition the pod needs to be ready. */
export interface PodReadinessGate {
  /** Type of the condition to look for. @proto 1 */
  conditionType: string;
}

/** A device claim that containers of the pod can use; exactly one source is set. */
export interface PodResourceClaim {
  /** Unique in the pod; containers refer to it. A DNS label. @proto 1 */
  name: string;
  /** An existing claim in the same namespace. @proto 3 @pointer */
  resourceClaimName?: string;
  /** A template from which a claim is made that goes with the pod. @proto 4 @pointer */
  resourceClaimTemplateName?: string;
}

/** Which claim stands behind an entry of `spec.resourceClaims`. */
export interface PodResourceClaimStatus {
  /** Name of the entry. @proto 1 */
  name: string;
  /** Name of the generated claim; absent if none was needed. @proto 2 @pointer */
  resourceClaimName?: string;
}

/** A name that keeps the pod from being scheduled while it is there. */
export interface PodSchedulingGate {
  /** Unique name of the gate. @proto 1 */
  name: string;
}

/**
 * The group a pod is scheduled with.
 * @union {"fields-to-discriminateBy": {"podGroupName": "PodGroupName"}}
 */
export interface PodSchedulingGroup {
  /** Name of the PodGroup. @proto 1 @pointer */
  podGroupName?: string;
}

/** Rights of all processes of a pod; containers may set their own. */
export interface PodSecurityContext {
  /** SELinux label of the containers; a random one unless set. @proto 1 @pointer */
  seLinuxOptions?: SELinuxOptions;
  /** User ID of the processes; the image's unless set. @proto 2 @pointer */
  runAsUser?: Int64;
  /** Refuse to start a process as user 0. @proto 3 @pointer */
  runAsNonRoot?: boolean;
  /** Further groups of the processes. @proto 4 @listType atomic */
  supplementalGroups?: Int64[];
  /** Group that owns the volumes that allow it, and a further group of all processes. @proto 5 @pointer */
  fsGroup?: Int64;
  /** Primary group ID of the processes; the runtime's default unless set. @proto 6 @pointer */
  runAsGroup?: Int64;
  /** Kernel parameters of the pod's namespaces. @proto 7 @listType atomic */
  sysctls?: Sysctl[];
  /** Settings for Windows. @proto 8 @pointer */
  windowsOptions?: WindowsSecurityContextOptions;
  /**
   * Change ownership of volumes `Always` (default) or only on a mismatch at the root: `OnRootMismatch`.
   * @proto 9 @pointer
   */
  fsGroupChangePolicy?: string;
  /** System call filter of the containers. @proto 10 @pointer */
  seccompProfile?: SeccompProfile;
  /** AppArmor profile of the containers. @proto 11 @pointer */
  appArmorProfile?: AppArmorProfile;
  /** `Merge` (default) adds groups listed in the image, `Strict` does not. @proto 12 @pointer */
  supplementalGroupsPolicy?: string;
  /** How volumes get their SELinux label: `MountOption` (default) or `Recursive`. @proto 13 @pointer */
  seLinuxChangePolicy?: string;
}

/** Tells pods of the same controller. @protoOnly */
export interface PodSignature {
  /** Their controller. @proto 1 @pointer */
  podController?: OwnerReference;
}

/** What runs in a pod and how; containers and volumes are mostly fixed once it exists. */
export interface PodSpec {
  /**
   * Volumes the containers can mount.
   * @proto 1 @listType map @listMapKey name @patchStrategy merge,retainKeys @patchMergeKey name
   */
  volumes?: Volume[];
  /**
   * Containers that run side by side; at least one. None can be added or removed later.
   * @proto 2 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  containers: Container[];
  /** Restart ended containers: `Always` (default), `OnFailure` or `Never`. @proto 3 */
  restartPolicy?: string;
  /** Seconds to wait for a clean stop before the processes are killed; 30 unless set. @proto 4 @pointer */
  terminationGracePeriodSeconds?: Int64;
  /** Seconds the pod may be active on a node before it is failed; positive. @proto 5 @pointer */
  activeDeadlineSeconds?: Int64;
  /**
   * `ClusterFirst` (default), `ClusterFirstWithHostNet`, `Default` (the node's resolver) or `None`.
   * @proto 6
   */
  dnsPolicy?: string;
  /** Labels a node must have. @proto 7 @mapType atomic */
  nodeSelector?: Record<string, string>;
  /** Account whose identity the pod uses; `default` unless set. @proto 8 */
  serviceAccountName?: string;
  /** Old name of `serviceAccountName`. @proto 9 */
  serviceAccount?: string;
  /** Node it runs on; set by the scheduler, or beforehand to go around it. @proto 10 */
  nodeName?: string;
  /** Use the node's network; container ports must then be host ports. @proto 11 */
  hostNetwork?: boolean;
  /** Use the node's process namespace. @proto 12 */
  hostPID?: boolean;
  /** Use the node's IPC namespace. @proto 13 */
  hostIPC?: boolean;
  /** Rights of the pod's processes. @proto 14 @pointer */
  securityContext?: PodSecurityContext;
  /**
   * Secrets with registry credentials, in the same namespace.
   * @proto 15 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  imagePullSecrets?: LocalObjectReference[];
  /** Host name inside the pod; its name unless set. @proto 16 */
  hostname?: string;
  /** With it the full name is `<hostname>.<subdomain>.<namespace>.svc.<cluster domain>`. @proto 17 */
  subdomain?: string;
  /** Scheduling preferences and demands. @proto 18 @pointer */
  affinity?: Affinity;
  /** Scheduler that places it; `default-scheduler` unless set. @proto 19 */
  schedulerName?: string;
  /**
   * Containers that run one after another, each to its end, before the others start.
   * @proto 20 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  initContainers?: Container[];
  /** Mount a token of the service account. @proto 21 @pointer */
  automountServiceAccountToken?: boolean;
  /** Taints the pod bears. @proto 22 @listType atomic */
  tolerations?: Toleration[];
  /**
   * Further lines for the hosts file.
   * @proto 23 @listType map @listMapKey ip @patchStrategy merge @patchMergeKey ip
   */
  hostAliases?: HostAlias[];
  /** Class that sets its priority; the default class unless set. @proto 24 */
  priorityClassName?: string;
  /** Weight against other pods, filled from the class; higher goes first. @proto 25 @pointer */
  priority?: Int32;
  /** Resolver settings, on top of `dnsPolicy`. @proto 26 @pointer */
  dnsConfig?: PodDNSConfig;
  /** Containers see each other's processes; excludes `hostPID`. @proto 27 @pointer */
  shareProcessNamespace?: boolean;
  /** Further conditions that readiness needs. @proto 28 @listType atomic */
  readinessGates?: PodReadinessGate[];
  /** RuntimeClass to run under; the node's default if empty. @proto 29 @pointer */
  runtimeClassName?: string;
  /** Set environment variables for the namespace's Services; on by default. @proto 30 @pointer */
  enableServiceLinks?: boolean;
  /**
   * Whether it may push out pods of lower priority: `PreemptLowerPriority` (default) or `Never`.
   * @proto 31 @pointer
   */
  preemptionPolicy?: string;
  /** Resources the sandbox itself takes; set from the RuntimeClass. @proto 32 */
  overhead?: Record<string, Quantity>;
  /**
   * How it should be spread over places with pods like it; all must hold.
   * @proto 33 @listType map @listMapKey topologyKey @listMapKey whenUnsatisfiable @patchStrategy merge @patchMergeKey topologyKey
   */
  topologySpreadConstraints?: TopologySpreadConstraint[];
  /**
   * Containers added for debugging; only through the `ephemeralcontainers` subresource.
   * @proto 34 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  ephemeralContainers?: EphemeralContainer[];
  /** Use the full domain name as host name. @proto 35 @pointer */
  setHostnameAsFQDN?: boolean;
  /** Operating system the containers need. @proto 36 @pointer */
  os?: PodOS;
  /** False gives the pod a user namespace of its own; true unless set. @proto 37 @pointer */
  hostUsers?: boolean;
  /**
   * The pod is not scheduled until this list is empty; entries can only be taken away.
   * @proto 38 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  schedulingGates?: PodSchedulingGate[];
  /**
   * Device claims the containers can use.
   * @proto 39 @listType map @listMapKey name @patchStrategy merge,retainKeys @patchMergeKey name
   */
  resourceClaims?: PodResourceClaim[];
  /** Total for the pod as a whole: cpu, memory and huge pages. @proto 40 @pointer */
  resources?: ResourceRequirements;
  /**
   * Host name inside the pod whatever `hostname` and `subdomain` say; up to 64 characters. DNS is unaffected.
   * @proto 41 @pointer
   */
  hostnameOverride?: string;
  /** Group that it is scheduled with. @proto 43 @pointer */
  schedulingGroup?: PodSchedulingGroup;
}

/** Observed state of a pod, mostly from its kubelet. */
export interface PodStatus {
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`: a rough summary. @proto 1 */
  phase?: string;
  /**
   * Aspects of its state.
   * @proto 2 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: PodCondition[];
  /** Why it is in this state, for people. @proto 3 */
  message?: string;
  /** Why, in one CamelCase word, such as `Evicted`. @proto 4 */
  reason?: string;
  /** Address of its node. @proto 5 */
  hostIP?: string;
  /** Its address; reachable from everywhere in the cluster. @proto 6 */
  podIP?: string;
  /** When the kubelet took it on, before images were pulled. @proto 7 @pointer */
  startTime?: Time;
  /** State of the containers. @proto 8 @listType atomic */
  containerStatuses?: ContainerStatus[];
  /** `Guaranteed`, `Burstable` or `BestEffort`, from its requests and limits; fixed. @proto 9 */
  qosClass?: string;
  /** State of the init containers. @proto 10 @listType atomic */
  initContainerStatuses?: ContainerStatus[];
  /** Node on which room is being made for it; it may still go elsewhere. @proto 11 */
  nominatedNodeName?: string;
  /**
   * Its addresses, at most one each of IPv4 and IPv6; the first equals `podIP`.
   * @proto 12 @listType map @listMapKey ip @patchStrategy merge @patchMergeKey ip
   */
  podIPs?: PodIP[];
  /** State of the ephemeral containers. @proto 13 @listType atomic */
  ephemeralContainerStatuses?: ContainerStatus[];
  /** Progress of a resize in place. Deprecated: see the conditions. @proto 14 */
  resize?: string;
  /**
   * Claims behind `spec.resourceClaims`.
   * @proto 15 @listType map @listMapKey name @patchStrategy merge,retainKeys @patchMergeKey name
   */
  resourceClaimStatuses?: PodResourceClaimStatus[];
  /**
   * Addresses of its node; the first equals `hostIP`.
   * @proto 16 @listType atomic @patchStrategy merge @patchMergeKey ip
   */
  hostIPs?: HostIP[];
  /** The `metadata.generation` this status was made from. @proto 17 */
  observedGeneration?: Int64;
  /** Claim behind its extended resources. @proto 18 @pointer */
  extendedResourceClaimStatus?: PodExtendedResourceClaimStatus;
  /** Total requests that the node has granted. @proto 19 */
  allocatedResources?: Record<string, Quantity>;
  /** Requests and limits in force for the pod as a whole. @proto 20 @pointer */
  resources?: ResourceRequirements;
  /** Node resources, such as CPU, held through claims. @proto 21 @listType atomic */
  nodeAllocatableResourceClaimStatuses?: NodeAllocatableResourceClaimStatus[];
}

/** A pod's status alone, as the kubelet once returned it. @protoOnly */
export interface PodStatusResult {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 */
  metadata?: ObjectMeta;
  /** The status. @proto 2 */
  status?: PodStatus;
}

/** A stored blueprint for pods. @kind @resource podtemplates @scope Namespaced */
export interface PodTemplate {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The blueprint. @proto 2 */
  template?: PodTemplateSpec;
}

/** Many PodTemplate objects, as one answer. @kind */
export interface PodTemplateList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The PodTemplate objects. @proto 2 */
  items: PodTemplate[];
}

/** A blueprint for pods. */
export interface PodTemplateSpec {
  /** Labels, annotations and the like for each pod. @proto 1 */
  metadata?: ObjectMeta;
  /** Spec for each pod. @proto 2 */
  spec?: PodSpec;
}

/** State of one port of a load balancer. */
export interface PortStatus {
  /** Port number. @proto 1 */
  port: Int32;
  /** `TCP`, `UDP` or `SCTP`. @proto 2 */
  protocol: string;
  /** What is wrong with it: a CamelCase word, with a domain prefix if from a provider. @proto 3 @pointer */
  error?: string;
}

/** A Portworx volume. Deprecated: goes to the CSI driver. */
export interface PortworxVolumeSource {
  /** ID of the volume. @proto 1 */
  volumeID: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 2 */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 3 */
  readOnly?: boolean;
}

/** What must be true of the stored object. Old form. @protoOnly */
export interface Preconditions {
  /** UID it must have. @proto 1 @pointer */
  uid?: string;
}

/** One controller whose pods should stay away from a node. @protoOnly */
export interface PreferAvoidPodsEntry {
  /** Which pods. @proto 1 */
  podSignature?: PodSignature;
  /** When the entry was made. @proto 2 */
  evictionTime?: Time;
  /** Why, in one word. @proto 3 */
  reason?: string;
  /** Why, for people. @proto 4 */
  message?: string;
}

/** A wish about nodes and its weight. */
export interface PreferredSchedulingTerm {
  /** Added to the score of nodes that fit, 1 to 100. @proto 1 */
  weight: Int32;
  /** The wish. @proto 2 */
  preference: NodeSelectorTerm;
}

/** A check of a container that is repeated. @protoEmbed handler 1 */
export interface Probe extends ProbeHandler {
  /** Seconds from the start of the container to the first check. @proto 2 */
  initialDelaySeconds?: Int32;
  /** Seconds until a check without an answer fails; 1 unless set. @proto 3 */
  timeoutSeconds?: Int32;
  /** Seconds between checks; 10 unless set. @proto 4 */
  periodSeconds?: Int32;
  /**
   * Passes in a row after a failure until it counts as well; 1 unless set, always 1 for liveness and startup.
   * @proto 5
   */
  successThreshold?: Int32;
  /** Failures in a row until it counts as failed; 3 unless set. @proto 6 */
  failureThreshold?: Int32;
  /** Grace period for a stop by this probe, instead of the pod's; not for readiness. @proto 7 @pointer */
  terminationGracePeriodSeconds?: Int64;
}

/** What a probe does; exactly one member is set. @protoOnly */
export interface ProbeHandler {
  /** Run a command in the container. @proto 1 @pointer */
  exec?: ExecAction;
  /** Send an HTTP request. @proto 2 @pointer */
  httpGet?: HTTPGetAction;
  /** Open a TCP connection. @proto 3 @pointer */
  tcpSocket?: TCPSocketAction;
  /** Ask the gRPC health service. @proto 4 @pointer */
  grpc?: GRPCAction;
}

/** Several sources in one directory. */
export interface ProjectedVolumeSource {
  /** The sources; each writes its files. @proto 1 @listType atomic */
  sources?: VolumeProjection[] | null;
  /** Permission bits of the files, octal in YAML; 0644 unless set. @proto 2 @pointer */
  defaultMode?: Int32;
}

/** A Quobyte volume. No longer supported. */
export interface QuobyteVolumeSource {
  /** Registries as `host:port`, separated by commas. @proto 1 */
  registry: string;
  /** Name of the volume. @proto 2 */
  volume: string;
  /** Mount without the right to write; off by default. @proto 3 */
  readOnly?: boolean;
  /** User to map access to. @proto 4 */
  user?: string;
  /** Group to map access to. @proto 5 */
  group?: string;
  /** Tenant that owns the volume. @proto 6 */
  tenant?: string;
}

/** A Ceph block device for a persistent volume. No longer supported. */
export interface RBDPersistentVolumeSource {
  /** Addresses of the Ceph monitors. @proto 1 @listType atomic */
  monitors: string[];
  /** Name of the RBD image. @proto 2 */
  image: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 3 */
  fsType?: string;
  /** Name of the pool; `rbd` unless set. @proto 4 @default "rbd" */
  pool?: string;
  /** Ceph user; `admin` unless set. @proto 5 @default "admin" */
  user?: string;
  /**
   * Path of the key ring on the node; `/etc/ceph/keyring` unless set.
   * @proto 6 @default "/etc/ceph/keyring"
   */
  keyring?: string;
  /** Secret with the credentials for the storage server. @proto 7 @pointer */
  secretRef?: SecretReference;
  /** Mount without the right to write; off by default. @proto 8 */
  readOnly?: boolean;
}

/** A Ceph block device. No longer supported. */
export interface RBDVolumeSource {
  /** Addresses of the Ceph monitors. @proto 1 @listType atomic */
  monitors: string[];
  /** Name of the RBD image. @proto 2 */
  image: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 3 */
  fsType?: string;
  /** Name of the pool; `rbd` unless set. @proto 4 @default "rbd" */
  pool?: string;
  /** Ceph user; `admin` unless set. @proto 5 @default "admin" */
  user?: string;
  /**
   * Path of the key ring on the node; `/etc/ceph/keyring` unless set.
   * @proto 6 @default "/etc/ceph/keyring"
   */
  keyring?: string;
  /** Secret with the credentials for the storage server. @proto 7 @pointer */
  secretRef?: LocalObjectReference;
  /** Mount without the right to write; off by default. @proto 8 */
  readOnly?: boolean;
}

/** Record of which members of a range are taken. Internal. @protoOnly */
export interface RangeAllocation {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 */
  metadata?: ObjectMeta;
  /** The range, such as an IP network. @proto 2 */
  range?: string;
  /** Bitmap of taken members. @proto 3 */
  data?: Bytes;
}

/**
 * Keeps a number of equal pods running. Older sibling of ReplicaSet.
 * @kind @resource replicationcontrollers @scope Namespaced @shortNames rc @categories all
 */
export interface ReplicationController {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** How many, of which kind. @proto 2 @optional */
  spec: ReplicationControllerSpec;
  /** How many there are. @proto 3 */
  status?: ReplicationControllerStatus;
}

/** One aspect of a replication controller's state. */
export interface ReplicationControllerCondition {
  /** Such as `ReplicaFailure`. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When `status` last took another value. @proto 3 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 4 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 5 */
  message?: string;
}

/** Many ReplicationController objects, as one answer. @kind */
export interface ReplicationControllerList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ReplicationController objects. @proto 2 */
  items: ReplicationController[];
}

/** How many pods of which kind there should be. */
export interface ReplicationControllerSpec {
  /** Number of pods; 1 unless set. @proto 1 @pointer @default 1 */
  replicas?: Int32;
  /** Labels of the pods it counts as its own; those of the template unless set. @proto 2 @mapType atomic */
  selector?: Record<string, string>;
  /** Blueprint for new pods. @proto 3 @pointer */
  template?: PodTemplateSpec;
  /** Seconds a new pod must be ready before it counts as available. @proto 4 @default 0 */
  minReadySeconds?: Int32;
}

/** How many pods there are. */
export interface ReplicationControllerStatus {
  /** Number of its pods. @proto 1 */
  replicas: Int32;
  /** Number of pods whose labels equal those of the template. @proto 2 */
  fullyLabeledReplicas?: Int32;
  /** The newest `metadata.generation` that this status takes into account. @proto 3 */
  observedGeneration?: Int64;
  /** Number of ready pods. @proto 4 */
  readyReplicas?: Int32;
  /** Number of pods ready for at least `minReadySeconds`. @proto 5 */
  availableReplicas?: Int32;
  /**
   * Aspects of its state.
   * @proto 6 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: ReplicationControllerCondition[];
}

/** Names a claim of the pod that a container uses. */
export interface ResourceClaim {
  /** Name of an entry in `spec.resourceClaims`. @proto 1 */
  name: string;
  /** One request of the claim; all of them if empty. @proto 2 */
  request?: string;
}

/** A resource amount of a container. @mapType atomic */
export interface ResourceFieldSelector {
  /** Which container; its own for environment variables, required for volumes. @proto 1 */
  containerName?: string;
  /** Such as `limits.cpu` or `requests.memory`. @proto 2 */
  resource: string;
  /** Unit of the output; `1` unless set. @proto 3 */
  divisor?: Quantity;
}

/** Health of one device. */
export interface ResourceHealth {
  /** ID of the device, unique on the node. @proto 1 */
  resourceID: string;
  /** `Healthy`, `Unhealthy` or `Unknown`. @proto 2 */
  health?: string;
  /** Details on the health, for people. @proto 6 @pointer */
  message?: string;
}

/**
 * Limits on all that a namespace may use together.
 * @kind @resource resourcequotas @scope Namespaced @shortNames quota
 */
export interface ResourceQuota {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The limits. @proto 2 @optional */
  spec: ResourceQuotaSpec;
  /** The limits in force and what is used. @proto 3 */
  status?: ResourceQuotaStatus;
}

/** Many ResourceQuota objects, as one answer. @kind */
export interface ResourceQuotaList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ResourceQuota objects. @proto 2 */
  items: ResourceQuota[];
}

/** Limits, and what they count. */
export interface ResourceQuotaSpec {
  /** Highest total by resource, such as `requests.cpu` or `count/pods`. @proto 1 */
  hard?: Record<string, Quantity>;
  /**
   * Count only objects for which all of these hold, such as `BestEffort` or `NotTerminating`.
   * @proto 2 @listType atomic
   */
  scopes?: string[];
  /** Count only objects that fit, for scopes with values. @proto 3 @pointer */
  scopeSelector?: ScopeSelector;
}

/** Limits in force and what is used. */
export interface ResourceQuotaStatus {
  /** The limits in force. @proto 1 */
  hard?: Record<string, Quantity>;
  /** What is used at present. @proto 2 */
  used?: Record<string, Quantity>;
}

/** Resources that are asked for and that may be used. */
export interface ResourceRequirements {
  /** The most that may be used, by resource. @proto 1 */
  limits?: Record<string, Quantity>;
  /** What is set aside for it, by resource; equals the limit if only that is given. @proto 2 */
  requests?: Record<string, Quantity>;
  /** Device claims of the pod that are used. @proto 3 @listType map @listMapKey name */
  claims?: ResourceClaim[];
}

/** Health of the devices behind one resource. */
export interface ResourceStatus {
  /** Resource name, or `claim:<claim>/<request>`. @proto 1 */
  name: string;
  /** The devices. @proto 2 @listType map @listMapKey resourceID */
  resources?: ResourceHealth[];
}

/** An SELinux label. */
export interface SELinuxOptions {
  /** User part. @proto 1 */
  user?: string;
  /** Role part. @proto 2 */
  role?: string;
  /** Type part. @proto 3 */
  type?: string;
  /** Level part. @proto 4 */
  level?: string;
}

/** A ScaleIO volume for a persistent volume. No longer supported. */
export interface ScaleIOPersistentVolumeSource {
  /** Address of the API gateway. @proto 1 */
  gateway: string;
  /** Name of the storage system. @proto 2 */
  system: string;
  /** Secret with the credentials for the storage server. @proto 3 @pointer */
  secretRef: SecretReference;
  /** Speak TLS to the gateway; off by default. @proto 4 */
  sslEnabled?: boolean;
  /** Name of the protection domain. @proto 5 */
  protectionDomain?: string;
  /** Storage pool in the protection domain. @proto 6 */
  storagePool?: string;
  /** `ThickProvisioned` or `ThinProvisioned`; the latter unless set. @proto 7 @default "ThinProvisioned" */
  storageMode?: string;
  /** Name of the volume in the storage system. @proto 8 */
  volumeName?: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 9 @default "xfs" */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 10 */
  readOnly?: boolean;
}

/** A ScaleIO volume. No longer supported. */
export interface ScaleIOVolumeSource {
  /** Address of the API gateway. @proto 1 */
  gateway: string;
  /** Name of the storage system. @proto 2 */
  system: string;
  /** Secret with the credentials for the storage server. @proto 3 @pointer */
  secretRef: LocalObjectReference;
  /** Speak TLS to the gateway; off by default. @proto 4 */
  sslEnabled?: boolean;
  /** Name of the protection domain. @proto 5 */
  protectionDomain?: string;
  /** Storage pool in the protection domain. @proto 6 */
  storagePool?: string;
  /** `ThickProvisioned` or `ThinProvisioned`; the latter unless set. @proto 7 @default "ThinProvisioned" */
  storageMode?: string;
  /** Name of the volume in the storage system. @proto 8 */
  volumeName?: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 9 @default "xfs" */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 10 */
  readOnly?: boolean;
}

/** Conditions on scopes that must all hold. @mapType atomic */
export interface ScopeSelector {
  /** The conditions. @proto 1 @listType atomic */
  matchExpressions?: ScopedResourceSelectorRequirement[];
}

/** A condition on one scope. */
export interface ScopedResourceSelectorRequirement {
  /** The scope, such as `PriorityClass`. @proto 1 */
  scopeName: string;
  /** `In`, `NotIn`, `Exists` or `DoesNotExist`. @proto 2 */
  operator: string;
  /** Values for `In` and `NotIn`; empty for the other operators. @proto 3 @listType atomic */
  values?: string[];
}

/**
 * System call filter of a pod or container.
 * @union {"discriminator": "type", "fields-to-discriminateBy": {"localhostProfile": "LocalhostProfile"}}
 */
export interface SeccompProfile {
  /** `RuntimeDefault`, `Localhost` (a file on the node) or `Unconfined`. @proto 1 */
  type: string;
  /**
   * Path of the file below the seccomp directory of the kubelet; goes with `Localhost` and only with it.
   * @proto 2 @pointer
   */
  localhostProfile?: string;
}

/** Secret data such as passwords and keys, up to 1 MiB. @kind @resource secrets @scope Namespaced */
export interface Secret {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Bytes by key, base64 in JSON. Keys are letters, digits, `-`, `_`, `.`. @proto 2 */
  data?: Record<string, Bytes>;
  /** Says what is inside, such as `Opaque` (default) or `kubernetes.io/tls`; cannot change. @proto 3 */
  type?: string;
  /** Texts to write into `data`; wins over it and is never returned. @proto 4 */
  stringData?: Record<string, string>;
  /** Once true, neither the contents nor this flag can change any more. @proto 5 @pointer */
  immutable?: boolean;
}

/** All pairs of a Secret as environment variables. @protoEmbed localObjectReference 1 */
export interface SecretEnvSource extends LocalObjectReference {
  /** Start the container even if the Secret does not exist. @proto 2 @pointer */
  optional?: boolean;
}

/** One key of a Secret. @mapType atomic @protoEmbed localObjectReference 1 */
export interface SecretKeySelector extends LocalObjectReference {
  /** The key. @proto 2 */
  key: string;
  /** Accept that the Secret or the key is missing. @proto 3 @pointer */
  optional?: boolean;
}

/** Many Secret objects, as one answer. @kind */
export interface SecretList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Secret objects. @proto 2 */
  items: Secret[];
}

/** Keys of a Secret as files in a projected volume. @protoEmbed localObjectReference 1 */
export interface SecretProjection extends LocalObjectReference {
  /**
   * Only these keys, each as a file at its path; all keys if absent. Naming a missing key is an error.
   * @proto 2 @listType atomic
   */
  items?: KeyToPath[];
  /** Accept that the Secret or its keys are missing. @proto 4 @pointer */
  optional?: boolean;
}

/** Names a Secret in any namespace. @mapType atomic */
export interface SecretReference {
  /** Name of the Secret. @proto 1 */
  name?: string;
  /** Namespace of the Secret. @proto 2 */
  namespace?: string;
}

/** A volume with the keys of a Secret as files. */
export interface SecretVolumeSource {
  /** Name of the Secret in the same namespace. @proto 1 */
  secretName?: string;
  /**
   * Only these keys, each as a file at its path; all keys if absent. Naming a missing key is an error.
   * @proto 2 @listType atomic
   */
  items?: KeyToPath[];
  /** Permission bits of the files, octal in YAML; 0644 unless set. @proto 3 @pointer */
  defaultMode?: Int32;
  /** Accept that the Secret or its keys are missing. @proto 4 @pointer */
  optional?: boolean;
}

/** Rights of one container; wins over the pod's settings of the same name. */
export interface SecurityContext {
  /** Linux capabilities to add and drop. @proto 1 @pointer */
  capabilities?: Capabilities;
  /** Give root inside nearly the rights of root on the node; off by default. @proto 2 @pointer */
  privileged?: boolean;
  /** SELinux label of the container. @proto 3 @pointer */
  seLinuxOptions?: SELinuxOptions;
  /** User ID of the process; the image's unless set. @proto 4 @pointer */
  runAsUser?: Int64;
  /** Refuse to start the process as user 0. @proto 5 @pointer */
  runAsNonRoot?: boolean;
  /** Make the root file system read-only; off by default. @proto 6 @pointer */
  readOnlyRootFilesystem?: boolean;
  /** Whether a process can gain more rights than its parent. Always true if privileged. @proto 7 @pointer */
  allowPrivilegeEscalation?: boolean;
  /** Primary group ID of the process; the runtime's default unless set. @proto 8 @pointer */
  runAsGroup?: Int64;
  /** How /proc is mounted: `Default` with masked paths or `Unmasked`. @proto 9 @pointer */
  procMount?: string;
  /** Settings for Windows. @proto 10 @pointer */
  windowsOptions?: WindowsSecurityContextOptions;
  /** System call filter of the container. @proto 11 @pointer */
  seccompProfile?: SeccompProfile;
  /** AppArmor profile of the container. @proto 12 @pointer */
  appArmorProfile?: AppArmorProfile;
}

/** A reference stored as text. @protoOnly */
export interface SerializedReference {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** The reference. @proto 1 */
  reference?: ObjectReference;
}

/**
 * A stable name and address for a set of pods.
 * @kind @resource services @scope Namespaced @shortNames svc @categories all
 */
export interface Service {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** How it is reached and what stands behind it. @proto 2 @optional */
  spec: ServiceSpec;
  /** State of its load balancer. @proto 3 */
  status?: ServiceStatus;
}

/** An identity for the processes of pods. @kind @resource serviceaccounts @scope Namespaced @shortNames sa */
export interface ServiceAccount {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /**
   * Secrets that its pods may use, where the annotation `kubernetes.io/enforce-mountable-secrets` is set.
   * Deprecated.
   * @proto 2 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  secrets?: ObjectReference[];
  /** Secrets with registry credentials, given to pods that name none. @proto 3 @listType atomic */
  imagePullSecrets?: LocalObjectReference[];
  /** Whether pods get a token mounted; a pod's own setting wins. @proto 4 @pointer */
  automountServiceAccountToken?: boolean;
}

/** Many ServiceAccount objects, as one answer. @kind */
export interface ServiceAccountList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ServiceAccount objects. @proto 2 */
  items: ServiceAccount[];
}

/** A token of the pod's service account as a file, renewed in time. */
export interface ServiceAccountTokenProjection {
  /** Whom the token is for; the API server unless set. @proto 1 */
  audience?: string;
  /** Requested lifetime in seconds, at least 600; 3600 unless set. @proto 2 @pointer */
  expirationSeconds?: Int64;
  /** File name relative to the volume. @proto 3 */
  path: string;
}

/** Many Service objects, as one answer. @kind */
export interface ServiceList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Service objects. @proto 2 */
  items: Service[];
}

/** One port of a Service. */
export interface ServicePort {
  /** Name of the port, a DNS label; may be absent if there is only one. @proto 1 */
  name?: string;
  /** `TCP` (default), `UDP` or `SCTP`. @proto 2 @default "TCP" */
  protocol?: string;
  /** Port at the Service's address, 1 to 65535. @proto 3 */
  port: Int32;
  /** Port at the pods: number, or name of a container port; the same as `port` unless set. @proto 4 */
  targetPort?: IntOrString;
  /** Port on every node for types NodePort and LoadBalancer; given by the server unless set. @proto 5 */
  nodePort?: Int32;
  /**
   * Application protocol, as a registered name or a `kubernetes.io/` name such as `kubernetes.io/h2c`.
   * @proto 6 @pointer
   */
  appProtocol?: string;
}

/** Query parameters of a proxy request to a Service. @protoOnly */
export interface ServiceProxyOptions {
  /** Path to ask the Service for. @proto 1 */
  path?: string;
}

/** How a Service is reached and what stands behind it. */
export interface ServiceSpec {
  /**
   * Ports it offers.
   * @proto 1 @listType map @listMapKey port @listMapKey protocol @patchStrategy merge @patchMergeKey port
   */
  ports?: ServicePort[];
  /** Labels of the pods behind it; without one its endpoints are made by hand. @proto 2 @mapType atomic */
  selector?: Record<string, string>;
  /**
   * Its address in the cluster: given by the server, wished for, or `None` for a headless Service.
   * @proto 3
   */
  clusterIP?: string;
  /** `ClusterIP` (default), `NodePort`, `LoadBalancer` or `ExternalName`. @proto 4 */
  type?: string;
  /**
   * Further addresses that lead to it; getting traffic there is the user's affair.
   * @proto 5 @listType atomic
   */
  externalIPs?: string[];
  /** `ClientIP` keeps a client on one endpoint; `None` (default). @proto 7 */
  sessionAffinity?: string;
  /** Wished address of the load balancer. Deprecated, not honoured everywhere. @proto 8 */
  loadBalancerIP?: string;
  /** Networks the load balancer lets in. @proto 9 @listType atomic */
  loadBalancerSourceRanges?: string[];
  /** DNS name that it stands for, with type ExternalName. @proto 10 */
  externalName?: string;
  /**
   * Traffic from outside goes to endpoints on the same node (`Local`, keeping the source address) or on all
   * (`Cluster`).
   * @proto 11
   */
  externalTrafficPolicy?: string;
  /**
   * Port where nodes tell whether they have endpoints; for LoadBalancer with `Local`. Fixed once set.
   * @proto 12
   */
  healthCheckNodePort?: Int32;
  /** Publish endpoints before they are ready. @proto 13 */
  publishNotReadyAddresses?: boolean;
  /** Settings of the affinity. @proto 14 @pointer */
  sessionAffinityConfig?: SessionAffinityConfig;
  /** `SingleStack`, `PreferDualStack` or `RequireDualStack`. @proto 17 @pointer */
  ipFamilyPolicy?: string;
  /**
   * Its addresses, at most one each of IPv4 and IPv6; the first equals `clusterIP`.
   * @proto 18 @listType atomic
   */
  clusterIPs?: string[];
  /** `IPv4`, `IPv6` or both, in order of `clusterIPs`; the first is fixed. @proto 19 @listType atomic */
  ipFamilies?: string[];
  /** Whether a LoadBalancer also gets node ports; on by default. @proto 20 @pointer */
  allocateLoadBalancerNodePorts?: boolean;
  /** Which implementation serves it; the default one if empty. Fixed once set. @proto 21 @pointer */
  loadBalancerClass?: string;
  /**
   * Traffic from inside goes to endpoints on the same node (`Local`) or on all (`Cluster`, default).
   * @proto 22 @pointer
   */
  internalTrafficPolicy?: string;
  /**
   * Which endpoints to prefer: `PreferSameZone`, `PreferSameNode`, or `PreferClose` (old name of the first).
   * @proto 23 @pointer
   */
  trafficDistribution?: string;
}

/** State of a Service. */
export interface ServiceStatus {
  /** State of its load balancer. @proto 1 */
  loadBalancer?: LoadBalancerStatus;
  /**
   * Aspects of its state.
   * @proto 2 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: Condition[];
}

/** Settings of session affinity. */
export interface SessionAffinityConfig {
  /** Settings for affinity by client address. @proto 1 @pointer */
  clientIP?: ClientIPConfig;
}

/** Waits. */
export interface SleepAction {
  /** How long. @proto 1 */
  seconds: Int64;
}

/** A StorageOS volume for a persistent volume. No longer supported. */
export interface StorageOSPersistentVolumeSource {
  /** Name of the volume, unique in its StorageOS namespace. @proto 1 */
  volumeName?: string;
  /** StorageOS namespace of the volume; that of the pod unless set. @proto 2 */
  volumeNamespace?: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 3 */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 4 */
  readOnly?: boolean;
  /** Secret with the credentials for the storage server. @proto 5 @pointer */
  secretRef?: ObjectReference;
}

/** A StorageOS volume. No longer supported. */
export interface StorageOSVolumeSource {
  /** Name of the volume, unique in its StorageOS namespace. @proto 1 */
  volumeName?: string;
  /** StorageOS namespace of the volume; that of the pod unless set. @proto 2 */
  volumeNamespace?: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 3 */
  fsType?: string;
  /** Mount without the right to write; off by default. @proto 4 */
  readOnly?: boolean;
  /** Secret with the credentials for the storage server. @proto 5 @pointer */
  secretRef?: LocalObjectReference;
}

/** A kernel parameter. */
export interface Sysctl {
  /** Name of the parameter. @proto 1 */
  name: string;
  /** Its value. @proto 2 */
  value: string;
}

/** Opens a TCP connection; success if it is accepted. */
export interface TCPSocketAction {
  /** Port number, or name of a container port. @proto 1 */
  port: IntOrString;
  /** Host to connect to; the pod's IP unless set. @proto 2 */
  host?: string;
}

/** A mark on a node that repels pods without a fitting toleration. */
export interface Taint {
  /** Label-like key. @proto 1 */
  key: string;
  /** Value for the key. @proto 2 */
  value?: string;
  /**
   * `NoSchedule` keeps new pods away, `PreferNoSchedule` tries to, `NoExecute` also drives out running ones.
   * @proto 3
   */
  effect: string;
  /** When it was put on. @proto 4 @pointer */
  timeAdded?: Time;
}

/** Lets a pod bear taints that fit. */
export interface Toleration {
  /** Taint key; empty with `Exists` fits all. @proto 1 */
  key?: string;
  /** `Exists`, `Equal` (default), or `Lt` and `Gt` for numbers. @proto 2 */
  operator?: string;
  /** Taint value; empty with `Exists`. @proto 3 */
  value?: string;
  /** Taint effect: `NoSchedule`, `PreferNoSchedule` or `NoExecute`; empty fits all. @proto 4 */
  effect?: string;
  /**
   * With `NoExecute`, seconds until the pod is driven out all the same; absent for never, 0 or less for at
   * once.
   * @proto 5 @pointer
   */
  tolerationSeconds?: Int64;
}

/** A condition on a topology label. */
export interface TopologySelectorLabelRequirement {
  /** Label key. @proto 1 */
  key: string;
  /** Values of which the label has to have one. @proto 2 @listType atomic */
  values: string[];
}

/** Conditions on topology that must all hold; an empty one fits nothing. @mapType atomic */
export interface TopologySelectorTerm {
  /** The conditions. @proto 1 @listType atomic */
  matchLabelExpressions?: TopologySelectorLabelRequirement[];
}

/** How evenly pods of a sort should be spread over places. */
export interface TopologySpreadConstraint {
  /**
   * Largest allowed difference between the pod counts of a place and of the emptiest place; positive.
   * @proto 1
   */
  maxSkew: Int32;
  /** Node label whose equal values make one place. @proto 2 */
  topologyKey: string;
  /** `DoNotSchedule`, or `ScheduleAnyway` and only score. @proto 3 */
  whenUnsatisfiable: string;
  /** Pods to count. @proto 4 @pointer */
  labelSelector?: LabelSelector;
  /**
   * With fewer fitting places than this the emptiest counts as zero; positive, only with `DoNotSchedule`.
   * @proto 5 @pointer
   */
  minDomains?: Int32;
  /** `Honor` (default) leaves out nodes the pod's affinity excludes, `Ignore` counts them. @proto 6 @pointer */
  nodeAffinityPolicy?: string;
  /** `Ignore` (default) counts tainted nodes, `Honor` only those whose taints are borne. @proto 7 @pointer */
  nodeTaintsPolicy?: string;
  /** Labels of the incoming pod whose values counted pods must share. @proto 8 @listType atomic */
  matchLabelKeys?: string[];
}

/** Names an object of some kind in the same namespace. @mapType atomic */
export interface TypedLocalObjectReference {
  /** API group; empty for the core group. @proto 1 @pointer */
  apiGroup?: string | null;
  /** Kind of the object. @proto 2 */
  kind: string;
  /** Name of the object. @proto 3 */
  name: string;
}

/** Names an object of some kind, in any namespace. */
export interface TypedObjectReference {
  /** API group; empty for the core group. @proto 1 @pointer */
  apiGroup?: string | null;
  /** Kind of the object. @proto 2 */
  kind: string;
  /** Name of the object. @proto 3 */
  name: string;
  /** Namespace of the object; a ReferenceGrant there has to allow it. @proto 4 @pointer */
  namespace?: string;
}

/** A named volume of a pod. @protoEmbed volumeSource 2 */
export interface Volume extends VolumeSource {
  /** Unique in the pod; a DNS label. @proto 1 */
  name: string;
}

/** A block volume as a device in a container. */
export interface VolumeDevice {
  /** A claim volume of the pod. @proto 1 */
  name: string;
  /** Path of the device in the container. @proto 2 */
  devicePath: string;
}

/** A volume as a directory in a container. */
export interface VolumeMount {
  /** Name of the volume. @proto 1 */
  name: string;
  /** Mount without the right to write; off by default. @proto 2 */
  readOnly?: boolean;
  /** Where it appears; must not contain `:`. @proto 3 */
  mountPath: string;
  /** Path inside the volume to mount; its root if empty. @proto 4 */
  subPath?: string;
  /**
   * Mounts made later pass `None` (default), `HostToContainer`, or both ways: `Bidirectional` (needs
   * privileged).
   * @proto 5 @pointer
   */
  mountPropagation?: string;
  /** Like `subPath`, with `$(NAME)` replaced from the environment. Excludes `subPath`. @proto 6 */
  subPathExpr?: string;
  /**
   * With `readOnly`, whether nested mounts are too: `Disabled` (default), `IfPossible` or `Enabled`.
   * @proto 7 @pointer
   */
  recursiveReadOnly?: string;
}

/** A mount as it was made. */
export interface VolumeMountStatus {
  /** Name of the volume. @proto 1 */
  name: string;
  /** Where it appears. @proto 2 */
  mountPath: string;
  /** Whether it is read-only. @proto 3 */
  readOnly?: boolean;
  /** Whether nested mounts are read-only too: `Disabled` or `Enabled`. @proto 4 @pointer */
  recursiveReadOnly?: string;
  /** More about the volume. @proto 5 @pointer */
  volumeStatus?: VolumeStatus;
}

/** Nodes from which a volume can be reached. */
export interface VolumeNodeAffinity {
  /** Conditions the nodes meet. @proto 1 @pointer */
  required?: NodeSelector;
}

/** One source of a projected volume; exactly one member is set. */
export interface VolumeProjection {
  /** Keys of a Secret. @proto 1 @pointer */
  secret?: SecretProjection;
  /** Fields of the pod. @proto 2 @pointer */
  downwardAPI?: DownwardAPIProjection;
  /** Keys of a ConfigMap. @proto 3 @pointer */
  configMap?: ConfigMapProjection;
  /** A token of the service account. @proto 4 @pointer */
  serviceAccountToken?: ServiceAccountTokenProjection;
  /** Trust anchors. @proto 5 @pointer */
  clusterTrustBundle?: ClusterTrustBundleProjection;
  /** A key and certificate. @proto 6 @pointer */
  podCertificate?: PodCertificateProjection;
}

/** Size of the wished storage. */
export interface VolumeResourceRequirements {
  /** Largest acceptable size. @proto 1 */
  limits?: Record<string, Quantity>;
  /** Smallest acceptable size, under `storage`; the limit if only that is given. @proto 2 */
  requests?: Record<string, Quantity>;
}

/** What a volume is made of; exactly one member is set. @protoOnly */
export interface VolumeSource {
  /** A file or directory of the node. @proto 1 @pointer */
  hostPath?: HostPathVolumeSource;
  /** An empty directory that lives as long as the pod. @proto 2 @pointer */
  emptyDir?: EmptyDirVolumeSource;
  /** A Google Compute Engine disk. Deprecated: goes to the CSI driver. @proto 3 @pointer */
  gcePersistentDisk?: GCEPersistentDiskVolumeSource;
  /** An AWS EBS disk. Deprecated: goes to the CSI driver. @proto 4 @pointer */
  awsElasticBlockStore?: AWSElasticBlockStoreVolumeSource;
  /** A directory filled from git. Deprecated and off. @proto 5 @pointer */
  gitRepo?: GitRepoVolumeSource;
  /** Keys of a Secret as files. @proto 6 @pointer */
  secret?: SecretVolumeSource;
  /** An NFS export. @proto 7 @pointer */
  nfs?: NFSVolumeSource;
  /** An iSCSI disk. @proto 8 @pointer */
  iscsi?: ISCSIVolumeSource;
  /** A Glusterfs mount. No longer supported. @proto 9 @pointer */
  glusterfs?: GlusterfsVolumeSource;
  /** The volume of a claim. @proto 10 @pointer */
  persistentVolumeClaim?: PersistentVolumeClaimVolumeSource;
  /** A Ceph block device. No longer supported. @proto 11 @pointer */
  rbd?: RBDVolumeSource;
  /** A volume of an exec-based plugin. Deprecated: use CSI. @proto 12 @pointer */
  flexVolume?: FlexVolumeSource;
  /** An OpenStack Cinder disk. Deprecated: goes to the CSI driver. @proto 13 @pointer */
  cinder?: CinderVolumeSource;
  /** A CephFS mount. No longer supported. @proto 14 @pointer */
  cephfs?: CephFSVolumeSource;
  /** A Flocker data set. No longer supported. @proto 15 @pointer */
  flocker?: FlockerVolumeSource;
  /** Fields of the pod as files. @proto 16 @pointer */
  downwardAPI?: DownwardAPIVolumeSource;
  /** A Fibre Channel disk. @proto 17 @pointer */
  fc?: FCVolumeSource;
  /** An Azure Files share. Deprecated: goes to the CSI driver. @proto 18 @pointer */
  azureFile?: AzureFileVolumeSource;
  /** Keys of a ConfigMap as files. @proto 19 @pointer */
  configMap?: ConfigMapVolumeSource;
  /** A vSphere disk. Deprecated: goes to the CSI driver. @proto 20 @pointer */
  vsphereVolume?: VsphereVirtualDiskVolumeSource;
  /** A Quobyte volume. No longer supported. @proto 21 @pointer */
  quobyte?: QuobyteVolumeSource;
  /** An Azure data disk. Deprecated: goes to the CSI driver. @proto 22 @pointer */
  azureDisk?: AzureDiskVolumeSource;
  /** A Photon Controller disk. No longer supported. @proto 23 @pointer */
  photonPersistentDisk?: PhotonPersistentDiskVolumeSource;
  /** A Portworx volume. Deprecated: goes to the CSI driver. @proto 24 @pointer */
  portworxVolume?: PortworxVolumeSource;
  /** A ScaleIO volume. No longer supported. @proto 25 @pointer */
  scaleIO?: ScaleIOVolumeSource;
  /** Several sources in one directory. @proto 26 @pointer */
  projected?: ProjectedVolumeSource;
  /** A StorageOS volume. No longer supported. @proto 27 @pointer */
  storageos?: StorageOSVolumeSource;
  /** A volume of a CSI driver. @proto 28 @pointer */
  csi?: CSIVolumeSource;
  /** A claim made for this pod. @proto 29 @pointer */
  ephemeral?: EphemeralVolumeSource;
  /** The contents of an OCI image, read-only. @proto 30 @pointer */
  image?: ImageVolumeSource;
}

/** State of a mounted volume. */
export interface VolumeStatus {
  /** The image behind it. @proto 1 @pointer */
  image?: ImageVolumeStatus;
}

/** A vSphere disk. Deprecated: goes to the CSI driver. */
export interface VsphereVirtualDiskVolumeSource {
  /** Path of the disk file. @proto 1 */
  volumePath: string;
  /** File system to mount, such as `ext4` or `xfs`; the node's default if empty. @proto 2 */
  fsType?: string;
  /** Name of the storage policy. @proto 3 */
  storagePolicyName?: string;
  /** ID of the storage policy. @proto 4 */
  storagePolicyID?: string;
}

/** A wish about other pods and its weight. */
export interface WeightedPodAffinityTerm {
  /** Counts toward the score of nodes that fit, 1 to 100. @proto 1 */
  weight: Int32;
  /** The wish. @proto 2 */
  podAffinityTerm: PodAffinityTerm;
}

/** Settings for Windows containers. */
export interface WindowsSecurityContextOptions {
  /** Name of the GMSA credential spec. @proto 1 @pointer */
  gmsaCredentialSpecName?: string;
  /** The GMSA credential spec itself, filled in by a webhook. @proto 2 @pointer */
  gmsaCredentialSpec?: string;
  /** User that runs the process; the image's unless set. @proto 3 @pointer */
  runAsUserName?: string;
  /** Run on the host itself; all containers of a pod alike, with `hostNetwork`. @proto 4 @pointer */
  hostProcess?: boolean;
}
