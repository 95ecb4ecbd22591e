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

export interface AWSElasticBlockStoreVolumeSource {
  /** @proto 1 */
  volumeID: string;
  /** @proto 2 */
  fsType?: string;
  /** @proto 3 */
  partition?: Int32;
  /** @proto 4 */
  readOnly?: boolean;
}

export interface Affinity {
  /** @proto 1 */
  nodeAffinity?: NodeAffinity;
  /** @proto 2 */
  podAffinity?: PodAffinity;
  /** @proto 3 */
  podAntiAffinity?: PodAntiAffinity;
}

/** @union {"discriminator": "type", "fields-to-discriminateBy": {"localhostProfile": "LocalhostProfile"}} */
export interface AppArmorProfile {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  localhostProfile?: string;
}

export interface AttachedVolume {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  devicePath: string;
}

/** @protoOnly */
export interface AvoidPods {
  /** @proto 1 */
  preferAvoidPods?: PreferAvoidPodsEntry[];
}

export interface AzureDiskVolumeSource {
  /** @proto 1 */
  diskName: string;
  /** @proto 2 */
  diskURI: string;
  /** @proto 3 */
  cachingMode?: string;
  /** @proto 4 */
  fsType?: string;
  /** @proto 5 */
  readOnly?: boolean;
  /** @proto 6 */
  kind?: string;
}

export interface AzureFilePersistentVolumeSource {
  /** @proto 1 */
  secretName: string;
  /** @proto 2 */
  shareName: string;
  /** @proto 3 */
  readOnly?: boolean;
  /** @proto 4 */
  secretNamespace?: string;
}

export interface AzureFileVolumeSource {
  /** @proto 1 */
  secretName: string;
  /** @proto 2 */
  shareName: string;
  /** @proto 3 */
  readOnly?: boolean;
}

/** @kind @resource bindings @scope Namespaced */
export interface Binding {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  target: ObjectReference;
}

export interface CSIPersistentVolumeSource {
  /** @proto 1 */
  driver: string;
  /** @proto 2 */
  volumeHandle: string;
  /** @proto 3 */
  readOnly?: boolean;
  /** @proto 4 */
  fsType?: string;
  /** @proto 5 */
  volumeAttributes?: Record<string, string>;
  /** @proto 6 */
  controllerPublishSecretRef?: SecretReference;
  /** @proto 7 */
  nodeStageSecretRef?: SecretReference;
  /** @proto 8 */
  nodePublishSecretRef?: SecretReference;
  /** @proto 9 */
  controllerExpandSecretRef?: SecretReference;
  /** @proto 10 */
  nodeExpandSecretRef?: SecretReference;
}

export interface CSIVolumeSource {
  /** @proto 1 */
  driver: string;
  /** @proto 2 */
  readOnly?: boolean;
  /** @proto 3 */
  fsType?: string;
  /** @proto 4 */
  volumeAttributes?: Record<string, string>;
  /** @proto 5 */
  nodePublishSecretRef?: LocalObjectReference;
}

export interface Capabilities {
  /** @proto 1 @listType atomic */
  add?: string[];
  /** @proto 2 @listType atomic */
  drop?: string[];
}

export interface CephFSPersistentVolumeSource {
  /** @proto 1 @listType atomic */
  monitors: string[];
  /** @proto 2 */
  path?: string;
  /** @proto 3 */
  user?: string;
  /** @proto 4 */
  secretFile?: string;
  /** @proto 5 */
  secretRef?: SecretReference;
  /** @proto 6 */
  readOnly?: boolean;
}

export interface CephFSVolumeSource {
  /** @proto 1 @listType atomic */
  monitors: string[];
  /** @proto 2 */
  path?: string;
  /** @proto 3 */
  user?: string;
  /** @proto 4 */
  secretFile?: string;
  /** @proto 5 */
  secretRef?: LocalObjectReference;
  /** @proto 6 */
  readOnly?: boolean;
}

export interface CinderPersistentVolumeSource {
  /** @proto 1 */
  volumeID: string;
  /** @proto 2 */
  fsType?: string;
  /** @proto 3 */
  readOnly?: boolean;
  /** @proto 4 */
  secretRef?: SecretReference;
}

export interface CinderVolumeSource {
  /** @proto 1 */
  volumeID: string;
  /** @proto 2 */
  fsType?: string;
  /** @proto 3 */
  readOnly?: boolean;
  /** @proto 4 */
  secretRef?: LocalObjectReference;
}

export interface ClientIPConfig {
  /** @proto 1 */
  timeoutSeconds?: Int32;
}

export interface ClusterTrustBundleProjection {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  signerName?: string;
  /** @proto 3 */
  labelSelector?: LabelSelector;
  /** @proto 4 */
  path: string;
  /** @proto 5 */
  optional?: boolean;
}

export interface ComponentCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  message?: string;
  /** @proto 4 */
  error?: string;
}

/** @kind @resource componentstatuses @scope Cluster @shortNames cs */
export interface ComponentStatus {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: ComponentCondition[];
}

/** @kind */
export interface ComponentStatusList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ComponentStatus[];
}

/** @kind @resource configmaps @scope Namespaced @shortNames cm */
export interface ConfigMap {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  data?: Record<string, string>;
  /** @proto 3 */
  binaryData?: Record<string, Bytes>;
  /** @proto 4 */
  immutable?: boolean;
}

/** @protoEmbed localObjectReference 1 */
export interface ConfigMapEnvSource extends LocalObjectReference {
  /** @proto 2 */
  optional?: boolean;
}

/** @mapType atomic @protoEmbed localObjectReference 1 */
export interface ConfigMapKeySelector extends LocalObjectReference {
  /** @proto 2 */
  key: string;
  /** @proto 3 */
  optional?: boolean;
}

/** @kind */
export interface ConfigMapList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ConfigMap[];
}

export interface ConfigMapNodeConfigSource {
  /** @proto 1 */
  namespace: string;
  /** @proto 2 */
  name: string;
  /** @proto 3 */
  uid?: string;
  /** @proto 4 */
  resourceVersion?: string;
  /** @proto 5 */
  kubeletConfigKey: string;
}

/** @protoEmbed localObjectReference 1 */
export interface ConfigMapProjection extends LocalObjectReference {
  /** @proto 2 @listType atomic */
  items?: KeyToPath[];
  /** @proto 4 */
  optional?: boolean;
}

/** @protoEmbed localObjectReference 1 */
export interface ConfigMapVolumeSource extends LocalObjectReference {
  /** @proto 2 @listType atomic */
  items?: KeyToPath[];
  /** @proto 3 */
  defaultMode?: Int32;
  /** @proto 4 */
  optional?: boolean;
}

export interface Container {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  image?: string;
  /** @proto 3 @listType atomic */
  command?: string[];
  /** @proto 4 @listType atomic */
  args?: string[];
  /** @proto 5 */
  workingDir?: string;
  /** @proto 6 @listType map @listMapKey containerPort @listMapKey protocol @patchStrategy merge @patchMergeKey containerPort */
  ports?: ContainerPort[];
  /** @proto 7 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  env?: EnvVar[];
  /** @proto 8 */
  resources?: ResourceRequirements;
  /** @proto 9 @listType map @listMapKey mountPath @patchStrategy merge @patchMergeKey mountPath */
  volumeMounts?: VolumeMount[];
  /** @proto 10 */
  livenessProbe?: Probe;
  /** @proto 11 */
  readinessProbe?: Probe;
  /** @proto 12 */
  lifecycle?: Lifecycle;
  /** @proto 13 */
  terminationMessagePath?: string;
  /** @proto 14 */
  imagePullPolicy?: string;
  /** @proto 15 */
  securityContext?: SecurityContext;
  /** @proto 16 */
  stdin?: boolean;
  /** @proto 17 */
  stdinOnce?: boolean;
  /** @proto 18 */
  tty?: boolean;
  /** @proto 19 @listType atomic */
  envFrom?: EnvFromSource[];
  /** @proto 20 */
  terminationMessagePolicy?: string;
  /** @proto 21 @listType map @listMapKey devicePath @patchStrategy merge @patchMergeKey devicePath */
  volumeDevices?: VolumeDevice[];
  /** @proto 22 */
  startupProbe?: Probe;
  /** @proto 23 @listType atomic */
  resizePolicy?: ContainerResizePolicy[];
  /** @proto 24 */
  restartPolicy?: string;
  /** @proto 25 @listType atomic */
  restartPolicyRules?: ContainerRestartRule[];
}

export interface ContainerExtendedResourceRequest {
  /** @proto 1 */
  containerName: string;
  /** @proto 2 */
  resourceName: string;
  /** @proto 3 */
  requestName: string;
}

