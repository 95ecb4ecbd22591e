import type { Line } from '../support/lines.ts';

/** The lines of the list's section for the command line, in its order. */
export const lines: readonly Line[] = [
  {
    id: 'guestbook',
    title: 'the guestbook keeps what is written',
    shownBy: {
      file: 'test/e2e/real-cluster.test.ts',
      test: 'the guestbook keeps what is written, on every node',
    },
  },
  { id: 'api-versions', title: 'the API versions hold v1' },
  { id: 'cluster-info', title: 'the control plane runs' },
  { id: 'describe', title: 'a pod, its controller, Service, node and namespace are described' },
  { id: 'diff', title: 'a manifest differs from the live Deployment by its image' },
  { id: 'expose', title: 'a ReplicationController is exposed, and the Service again' },
  { id: 'label', title: 'a label is added and taken away' },
  { id: 'patch', title: 'every pod of a ReplicationController is annotated' },
  { id: 'replace', title: "a pod's image is replaced" },
  { id: 'run', title: 'a pod of one container' },
  { id: 'dry-run', title: 'a dry run on the server changes nothing' },
  { id: 'version', title: 'client and server say their versions' },
  { id: 'proxy-socket', title: 'a proxy on a socket' },
  { id: 'proxy-port', title: 'a proxy on any free port' },
  { id: 'replication-controller', title: 'a ReplicationController has the pods it wants' },
  { id: 'scale', title: 'pods follow the scale' },
  { id: 'logs', title: 'logs: whole, last lines, bytes, with times, by age' },
];
