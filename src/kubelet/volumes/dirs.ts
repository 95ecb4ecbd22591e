/** Where a pod's things stand on the node, as upstream lays them out. */
export interface PodDirs {
  pod: string;
  etcHosts: string;
  volumes: string;
  /** Links to devices that are volumes. */
  volumeDevices: string;
  subPaths: string;
  volume(plugin: string, name: string): string;
  container(name: string): string;
  subPath(volume: string, container: string, index: number): string;
}

/** The folders of one pod below the kubelet's root. */
export function podDirs(root: string, uid: string): PodDirs {
  const pod = `${root}/pods/${uid}`;
  return {
    pod,
    etcHosts: `${pod}/etc-hosts`,
    volumes: `${pod}/volumes`,
    volumeDevices: `${pod}/volumeDevices`,
    subPaths: `${pod}/volume-subpaths`,
    volume: (plugin, name) => `${pod}/volumes/kubernetes.io~${plugin}/${name}`,
    container: (name) => `${pod}/containers/${name}`,
    subPath: (volume, container, index) => `${pod}/volume-subpaths/${volume}/${container}/${index}`,
  };
}