export interface ContainerImage {
  /** @proto 1 @listType atomic */
  names?: string[];
  /** @proto 2 */
  sizeBytes?: Int64;
}

export interface ContainerPort {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  hostPort?: Int32;
  /** @proto 3 */
  containerPort: Int32;
  /** @proto 4 */
  protocol?: string;
  /** @proto 5 */
  hostIP?: string;
}

export interface ContainerResizePolicy {
  /** @proto 1 */
  resourceName: string;
  /** @proto 2 */
  restartPolicy: string;
}

export interface ContainerRestartRule {
  /** @proto 1 */
  action: string;
  /** @proto 2 */
  exitCodes?: ContainerRestartRuleOnExitCodes;
}

export interface ContainerRestartRuleOnExitCodes {
  /** @proto 1 */
  operator: string;
  /** @proto 2 @listType set */
  values?: Int32[];
}

export interface ContainerState {
  /** @proto 1 */
  waiting?: ContainerStateWaiting;
  /** @proto 2 */
  running?: ContainerStateRunning;
  /** @proto 3 */
  terminated?: ContainerStateTerminated;
}

export interface ContainerStateRunning {
  /** @proto 1 */
  startedAt?: Time;
}

export interface ContainerStateTerminated {
  /** @proto 1 */
  exitCode: Int32;
  /** @proto 2 */
  signal?: Int32;
  /** @proto 3 */
  reason?: string;
  /** @proto 4 */
  message?: string;
  /** @proto 5 */
  startedAt?: Time;
  /** @proto 6 */
  finishedAt?: Time;
  /** @proto 7 */
  containerID?: string;
}

export interface ContainerStateWaiting {
  /** @proto 1 */
  reason?: string;
  /** @proto 2 */
  message?: string;
}

export interface ContainerStatus {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  state?: ContainerState;
  /** @proto 3 */
  lastState?: ContainerState;
  /** @proto 4 */
  ready: boolean;
  /** @proto 5 */
  restartCount: Int32;
  /** @proto 6 */
  image: string;
  /** @proto 7 */
  imageID: string;
  /** @proto 8 */
  containerID?: string;
  /** @proto 9 */
  started?: boolean;
  /** @proto 10 */
  allocatedResources?: Record<string, Quantity>;
  /** @proto 11 */
  resources?: ResourceRequirements;
  /** @proto 12 @listType map @listMapKey mountPath @patchStrategy merge @patchMergeKey mountPath */
  volumeMounts?: VolumeMountStatus[];
  /** @proto 13 */
  user?: ContainerUser;
  /** @proto 14 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  allocatedResourcesStatus?: ResourceStatus[];
  /** @proto 15 */
  stopSignal?: string;
}

export interface ContainerUser {
  /** @proto 1 */
  linux?: LinuxContainerUser;
}

export interface DaemonEndpoint {
  /** @proto 1 */
  Port: Int32;
}

export interface DownwardAPIProjection {
  /** @proto 1 @listType atomic */
  items?: DownwardAPIVolumeFile[];
}

export interface DownwardAPIVolumeFile {
  /** @proto 1 */
  path: string;
  /** @proto 2 */
  fieldRef?: ObjectFieldSelector;
  /** @proto 3 */
  resourceFieldRef?: ResourceFieldSelector;
  /** @proto 4 */
  mode?: Int32;
}

export interface DownwardAPIVolumeSource {
  /** @proto 1 @listType atomic */
  items?: DownwardAPIVolumeFile[];
  /** @proto 2 */
  defaultMode?: Int32;
}

export interface EmptyDirVolumeSource {
  /** @proto 1 */
  medium?: string;
  /** @proto 2 */
  sizeLimit?: Quantity;
}

/** @mapType atomic */
export interface EndpointAddress {
  /** @proto 1 */
  ip: string;
  /** @proto 2 */
  targetRef?: ObjectReference;
  /** @proto 3 */
  hostname?: string;
  /** @proto 4 */
  nodeName?: string;
}

/** @mapType atomic */
export interface EndpointPort {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  port: Int32;
  /** @proto 3 */
  protocol?: string;
  /** @proto 4 */
  appProtocol?: string;
}

export interface EndpointSubset {
  /** @proto 1 @listType atomic */
  addresses?: EndpointAddress[];
  /** @proto 2 @listType atomic */
  notReadyAddresses?: EndpointAddress[];
  /** @proto 3 @listType atomic */
  ports?: EndpointPort[];
}

/** @kind @resource endpoints @scope Namespaced @shortNames ep */
export interface Endpoints {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @listType atomic */
  subsets?: EndpointSubset[];
}

/** @kind */
export interface EndpointsList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Endpoints[];
}

export interface EnvFromSource {
  /** @proto 1 */
  prefix?: string;
  /** @proto 2 */
  configMapRef?: ConfigMapEnvSource;
  /** @proto 3 */
  secretRef?: SecretEnvSource;
}

export interface EnvVar {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  value?: string;
  /** @proto 3 */
  valueFrom?: EnvVarSource;
}

export interface EnvVarSource {
  /** @proto 1 */
  fieldRef?: ObjectFieldSelector;
  /** @proto 2 */
  resourceFieldRef?: ResourceFieldSelector;
  /** @proto 3 */
  configMapKeyRef?: ConfigMapKeySelector;
  /** @proto 4 */
  secretKeyRef?: SecretKeySelector;
  /** @proto 5 */
  fileKeyRef?: FileKeySelector;
}

/** @protoEmbed ephemeralContainerCommon 1 */
export interface EphemeralContainer extends EphemeralContainerCommon {
  /** @proto 2 */
  targetContainerName?: string;
}

/** @protoOnly */
export interface EphemeralContainerCommon {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  image?: string;
  /** @proto 3 @listType atomic */
  command?: string[];
  /** @proto 4 @listType atomic */
  args?: string[];
  /** @proto 5 */
  workingDir?: string;
  /** @proto 6 @listType map @listMapKey containerPort @listMapKey protocol @patchStrategy merge @patchMergeKey containerPort */
  ports?: ContainerPort[];
  /** @proto 7 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  env?: EnvVar[];
  /** @proto 8 */
  resources?: ResourceRequirements;
  /** @proto 9 @listType map @listMapKey mountPath @patchStrategy merge @patchMergeKey mountPath */
  volumeMounts?: VolumeMount[];
  /** @proto 10 */
  livenessProbe?: Probe;
  /** @proto 11 */
  readinessProbe?: Probe;
  /** @proto 12 */
  lifecycle?: Lifecycle;
  /** @proto 13 */
  terminationMessagePath?: string;
  /** @proto 14 */
  imagePullPolicy?: string;
  /** @proto 15 */
  securityContext?: SecurityContext;
  /** @proto 16 */
  stdin?: boolean;
  /** @proto 17 */
  stdinOnce?: boolean;
  /** @proto 18 */
  tty?: boolean;
  /** @proto 19 @listType atomic */
  envFrom?: EnvFromSource[];
  /** @proto 20 */
  terminationMessagePolicy?: string;
  /** @proto 21 @listType map @listMapKey devicePath @patchStrategy merge @patchMergeKey devicePath */
  volumeDevices?: VolumeDevice[];
  /** @proto 22 */
  startupProbe?: Probe;
  /** @proto 23 @listType atomic */
  resizePolicy?: ContainerResizePolicy[];
  /** @proto 24 */
  restartPolicy?: string;
  /** @proto 25 @listType atomic */
  restartPolicyRules?: ContainerRestartRule[];
}

export interface EphemeralVolumeSource {
  /** @proto 1 */
  volumeClaimTemplate?: PersistentVolumeClaimTemplate;
}

/** @kind @resource events @scope Namespaced @shortNames ev */
export interface Event {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  metadata: ObjectMeta;
  /** @proto 2 */
  involvedObject: ObjectReference;
  /** @proto 3 */
  reason?: string;
  /** @proto 4 */
  message?: string;
  /** @proto 5 */
  source?: EventSource;
  /** @proto 6 */
  firstTimestamp?: Time;
  /** @proto 7 */
  lastTimestamp?: Time;
  /** @proto 8 */
  count?: Int32;
  /** @proto 9 */
  type?: string;
  /** @proto 10 */
  eventTime?: MicroTime;
  /** @proto 11 */
  series?: EventSeries;
  /** @proto 12 */
  action?: string;
  /** @proto 13 */
  related?: ObjectReference;
  /** @proto 14 */
  reportingComponent?: string;
  /** @proto 15 */
  reportingInstance?: string;
}

/** @kind */
export interface EventList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Event[];
}

export interface EventSeries {
  /** @proto 1 */
  count?: Int32;
  /** @proto 2 */
  lastObservedTime?: MicroTime;
}

export interface EventSource {
  /** @proto 1 */
  component?: string;
  /** @proto 2 */
  host?: string;
}

export interface ExecAction {
  /** @proto 1 @listType atomic */
  command?: string[];
}

export interface FCVolumeSource {
  /** @proto 1 @listType atomic */
  targetWWNs?: string[];
  /** @proto 2 */
  lun?: Int32;
  /** @proto 3 */
  fsType?: string;
  /** @proto 4 */
  readOnly?: boolean;
  /** @proto 5 @listType atomic */
  wwids?: string[];
}

/** @mapType atomic */
export interface FileKeySelector {
  /** @proto 1 */
  volumeName: string;
  /** @proto 2 */
  path: string;
  /** @proto 3 */
  key: string;
  /** @proto 4 */
  optional?: boolean;
}

export interface FlexPersistentVolumeSource {
  /** @proto 1 */
  driver: string;
  /** @proto 2 */
  fsType?: string;
  /** @proto 3 */
  secretRef?: SecretReference;
  /** @proto 4 */
  readOnly?: boolean;
  /** @proto 5 */
  options?: Record<string, string>;
}

export interface FlexVolumeSource {
  /** @proto 1 */
  driver: string;
  /** @proto 2 */
  fsType?: string;
  /** @proto 3 */
  secretRef?: LocalObjectReference;
  /** @proto 4 */
  readOnly?: boolean;
  /** @proto 5 */
  options?: Record<string, string>;
}

export interface FlockerVolumeSource {
  /** @proto 1 */
  datasetName?: string;
  /** @proto 2 */
  datasetUUID?: string;
}

export interface GCEPersistentDiskVolumeSource {
  /** @proto 1 */
  pdName: string;
  /** @proto 2 */
  fsType?: string;
  /** @proto 3 */
  partition?: Int32;
  /** @proto 4 */
  readOnly?: boolean;
}

export interface GRPCAction {
  /** @proto 1 */
  port: Int32;
  /** @proto 2 */
  service?: string;
}

export interface GitRepoVolumeSource {
  /** @proto 1 */
  repository: string;
  /** @proto 2 */
  revision?: string;
  /** @proto 3 */
  directory?: string;
}

export interface GlusterfsPersistentVolumeSource {
  /** @proto 1 */
  endpoints: string;
  /** @proto 2 */
  path: string;
  /** @proto 3 */
  readOnly?: boolean;
  /** @proto 4 */
  endpointsNamespace?: string;
}

export interface GlusterfsVolumeSource {
  /** @proto 1 */
  endpoints: string;
  /** @proto 2 */
  path: string;
  /** @proto 3 */
  readOnly?: boolean;
}

export interface HTTPGetAction {
  /** @proto 1 */
  path?: string;
  /** @proto 2 */
  port: IntOrString;
  /** @proto 3 */
  host?: string;
  /** @proto 4 */
  scheme?: string;
  /** @proto 5 @listType atomic */
  httpHeaders?: HTTPHeader[];
}

export interface HTTPHeader {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  value: string;
}

export interface HostAlias {
  /** @proto 1 */
  ip: string;
  /** @proto 2 @listType atomic */
  hostnames?: string[];
}

export interface HostIP {
  /** @proto 1 */
  ip: string;
}

export interface HostPathVolumeSource {
  /** @proto 1 */
  path: string;
  /** @proto 2 */
  type?: string;
}

export interface ISCSIPersistentVolumeSource {
  /** @proto 1 */
  targetPortal: string;
  /** @proto 2 */
  iqn: string;
  /** @proto 3 */
  lun: Int32;
  /** @proto 4 */
  iscsiInterface?: string;
  /** @proto 5 */
  fsType?: string;
  /** @proto 6 */
  readOnly?: boolean;
  /** @proto 7 @listType atomic */
  portals?: string[];
  /** @proto 8 */
  chapAuthDiscovery?: boolean;
  /** @proto 10 */
  secretRef?: SecretReference;
  /** @proto 11 */
  chapAuthSession?: boolean;
  /** @proto 12 */
  initiatorName?: string;
}

export interface ISCSIVolumeSource {
  /** @proto 1 */
  targetPortal: string;
  /** @proto 2 */
  iqn: string;
  /** @proto 3 */
  lun: Int32;
  /** @proto 4 */
  iscsiInterface?: string;
  /** @proto 5 */
  fsType?: string;
  /** @proto 6 */
  readOnly?: boolean;
  /** @proto 7 @listType atomic */
  portals?: string[];
  /** @proto 8 */
  chapAuthDiscovery?: boolean;
  /** @proto 10 */
  secretRef?: LocalObjectReference;
  /** @proto 11 */
  chapAuthSession?: boolean;
  /** @proto 12 */
  initiatorName?: string;
}

export interface ImageVolumeSource {
  /** @proto 1 */
  reference?: string;
  /** @proto 2 */
  pullPolicy?: string;
}

export interface ImageVolumeStatus {
  /** @proto 1 */
  imageRef: string;
}

export interface KeyToPath {
  /** @proto 1 */
  key: string;
  /** @proto 2 */
  path: string;
  /** @proto 3 */
  mode?: Int32;
}

export interface Lifecycle {
  /** @proto 1 */
  postStart?: LifecycleHandler;
  /** @proto 2 */
  preStop?: LifecycleHandler;
  /** @proto 3 */
  stopSignal?: string;
}

export interface LifecycleHandler {
  /** @proto 1 */
  exec?: ExecAction;
  /** @proto 2 */
  httpGet?: HTTPGetAction;
  /** @proto 3 */
  tcpSocket?: TCPSocketAction;
  /** @proto 4 */
  sleep?: SleepAction;
}

/** @kind @resource limitranges @scope Namespaced @shortNames limits */
export interface LimitRange {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: LimitRangeSpec;
}

export interface LimitRangeItem {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  max?: Record<string, Quantity>;
  /** @proto 3 */
  min?: Record<string, Quantity>;
  /** @proto 4 */
  default?: Record<string, Quantity>;
  /** @proto 5 */
  defaultRequest?: Record<string, Quantity>;
  /** @proto 6 */
  maxLimitRequestRatio?: Record<string, Quantity>;
}

/** @kind */
export interface LimitRangeList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: LimitRange[];
}

export interface LimitRangeSpec {
  /** @proto 1 @listType atomic */
  limits: LimitRangeItem[];
}

export interface LinuxContainerUser {
  /** @proto 1 */
  uid: Int64;
  /** @proto 2 */
  gid: Int64;
  /** @proto 3 @listType atomic */
  supplementalGroups?: Int64[];
}

/** @protoOnly */
export interface List {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  metadata?: ListMeta;
  /** @proto 2 */
  items?: RawExtension[];
}

export interface LoadBalancerIngress {
  /** @proto 1 */
  ip?: string;
  /** @proto 2 */
  hostname?: string;
  /** @proto 3 */
  ipMode?: string;
  /** @proto 4 @listType atomic */
  ports?: PortStatus[];
}

export interface LoadBalancerStatus {
  /** @proto 1 @listType atomic */
  ingress?: LoadBalancerIngress[];
}

/** @mapType atomic */
export interface LocalObjectReference {
  /** @proto 1 */
  name?: string;
}

export interface LocalVolumeSource {
  /** @proto 1 */
  path: string;
  /** @proto 2 */
  fsType?: string;
}

export interface ModifyVolumeStatus {
  /** @proto 1 */
  targetVolumeAttributesClassName?: string;
  /** @proto 2 */
  status: string;
}

export interface NFSVolumeSource {
  /** @proto 1 */
  server: string;
  /** @proto 2 */
  path: string;
  /** @proto 3 */
  readOnly?: boolean;
}

/** @kind @resource namespaces @scope Cluster @shortNames ns */
export interface Namespace {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: NamespaceSpec;
  /** @proto 3 */
  status?: NamespaceStatus;
}

export interface NamespaceCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 4 */
  lastTransitionTime?: Time;
  /** @proto 5 */
  reason?: string;
  /** @proto 6 */
  message?: string;
}

/** @kind */
export interface NamespaceList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Namespace[];
}

export interface NamespaceSpec {
  /** @proto 1 @listType atomic */
  finalizers?: string[];
}

export interface NamespaceStatus {
  /** @proto 1 */
  phase?: string;
  /** @proto 2 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: NamespaceCondition[];
}

/** @kind @resource nodes @scope Cluster @shortNames no */
export interface Node {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: NodeSpec;
  /** @proto 3 */
  status?: NodeStatus;
}

export interface NodeAddress {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  address: string;
}

export interface NodeAffinity {
  /** @proto 1 */
  requiredDuringSchedulingIgnoredDuringExecution?: NodeSelector;
  /** @proto 2 @listType atomic */
  preferredDuringSchedulingIgnoredDuringExecution?: PreferredSchedulingTerm[];
}

export interface NodeAllocatableResourceClaimStatus {
  /** @proto 1 */
  resourceClaimName: string;
  /** @proto 2 @listType set */
  containers?: string[];
  /** @proto 3 */
  resources: Record<string, Quantity>;
}

export interface NodeCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  lastHeartbeatTime?: Time;
  /** @proto 4 */
  lastTransitionTime?: Time;
  /** @proto 5 */
  reason?: string;
  /** @proto 6 */
  message?: string;
}

export interface NodeConfigSource {
  /** @proto 2 */
  configMap?: ConfigMapNodeConfigSource;
}

export interface NodeConfigStatus {
  /** @proto 1 */
  assigned?: NodeConfigSource;
  /** @proto 2 */
  active?: NodeConfigSource;
  /** @proto 3 */
  lastKnownGood?: NodeConfigSource;
  /** @proto 4 */
  error?: string;
}

export interface NodeDaemonEndpoints {
  /** @proto 1 */
  kubeletEndpoint?: DaemonEndpoint;
}

export interface NodeFeatures {
  /** @proto 1 */
  supplementalGroupsPolicy?: boolean;
}

/** @kind */
export interface NodeList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Node[];
}

/** @protoOnly */
export interface NodeProxyOptions {
  /** @proto 1 */
  path?: string;
}

export interface NodeRuntimeHandler {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  features?: NodeRuntimeHandlerFeatures;
}

export interface NodeRuntimeHandlerFeatures {
  /** @proto 1 */
  recursiveReadOnlyMounts?: boolean;
  /** @proto 2 */
  userNamespaces?: boolean;
}

/** @mapType atomic */
export interface NodeSelector {
  /** @proto 1 @listType atomic */
  nodeSelectorTerms: NodeSelectorTerm[];
}

export interface NodeSelectorRequirement {
  /** @proto 1 */
  key: string;
  /** @proto 2 */
  operator: string;
  /** @proto 3 @listType atomic */
  values?: string[];
}

/** @mapType atomic */
export interface NodeSelectorTerm {
  /** @proto 1 @listType atomic */
  matchExpressions?: NodeSelectorRequirement[];
  /** @proto 2 @listType atomic */
  matchFields?: NodeSelectorRequirement[];
}

export interface NodeSpec {
  /** @proto 1 */
  podCIDR?: string;
  /** @proto 2 */
  externalID?: string;
  /** @proto 3 */
  providerID?: string;
  /** @proto 4 */
  unschedulable?: boolean;
  /** @proto 5 @listType atomic */
  taints?: Taint[];
  /** @proto 6 */
  configSource?: NodeConfigSource;
  /** @proto 7 @listType set @patchStrategy merge */
  podCIDRs?: string[];
}

export interface NodeStatus {
  /** @proto 1 */
  capacity?: Record<string, Quantity>;
  /** @proto 2 */
  allocatable?: Record<string, Quantity>;
  /** @proto 3 */
  phase?: string;
  /** @proto 4 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: NodeCondition[];
  /** @proto 5 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  addresses?: NodeAddress[];
  /** @proto 6 */
  daemonEndpoints?: NodeDaemonEndpoints;
  /** @proto 7 */
  nodeInfo?: NodeSystemInfo;
  /** @proto 8 @listType atomic */
  images?: ContainerImage[];
  /** @proto 9 @listType atomic */
  volumesInUse?: string[];
  /** @proto 10 @listType atomic */
  volumesAttached?: AttachedVolume[];
  /** @proto 11 */
  config?: NodeConfigStatus;
  /** @proto 12 @listType atomic */
  runtimeHandlers?: NodeRuntimeHandler[];
  /** @proto 13 */
  features?: NodeFeatures;
  /** @proto 14 @listType atomic */
  declaredFeatures?: string[];
}

export interface NodeSwapStatus {
  /** @proto 1 */
  capacity?: Int64;
}

export interface NodeSystemInfo {
  /** @proto 1 */
  machineID: string;
  /** @proto 2 */
  systemUUID: string;
  /** @proto 3 */
  bootID: string;
  /** @proto 4 */
  kernelVersion: string;
  /** @proto 5 */
  osImage: string;
  /** @proto 6 */
  containerRuntimeVersion: string;
  /** @proto 7 */
  kubeletVersion: string;
  /** @proto 8 */
  kubeProxyVersion: string;
  /** @proto 9 */
  operatingSystem: string;
  /** @proto 10 */
  architecture: string;
  /** @proto 11 */
  swap?: NodeSwapStatus;
}

/** @mapType atomic */
export interface ObjectFieldSelector {
  /** @proto 1 */
  apiVersion?: string;
  /** @proto 2 */
  fieldPath: string;
}

/** @mapType atomic */
export interface ObjectReference {
  /** @proto 1 */
  kind?: string;
  /** @proto 2 */
  namespace?: string;
  /** @proto 3 */
  name?: string;
  /** @proto 4 */
  uid?: string;
  /** @proto 5 */
  apiVersion?: string;
  /** @proto 6 */
  resourceVersion?: string;
  /** @proto 7 */
  fieldPath?: string;
}

/** @kind @resource persistentvolumes @scope Cluster @shortNames pv */
export interface PersistentVolume {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: PersistentVolumeSpec;
  /** @proto 3 */
  status?: PersistentVolumeStatus;
}

/** @kind @resource persistentvolumeclaims @scope Namespaced @shortNames pvc */
export interface PersistentVolumeClaim {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: PersistentVolumeClaimSpec;
  /** @proto 3 */
  status?: PersistentVolumeClaimStatus;
}

export interface PersistentVolumeClaimCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  lastProbeTime?: Time;
  /** @proto 4 */
  lastTransitionTime?: Time;
  /** @proto 5 */
  reason?: string;
  /** @proto 6 */
  message?: string;
}

/** @kind */
export interface PersistentVolumeClaimList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: PersistentVolumeClaim[];
}

export interface PersistentVolumeClaimSpec {
  /** @proto 1 @listType atomic */
  accessModes?: string[];
  /** @proto 2 */
  resources?: VolumeResourceRequirements;
  /** @proto 3 */
  volumeName?: string;
  /** @proto 4 */
  selector?: LabelSelector;
  /** @proto 5 */
  storageClassName?: string;
  /** @proto 6 */
  volumeMode?: string;
  /** @proto 7 */
  dataSource?: TypedLocalObjectReference;
  /** @proto 8 */
  dataSourceRef?: TypedObjectReference;
  /** @proto 9 */
  volumeAttributesClassName?: string;
}

export interface PersistentVolumeClaimStatus {
  /** @proto 1 */
  phase?: string;
  /** @proto 2 @listType atomic */
  accessModes?: string[];
  /** @proto 3 */
  capacity?: Record<string, Quantity>;
  /** @proto 4 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: PersistentVolumeClaimCondition[];
  /** @proto 5 */
  allocatedResources?: Record<string, Quantity>;
  /** @proto 7 @mapType granular */
  allocatedResourceStatuses?: Record<string, string>;
  /** @proto 8 */
  currentVolumeAttributesClassName?: string;
  /** @proto 9 */
  modifyVolumeStatus?: ModifyVolumeStatus;
}

export interface PersistentVolumeClaimTemplate {
  /** @proto 1 */
  metadata?: ObjectMeta;
  /** @proto 2 */
  spec: PersistentVolumeClaimSpec;
}

export interface PersistentVolumeClaimVolumeSource {
  /** @proto 1 */
  claimName: string;
  /** @proto 2 */
  readOnly?: boolean;
}

/** @kind */
export interface PersistentVolumeList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: PersistentVolume[];
}

/** @protoOnly */
export interface PersistentVolumeSource {
  /** @proto 1 */
  gcePersistentDisk?: GCEPersistentDiskVolumeSource;
  /** @proto 2 */
  awsElasticBlockStore?: AWSElasticBlockStoreVolumeSource;
  /** @proto 3 */
  hostPath?: HostPathVolumeSource;
  /** @proto 4 */
  glusterfs?: GlusterfsPersistentVolumeSource;
  /** @proto 5 */
  nfs?: NFSVolumeSource;
  /** @proto 6 */
  rbd?: RBDPersistentVolumeSource;
  /** @proto 7 */
  iscsi?: ISCSIPersistentVolumeSource;
  /** @proto 8 */
  cinder?: CinderPersistentVolumeSource;
  /** @proto 9 */
  cephfs?: CephFSPersistentVolumeSource;
  /** @proto 10 */
  fc?: FCVolumeSource;
  /** @proto 11 */
  flocker?: FlockerVolumeSource;
  /** @proto 12 */
  flexVolume?: FlexPersistentVolumeSource;
  /** @proto 13 */
  azureFile?: AzureFilePersistentVolumeSource;
  /** @proto 14 */
  vsphereVolume?: VsphereVirtualDiskVolumeSource;
  /** @proto 15 */
  quobyte?: QuobyteVolumeSource;
  /** @proto 16 */
  azureDisk?: AzureDiskVolumeSource;
  /** @proto 17 */
  photonPersistentDisk?: PhotonPersistentDiskVolumeSource;
  /** @proto 18 */
  portworxVolume?: PortworxVolumeSource;
  /** @proto 19 */
  scaleIO?: ScaleIOPersistentVolumeSource;
  /** @proto 20 */
  local?: LocalVolumeSource;
  /** @proto 21 */
  storageos?: StorageOSPersistentVolumeSource;
  /** @proto 22 */
  csi?: CSIPersistentVolumeSource;
}

/** @protoEmbed persistentVolumeSource 2 */
export interface PersistentVolumeSpec extends PersistentVolumeSource {
  /** @proto 1 */
  capacity?: Record<string, Quantity>;
  /** @proto 3 @listType atomic */
  accessModes?: string[];
  /** @proto 4 @mapType granular */
  claimRef?: ObjectReference;
  /** @proto 5 */
  persistentVolumeReclaimPolicy?: string;
  /** @proto 6 */
  storageClassName?: string;
  /** @proto 7 @listType atomic */
  mountOptions?: string[];
  /** @proto 8 */
  volumeMode?: string;
  /** @proto 9 */
  nodeAffinity?: VolumeNodeAffinity;
  /** @proto 10 */
  volumeAttributesClassName?: string;
}

export interface PersistentVolumeStatus {
  /** @proto 1 */
  phase?: string;
  /** @proto 2 */
  message?: string;
  /** @proto 3 */
  reason?: string;
  /** @proto 4 */
  lastPhaseTransitionTime?: Time;
}

export interface PhotonPersistentDiskVolumeSource {
  /** @proto 1 */
  pdID: string;
  /** @proto 2 */
  fsType?: string;
}

/** @kind @resource pods @scope Namespaced @shortNames po @categories all */
export interface Pod {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: PodSpec;
  /** @proto 3 */
  status?: PodStatus;
}

export interface PodAffinity {
  /** @proto 1 @listType atomic */
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[];
  /** @proto 2 @listType atomic */
  preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[];
}

export interface PodAffinityTerm {
  /** @proto 1 */
  labelSelector?: LabelSelector;
  /** @proto 2 @listType atomic */
  namespaces?: string[];
  /** @proto 3 */
  topologyKey: string;
  /** @proto 4 */
  namespaceSelector?: LabelSelector;
  /** @proto 5 @listType atomic */
  matchLabelKeys?: string[];
  /** @proto 6 @listType atomic */
  mismatchLabelKeys?: string[];
}

export interface PodAntiAffinity {
  /** @proto 1 @listType atomic */
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[];
  /** @proto 2 @listType atomic */
  preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[];
}

/** @protoOnly */
export interface PodAttachOptions {
  /** @proto 1 */
  stdin?: boolean;
  /** @proto 2 */
  stdout?: boolean;
  /** @proto 3 */
  stderr?: boolean;
  /** @proto 4 */
  tty?: boolean;
  /** @proto 5 */
  container?: string;
}

export interface PodCertificateProjection {
  /** @proto 1 */
  signerName: string;
  /** @proto 2 */
  keyType: string;
  /** @proto 3 */
  maxExpirationSeconds?: Int32;
  /** @proto 4 */
  credentialBundlePath?: string;
  /** @proto 5 */
  keyPath?: string;
  /** @proto 6 */
  certificateChainPath?: string;
  /** @proto 7 */
  userAnnotations?: Record<string, string>;
}

export interface PodCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  lastProbeTime?: Time;
  /** @proto 4 */
  lastTransitionTime?: Time;
  /** @proto 5 */
  reason?: string;
  /** @proto 6 */
  message?: string;
  /** @proto 7 */
  observedGeneration?: Int64;
}

export interface PodDNSConfig {
  /** @proto 1 @listType atomic */
  nameservers?: string[];
  /** @proto 2 @listType atomic */
  searches?: string[];
  /** @proto 3 @listType atomic */
  options?: PodDNSConfigOption[];
}

export interface PodDNSConfigOption {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  value?: string;
}

/** @protoOnly */
export interface PodExecOptions {
  /** @proto 1 */
  stdin?: boolean;
  /** @proto 2 */
  stdout?: boolean;
  /** @proto 3 */
  stderr?: boolean;
  /** @proto 4 */
  tty?: boolean;
  /** @proto 5 */
  container?: string;
  /** @proto 6 */
  command?: string[];
}

export interface PodExtendedResourceClaimStatus {
  /** @proto 1 @listType atomic */
  requestMappings: ContainerExtendedResourceRequest[];
  /** @proto 2 */
  resourceClaimName: string;
}

export interface PodIP {
  /** @proto 1 */
  ip: string;
}

/** @kind */
export interface PodList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Pod[];
}

/** @protoOnly */
export interface PodLogOptions {
  /** @proto 1 */
  container?: string;
  /** @proto 2 */
  follow?: boolean;
  /** @proto 3 */
  previous?: boolean;
  /** @proto 4 */
  sinceSeconds?: Int64;
  /** @proto 5 */
  sinceTime?: Time;
  /** @proto 6 */
  timestamps?: boolean;
  /** @proto 7 */
  tailLines?: Int64;
  /** @proto 8 */
  limitBytes?: Int64;
  /** @proto 9 */
  insecureSkipTLSVerifyBackend?: boolean;
  /** @proto 10 */
  stream?: string;
}

export interface PodOS {
  /** @proto 1 */
  name: string;
}

/** @protoOnly */
export interface PodPortForwardOptions {
  /** @proto 1 */
  ports?: Int32[];
}

/** @protoOnly */
export interface PodProxyOptions {
  /** @proto 1 */
  path?: string;
}

export interface PodReadinessGate {
  /** @proto 1 */
  conditionType: string;
}

export interface PodResourceClaim {
  /** @proto 1 */
  name: string;
  /** @proto 3 */
  resourceClaimName?: string;
  /** @proto 4 */
  resourceClaimTemplateName?: string;
}

export interface PodResourceClaimStatus {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  resourceClaimName?: string;
}

export interface PodSchedulingGate {
  /** @proto 1 */
  name: string;
}

/** @union {"fields-to-discriminateBy": {"podGroupName": "PodGroupName"}} */
export interface PodSchedulingGroup {
  /** @proto 1 */
  podGroupName?: string;
}

export interface PodSecurityContext {
  /** @proto 1 */
  seLinuxOptions?: SELinuxOptions;
  /** @proto 2 */
  runAsUser?: Int64;
  /** @proto 3 */
  runAsNonRoot?: boolean;
  /** @proto 4 @listType atomic */
  supplementalGroups?: Int64[];
  /** @proto 5 */
  fsGroup?: Int64;
  /** @proto 6 */
  runAsGroup?: Int64;
  /** @proto 7 @listType atomic */
  sysctls?: Sysctl[];
  /** @proto 8 */
  windowsOptions?: WindowsSecurityContextOptions;
  /** @proto 9 */
  fsGroupChangePolicy?: string;
  /** @proto 10 */
  seccompProfile?: SeccompProfile;
  /** @proto 11 */
  appArmorProfile?: AppArmorProfile;
  /** @proto 12 */
  supplementalGroupsPolicy?: string;
  /** @proto 13 */
  seLinuxChangePolicy?: string;
}

/** @protoOnly */
export interface PodSignature {
  /** @proto 1 */
  podController?: OwnerReference;
}

export interface PodSpec {
  /** @proto 1 @listType map @listMapKey name @patchStrategy merge,retainKeys @patchMergeKey name */
  volumes?: Volume[];
  /** @proto 2 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  containers: Container[];
  /** @proto 3 */
  restartPolicy?: string;
  /** @proto 4 */
  terminationGracePeriodSeconds?: Int64;
  /** @proto 5 */
  activeDeadlineSeconds?: Int64;
  /** @proto 6 */
  dnsPolicy?: string;
  /** @proto 7 @mapType atomic */
  nodeSelector?: Record<string, string>;
  /** @proto 8 */
  serviceAccountName?: string;
  /** @proto 9 */
  serviceAccount?: string;
  /** @proto 10 */
  nodeName?: string;
  /** @proto 11 */
  hostNetwork?: boolean;
  /** @proto 12 */
  hostPID?: boolean;
  /** @proto 13 */
  hostIPC?: boolean;
  /** @proto 14 */
  securityContext?: PodSecurityContext;
  /** @proto 15 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  imagePullSecrets?: LocalObjectReference[];
  /** @proto 16 */
  hostname?: string;
  /** @proto 17 */
  subdomain?: string;
  /** @proto 18 */
  affinity?: Affinity;
  /** @proto 19 */
  schedulerName?: string;
  /** @proto 20 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  initContainers?: Container[];
  /** @proto 21 */
  automountServiceAccountToken?: boolean;
  /** @proto 22 @listType atomic */
  tolerations?: Toleration[];
  /** @proto 23 @listType map @listMapKey ip @patchStrategy merge @patchMergeKey ip */
  hostAliases?: HostAlias[];
  /** @proto 24 */
  priorityClassName?: string;
  /** @proto 25 */
  priority?: Int32;
  /** @proto 26 */
  dnsConfig?: PodDNSConfig;
  /** @proto 27 */
  shareProcessNamespace?: boolean;
  /** @proto 28 @listType atomic */
  readinessGates?: PodReadinessGate[];
  /** @proto 29 */
  runtimeClassName?: string;
  /** @proto 30 */
  enableServiceLinks?: boolean;
  /** @proto 31 */
  preemptionPolicy?: string;
  /** @proto 32 */
  overhead?: Record<string, Quantity>;
  /** @proto 33 @listType map @listMapKey topologyKey @listMapKey whenUnsatisfiable @patchStrategy merge @patchMergeKey topologyKey */
  topologySpreadConstraints?: TopologySpreadConstraint[];
  /** @proto 34 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  ephemeralContainers?: EphemeralContainer[];
  /** @proto 35 */
  setHostnameAsFQDN?: boolean;
  /** @proto 36 */
  os?: PodOS;
  /** @proto 37 */
  hostUsers?: boolean;
  /** @proto 38 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  schedulingGates?: PodSchedulingGate[];
  /** @proto 39 @listType map @listMapKey name @patchStrategy merge,retainKeys @patchMergeKey name */
  resourceClaims?: PodResourceClaim[];
  /** @proto 40 */
  resources?: ResourceRequirements;
  /** @proto 41 */
  hostnameOverride?: string;
  /** @proto 43 */
  schedulingGroup?: PodSchedulingGroup;
}

export interface PodStatus {
  /** @proto 1 */
  phase?: string;
  /** @proto 2 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: PodCondition[];
  /** @proto 3 */
  message?: string;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  hostIP?: string;
  /** @proto 6 */
  podIP?: string;
  /** @proto 7 */
  startTime?: Time;
  /** @proto 8 @listType atomic */
  containerStatuses?: ContainerStatus[];
  /** @proto 9 */
  qosClass?: string;
  /** @proto 10 @listType atomic */
  initContainerStatuses?: ContainerStatus[];
  /** @proto 11 */
  nominatedNodeName?: string;
  /** @proto 12 @listType map @listMapKey ip @patchStrategy merge @patchMergeKey ip */
  podIPs?: PodIP[];
  /** @proto 13 @listType atomic */
  ephemeralContainerStatuses?: ContainerStatus[];
  /** @proto 14 */
  resize?: string;
  /** @proto 15 @listType map @listMapKey name @patchStrategy merge,retainKeys @patchMergeKey name */
  resourceClaimStatuses?: PodResourceClaimStatus[];
  /** @proto 16 @listType atomic @patchStrategy merge @patchMergeKey ip */
  hostIPs?: HostIP[];
  /** @proto 17 */
  observedGeneration?: Int64;
  /** @proto 18 */
  extendedResourceClaimStatus?: PodExtendedResourceClaimStatus;
  /** @proto 19 */
  allocatedResources?: Record<string, Quantity>;
  /** @proto 20 */
  resources?: ResourceRequirements;
  /** @proto 21 @listType atomic */
  nodeAllocatableResourceClaimStatuses?: NodeAllocatableResourceClaimStatus[];
}

/** @protoOnly */
export interface PodStatusResult {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  metadata?: ObjectMeta;
  /** @proto 2 */
  status?: PodStatus;
}

/** @kind @resource podtemplates @scope Namespaced */
export interface PodTemplate {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  template?: PodTemplateSpec;
}

/** @kind */
export interface PodTemplateList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: PodTemplate[];
}

export interface PodTemplateSpec {
  /** @proto 1 */
  metadata?: ObjectMeta;
  /** @proto 2 */
  spec?: PodSpec;
}

export interface PortStatus {
  /** @proto 1 */
  port: Int32;
  /** @proto 2 */
  protocol: string;
  /** @proto 3 */
  error?: string;
}

export interface PortworxVolumeSource {
  /** @proto 1 */
  volumeID: string;
  /** @proto 2 */
  fsType?: string;
  /** @proto 3 */
  readOnly?: boolean;
}

/** @protoOnly */
export interface Preconditions {
  /** @proto 1 */
  uid?: string;
}

/** @protoOnly */
export interface PreferAvoidPodsEntry {
  /** @proto 1 */
  podSignature?: PodSignature;
  /** @proto 2 */
  evictionTime?: Time;
  /** @proto 3 */
  reason?: string;
  /** @proto 4 */
  message?: string;
}

export interface PreferredSchedulingTerm {
  /** @proto 1 */
  weight: Int32;
  /** @proto 2 */
  preference: NodeSelectorTerm;
}

/** @protoEmbed handler 1 */
export interface Probe extends ProbeHandler {
  /** @proto 2 */
  initialDelaySeconds?: Int32;
  /** @proto 3 */
  timeoutSeconds?: Int32;
  /** @proto 4 */
  periodSeconds?: Int32;
  /** @proto 5 */
  successThreshold?: Int32;
  /** @proto 6 */
  failureThreshold?: Int32;
  /** @proto 7 */
  terminationGracePeriodSeconds?: Int64;
}

/** @protoOnly */
export interface ProbeHandler {
  /** @proto 1 */
  exec?: ExecAction;
  /** @proto 2 */
  httpGet?: HTTPGetAction;
  /** @proto 3 */
  tcpSocket?: TCPSocketAction;
  /** @proto 4 */
  grpc?: GRPCAction;
}

export interface ProjectedVolumeSource {
  /** @proto 1 @listType atomic */
  sources?: VolumeProjection[];
  /** @proto 2 */
  defaultMode?: Int32;
}

export interface QuobyteVolumeSource {
  /** @proto 1 */
  registry: string;
  /** @proto 2 */
  volume: string;
  /** @proto 3 */
  readOnly?: boolean;
  /** @proto 4 */
  user?: string;
  /** @proto 5 */
  group?: string;
  /** @proto 6 */
  tenant?: string;
}

export interface RBDPersistentVolumeSource {
  /** @proto 1 @listType atomic */
  monitors: string[];
  /** @proto 2 */
  image: string;
  /** @proto 3 */
  fsType?: string;
  /** @proto 4 */
  pool?: string;
  /** @proto 5 */
  user?: string;
  /** @proto 6 */
  keyring?: string;
  /** @proto 7 */
  secretRef?: SecretReference;
  /** @proto 8 */
  readOnly?: boolean;
}

export interface RBDVolumeSource {
  /** @proto 1 @listType atomic */
  monitors: string[];
  /** @proto 2 */
  image: string;
  /** @proto 3 */
  fsType?: string;
  /** @proto 4 */
  pool?: string;
  /** @proto 5 */
  user?: string;
  /** @proto 6 */
  keyring?: string;
  /** @proto 7 */
  secretRef?: LocalObjectReference;
  /** @proto 8 */
  readOnly?: boolean;
}

/** @protoOnly */
export interface RangeAllocation {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  metadata?: ObjectMeta;
  /** @proto 2 */
  range?: string;
  /** @proto 3 */
  data?: Bytes;
}

/** @kind @resource replicationcontrollers @scope Namespaced @shortNames rc @categories all */
export interface ReplicationController {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: ReplicationControllerSpec;
  /** @proto 3 */
  status?: ReplicationControllerStatus;
}

export interface ReplicationControllerCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  lastTransitionTime?: Time;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  message?: string;
}

/** @kind */
export interface ReplicationControllerList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ReplicationController[];
}

export interface ReplicationControllerSpec {
  /** @proto 1 */
  replicas?: Int32;
  /** @proto 2 @mapType atomic */
  selector?: Record<string, string>;
  /** @proto 3 */
  template?: PodTemplateSpec;
  /** @proto 4 */
  minReadySeconds?: Int32;
}

export interface ReplicationControllerStatus {
  /** @proto 1 */
  replicas: Int32;
  /** @proto 2 */
  fullyLabeledReplicas?: Int32;
  /** @proto 3 */
  observedGeneration?: Int64;
  /** @proto 4 */
  readyReplicas?: Int32;
  /** @proto 5 */
  availableReplicas?: Int32;
  /** @proto 6 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: ReplicationControllerCondition[];
}

export interface ResourceClaim {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  request?: string;
}

/** @mapType atomic */
export interface ResourceFieldSelector {
  /** @proto 1 */
  containerName?: string;
  /** @proto 2 */
  resource: string;
  /** @proto 3 */
  divisor?: Quantity;
}

export interface ResourceHealth {
  /** @proto 1 */
  resourceID: string;
  /** @proto 2 */
  health?: string;
  /** @proto 6 */
  message?: string;
}

/** @kind @resource resourcequotas @scope Namespaced @shortNames quota */
export interface ResourceQuota {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: ResourceQuotaSpec;
  /** @proto 3 */
  status?: ResourceQuotaStatus;
}

/** @kind */
export interface ResourceQuotaList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ResourceQuota[];
}

export interface ResourceQuotaSpec {
  /** @proto 1 */
  hard?: Record<string, Quantity>;
  /** @proto 2 @listType atomic */
  scopes?: string[];
  /** @proto 3 */
  scopeSelector?: ScopeSelector;
}

export interface ResourceQuotaStatus {
  /** @proto 1 */
  hard?: Record<string, Quantity>;
  /** @proto 2 */
  used?: Record<string, Quantity>;
}

export interface ResourceRequirements {
  /** @proto 1 */
  limits?: Record<string, Quantity>;
  /** @proto 2 */
  requests?: Record<string, Quantity>;
  /** @proto 3 @listType map @listMapKey name */
  claims?: ResourceClaim[];
}

export interface ResourceStatus {
  /** @proto 1 */
  name: string;
  /** @proto 2 @listType map @listMapKey resourceID */
  resources?: ResourceHealth[];
}

export interface SELinuxOptions {
  /** @proto 1 */
  user?: string;
  /** @proto 2 */
  role?: string;
  /** @proto 3 */
  type?: string;
  /** @proto 4 */
  level?: string;
}

export interface ScaleIOPersistentVolumeSource {
  /** @proto 1 */
  gateway: string;
  /** @proto 2 */
  system: string;
  /** @proto 3 */
  secretRef: SecretReference;
  /** @proto 4 */
  sslEnabled?: boolean;
  /** @proto 5 */
  protectionDomain?: string;
  /** @proto 6 */
  storagePool?: string;
  /** @proto 7 */
  storageMode?: string;
  /** @proto 8 */
  volumeName?: string;
  /** @proto 9 */
  fsType?: string;
  /** @proto 10 */
  readOnly?: boolean;
}

export interface ScaleIOVolumeSource {
  /** @proto 1 */
  gateway: string;
  /** @proto 2 */
  system: string;
  /** @proto 3 */
  secretRef: LocalObjectReference;
  /** @proto 4 */
  sslEnabled?: boolean;
  /** @proto 5 */
  protectionDomain?: string;
  /** @proto 6 */
  storagePool?: string;
  /** @proto 7 */
  storageMode?: string;
  /** @proto 8 */
  volumeName?: string;
  /** @proto 9 */
  fsType?: string;
  /** @proto 10 */
  readOnly?: boolean;
}

/** @mapType atomic */
export interface ScopeSelector {
  /** @proto 1 @listType atomic */
  matchExpressions?: ScopedResourceSelectorRequirement[];
}

export interface ScopedResourceSelectorRequirement {
  /** @proto 1 */
  scopeName: string;
  /** @proto 2 */
  operator: string;
  /** @proto 3 @listType atomic */
  values?: string[];
}

/** @union {"discriminator": "type", "fields-to-discriminateBy": {"localhostProfile": "LocalhostProfile"}} */
export interface SeccompProfile {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  localhostProfile?: string;
}

/** @kind @resource secrets @scope Namespaced */
export interface Secret {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  data?: Record<string, Bytes>;
  /** @proto 3 */
  type?: string;
  /** @proto 4 */
  stringData?: Record<string, string>;
  /** @proto 5 */
  immutable?: boolean;
}

/** @protoEmbed localObjectReference 1 */
export interface SecretEnvSource extends LocalObjectReference {
  /** @proto 2 */
  optional?: boolean;
}

/** @mapType atomic @protoEmbed localObjectReference 1 */
export interface SecretKeySelector extends LocalObjectReference {
  /** @proto 2 */
  key: string;
  /** @proto 3 */
  optional?: boolean;
}

/** @kind */
export interface SecretList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Secret[];
}

/** @protoEmbed localObjectReference 1 */
export interface SecretProjection extends LocalObjectReference {
  /** @proto 2 @listType atomic */
  items?: KeyToPath[];
  /** @proto 4 */
  optional?: boolean;
}

/** @mapType atomic */
export interface SecretReference {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  namespace?: string;
}

export interface SecretVolumeSource {
  /** @proto 1 */
  secretName?: string;
  /** @proto 2 @listType atomic */
  items?: KeyToPath[];
  /** @proto 3 */
  defaultMode?: Int32;
  /** @proto 4 */
  optional?: boolean;
}

export interface SecurityContext {
  /** @proto 1 */
  capabilities?: Capabilities;
  /** @proto 2 */
  privileged?: boolean;
  /** @proto 3 */
  seLinuxOptions?: SELinuxOptions;
  /** @proto 4 */
  runAsUser?: Int64;
  /** @proto 5 */
  runAsNonRoot?: boolean;
  /** @proto 6 */
  readOnlyRootFilesystem?: boolean;
  /** @proto 7 */
  allowPrivilegeEscalation?: boolean;
  /** @proto 8 */
  runAsGroup?: Int64;
  /** @proto 9 */
  procMount?: string;
  /** @proto 10 */
  windowsOptions?: WindowsSecurityContextOptions;
  /** @proto 11 */
  seccompProfile?: SeccompProfile;
  /** @proto 12 */
  appArmorProfile?: AppArmorProfile;
}

/** @protoOnly */
export interface SerializedReference {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  reference?: ObjectReference;
}

/** @kind @resource services @scope Namespaced @shortNames svc @categories all */
export interface Service {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: ServiceSpec;
  /** @proto 3 */
  status?: ServiceStatus;
}

/** @kind @resource serviceaccounts @scope Namespaced @shortNames sa */
export interface ServiceAccount {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  secrets?: ObjectReference[];
  /** @proto 3 @listType atomic */
  imagePullSecrets?: LocalObjectReference[];
  /** @proto 4 */
  automountServiceAccountToken?: boolean;
}

/** @kind */
export interface ServiceAccountList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ServiceAccount[];
}

export interface ServiceAccountTokenProjection {
  /** @proto 1 */
  audience?: string;
  /** @proto 2 */
  expirationSeconds?: Int64;
  /** @proto 3 */
  path: string;
}

/** @kind */
export interface ServiceList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Service[];
}

export interface ServicePort {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  protocol?: string;
  /** @proto 3 */
  port: Int32;
  /** @proto 4 */
  targetPort?: IntOrString;
  /** @proto 5 */
  nodePort?: Int32;
  /** @proto 6 */
  appProtocol?: string;
}

/** @protoOnly */
export interface ServiceProxyOptions {
  /** @proto 1 */
  path?: string;
}

export interface ServiceSpec {
  /** @proto 1 @listType map @listMapKey port @listMapKey protocol @patchStrategy merge @patchMergeKey port */
  ports?: ServicePort[];
  /** @proto 2 @mapType atomic */
  selector?: Record<string, string>;
  /** @proto 3 */
  clusterIP?: string;
  /** @proto 4 */
  type?: string;
  /** @proto 5 @listType atomic */
  externalIPs?: string[];
  /** @proto 7 */
  sessionAffinity?: string;
  /** @proto 8 */
  loadBalancerIP?: string;
  /** @proto 9 @listType atomic */
  loadBalancerSourceRanges?: string[];
  /** @proto 10 */
  externalName?: string;
  /** @proto 11 */
  externalTrafficPolicy?: string;
  /** @proto 12 */
  healthCheckNodePort?: Int32;
  /** @proto 13 */
  publishNotReadyAddresses?: boolean;
  /** @proto 14 */
  sessionAffinityConfig?: SessionAffinityConfig;
  /** @proto 17 */
  ipFamilyPolicy?: string;
  /** @proto 18 @listType atomic */
  clusterIPs?: string[];
  /** @proto 19 @listType atomic */
  ipFamilies?: string[];
  /** @proto 20 */
  allocateLoadBalancerNodePorts?: boolean;
  /** @proto 21 */
  loadBalancerClass?: string;
  /** @proto 22 */
  internalTrafficPolicy?: string;
  /** @proto 23 */
  trafficDistribution?: string;
}

export interface ServiceStatus {
  /** @proto 1 */
  loadBalancer?: LoadBalancerStatus;
  /** @proto 2 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: Condition[];
}

export interface SessionAffinityConfig {
  /** @proto 1 */
  clientIP?: ClientIPConfig;
}

export interface SleepAction {
  /** @proto 1 */
  seconds: Int64;
}

export interface StorageOSPersistentVolumeSource {
  /** @proto 1 */
  volumeName?: string;
  /** @proto 2 */
  volumeNamespace?: string;
  /** @proto 3 */
  fsType?: string;
  /** @proto 4 */
  readOnly?: boolean;
  /** @proto 5 */
  secretRef?: ObjectReference;
}

export interface StorageOSVolumeSource {
  /** @proto 1 */
  volumeName?: string;
  /** @proto 2 */
  volumeNamespace?: string;
  /** @proto 3 */
  fsType?: string;
  /** @proto 4 */
  readOnly?: boolean;
  /** @proto 5 */
  secretRef?: LocalObjectReference;
}

export interface Sysctl {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  value: string;
}

export interface TCPSocketAction {
  /** @proto 1 */
  port: IntOrString;
  /** @proto 2 */
  host?: string;
}

export interface Taint {
  /** @proto 1 */
  key: string;
  /** @proto 2 */
  value?: string;
  /** @proto 3 */
  effect: string;
  /** @proto 4 */
  timeAdded?: Time;
}

export interface Toleration {
  /** @proto 1 */
  key?: string;
  /** @proto 2 */
  operator?: string;
  /** @proto 3 */
  value?: string;
  /** @proto 4 */
  effect?: string;
  /** @proto 5 */
  tolerationSeconds?: Int64;
}

export interface TopologySelectorLabelRequirement {
  /** @proto 1 */
  key: string;
  /** @proto 2 @listType atomic */
  values: string[];
}

/** @mapType atomic */
export interface TopologySelectorTerm {
  /** @proto 1 @listType atomic */
  matchLabelExpressions?: TopologySelectorLabelRequirement[];
}

export interface TopologySpreadConstraint {
  /** @proto 1 */
  maxSkew: Int32;
  /** @proto 2 */
  topologyKey: string;
  /** @proto 3 */
  whenUnsatisfiable: string;
  /** @proto 4 */
  labelSelector?: LabelSelector;
  /** @proto 5 */
  minDomains?: Int32;
  /** @proto 6 */
  nodeAffinityPolicy?: string;
  /** @proto 7 */
  nodeTaintsPolicy?: string;
  /** @proto 8 @listType atomic */
  matchLabelKeys?: string[];
}

/** @mapType atomic */
export interface TypedLocalObjectReference {
  /** @proto 1 */
  apiGroup?: string;
  /** @proto 2 */
  kind: string;
  /** @proto 3 */
  name: string;
}

export interface TypedObjectReference {
  /** @proto 1 */
  apiGroup?: string;
  /** @proto 2 */
  kind: string;
  /** @proto 3 */
  name: string;
  /** @proto 4 */
  namespace?: string;
}

/** @protoEmbed volumeSource 2 */
export interface Volume extends VolumeSource {
  /** @proto 1 */
  name: string;
}

export interface VolumeDevice {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  devicePath: string;
}

export interface VolumeMount {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  readOnly?: boolean;
  /** @proto 3 */
  mountPath: string;
  /** @proto 4 */
  subPath?: string;
  /** @proto 5 */
  mountPropagation?: string;
  /** @proto 6 */
  subPathExpr?: string;
  /** @proto 7 */
  recursiveReadOnly?: string;
}

export interface VolumeMountStatus {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  mountPath: string;
  /** @proto 3 */
  readOnly?: boolean;
  /** @proto 4 */
  recursiveReadOnly?: string;
  /** @proto 5 */
  volumeStatus?: VolumeStatus;
}

export interface VolumeNodeAffinity {
  /** @proto 1 */
  required?: NodeSelector;
}

export interface VolumeProjection {
  /** @proto 1 */
  secret?: SecretProjection;
  /** @proto 2 */
  downwardAPI?: DownwardAPIProjection;
  /** @proto 3 */
  configMap?: ConfigMapProjection;
  /** @proto 4 */
  serviceAccountToken?: ServiceAccountTokenProjection;
  /** @proto 5 */
  clusterTrustBundle?: ClusterTrustBundleProjection;
  /** @proto 6 */
  podCertificate?: PodCertificateProjection;
}

export interface VolumeResourceRequirements {
  /** @proto 1 */
  limits?: Record<string, Quantity>;
  /** @proto 2 */
  requests?: Record<string, Quantity>;
}

/** @protoOnly */
export interface VolumeSource {
  /** @proto 1 */
  hostPath?: HostPathVolumeSource;
  /** @proto 2 */
  emptyDir?: EmptyDirVolumeSource;
  /** @proto 3 */
  gcePersistentDisk?: GCEPersistentDiskVolumeSource;
  /** @proto 4 */
  awsElasticBlockStore?: AWSElasticBlockStoreVolumeSource;
  /** @proto 5 */
  gitRepo?: GitRepoVolumeSource;
  /** @proto 6 */
  secret?: SecretVolumeSource;
  /** @proto 7 */
  nfs?: NFSVolumeSource;
  /** @proto 8 */
  iscsi?: ISCSIVolumeSource;
  /** @proto 9 */
  glusterfs?: GlusterfsVolumeSource;
  /** @proto 10 */
  persistentVolumeClaim?: PersistentVolumeClaimVolumeSource;
  /** @proto 11 */
  rbd?: RBDVolumeSource;
  /** @proto 12 */
  flexVolume?: FlexVolumeSource;
  /** @proto 13 */
  cinder?: CinderVolumeSource;
  /** @proto 14 */
  cephfs?: CephFSVolumeSource;
  /** @proto 15 */
  flocker?: FlockerVolumeSource;
  /** @proto 16 */
  downwardAPI?: DownwardAPIVolumeSource;
  /** @proto 17 */
  fc?: FCVolumeSource;
  /** @proto 18 */
  azureFile?: AzureFileVolumeSource;
  /** @proto 19 */
  configMap?: ConfigMapVolumeSource;
  /** @proto 20 */
  vsphereVolume?: VsphereVirtualDiskVolumeSource;
  /** @proto 21 */
  quobyte?: QuobyteVolumeSource;
  /** @proto 22 */
  azureDisk?: AzureDiskVolumeSource;
  /** @proto 23 */
  photonPersistentDisk?: PhotonPersistentDiskVolumeSource;
  /** @proto 24 */
  portworxVolume?: PortworxVolumeSource;
  /** @proto 25 */
  scaleIO?: ScaleIOVolumeSource;
  /** @proto 26 */
  projected?: ProjectedVolumeSource;
  /** @proto 27 */
  storageos?: StorageOSVolumeSource;
  /** @proto 28 */
  csi?: CSIVolumeSource;
  /** @proto 29 */
  ephemeral?: EphemeralVolumeSource;
  /** @proto 30 */
  image?: ImageVolumeSource;
}

export interface VolumeStatus {
  /** @proto 1 */
  image?: ImageVolumeStatus;
}

export interface VsphereVirtualDiskVolumeSource {
  /** @proto 1 */
  volumePath: string;
  /** @proto 2 */
  fsType?: string;
  /** @proto 3 */
  storagePolicyName?: string;
  /** @proto 4 */
  storagePolicyID?: string;
}

export interface WeightedPodAffinityTerm {
  /** @proto 1 */
  weight: Int32;
  /** @proto 2 */
  podAffinityTerm: PodAffinityTerm;
}

export interface WindowsSecurityContextOptions {
  /** @proto 1 */
  gmsaCredentialSpecName?: string;
  /** @proto 2 */
  gmsaCredentialSpec?: string;
  /** @proto 3 */
  runAsUserName?: string;
  /** @proto 4 */
  hostProcess?: boolean;
}
