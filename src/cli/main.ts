import { Command, Option } from 'commander';
import { mostSimulatedNodes } from '../cluster/options.ts';
import { directory, flagValues, spanMs, wholeNumber } from './arguments.ts';
import { withControlPlaneFlags } from './control-plane-flags.ts';
import { withEtcdFlags } from './etcd-flags.ts';
import { fail, printError } from './output.ts';
import { keepHangupIgnored } from './world.ts';

/** Where a cluster is kept unless the user says: the system's place for root, the user's own otherwise. */
function defaultDataDir(): string {
  if (process.env.K8TS_DATA_DIR) return process.env.K8TS_DATA_DIR;
  if (process.getuid?.() === 0) return '/var/lib/k8ts';
  const home = process.env.XDG_DATA_HOME ?? `${process.env.HOME ?? '.'}/.local/share`;
  return `${home}/k8ts`;
}

const dataDirOption = () =>
  new Option('--data-dir <dir>', 'where the cluster keeps what outlives a start')
    .argParser(directory)
    .default(defaultDataDir());
const uplinkOption = () =>
  new Option('--uplink <kind>', 'way of the pods to other networks').choices(['nat', 'none']);

function addUp(program: Command): void {
  withControlPlaneFlags(program.command('up'))
    .description('run a cluster on this machine until Ctrl-C')
    .option(
      '--nodes <n>',
      'nodes to run; 0 is the control plane alone, which needs no root',
      wholeNumber(0, mostSimulatedNodes),
      1,
    )
    .addOption(
      new Option('--runtime <kind>', 'what runs the containers')
        .choices(['containerd', 'simulated'])
        .default('containerd'),
    )
    .addOption(dataDirOption())
    .option(
      '--port <port>',
      'port of the API server; 0 is any free one (default: 6443, or a free one)',
      wholeNumber(0, 65535),
    )
    .option(
      '--kubeconfig <file>',
      "where the administrator's kubeconfig is written (default: in the data directory)",
    )
    .addOption(
      new Option('--store <kind>', 'where objects are kept')
        .choices(['embedded', 'memory', 'etcd'])
        .default('embedded'),
    )
    .addOption(uplinkOption().default('none'))
    .option('--detach', 'go on in the background once the cluster is ready')
    .option(
      '--example <dir>',
      'load the images and apply the manifests of an example once the cluster is ready',
    )
    .option('--verbose', 'show what components say, instead of keeping it in the log file only')
    .action(async (options, command) =>
      (await import('./commands/up.ts')).up({ ...options, all: flagValues(command) }),
    );
}

function addOthers(program: Command): void {
  program
    .command('down')
    .description('stop a cluster or an agent and remove all it has put on this machine but its data')
    .addOption(dataDirOption())
    .option('--purge', 'remove the data directory too')
    .action(async (options) => (await import('./commands/down.ts')).down(options));
  program
    .command('status')
    .description('what runs, and what is unwell and why')
    .addOption(dataDirOption())
    .action(async (options) => (await import('./commands/status.ts')).status(options));
  program
    .command('doctor')
    .description('what this machine lacks for running nodes, and how to mend it')
    .action(async () => (await import('./commands/doctor.ts')).doctor());
  const image = program.command('image').description('images on the nodes');
  image
    .command('load <file...>')
    .description('put image archives (OCI or docker-save tar) on every node that runs from here')
    .addOption(dataDirOption())
    .action(async (files, options) => (await import('./commands/image-load.ts')).loadImages(files, options));
  const node = program.command('node').description('nodes of the running cluster, one by one');
  node
    .command('stop <name>')
    .description('end everything that runs on a node at once, as if its power had gone')
    .addOption(dataDirOption())
    .action(async (name, options) => (await import('./commands/node.ts')).stop(name, options));
  node
    .command('start <name>')
    .description('start a stopped node again')
    .addOption(dataDirOption())
    .action(async (name, options) => (await import('./commands/node.ts')).start(name, options));
}

const many = (value: string, all: string[] = []) => [...all, ...value.split(',').filter(Boolean)];

/** The parts of a cluster of several machines. */
function addMachines(program: Command): void {
  withControlPlaneFlags(program.command('server'))
    .description('run the control plane of a cluster of several machines')
    .addOption(dataDirOption())
    .addOption(
      new Option('--store <kind>', 'where objects are kept; servers on one etcd make one cluster')
        .choices(['embedded', 'etcd'])
        .default('embedded'),
    )
    .option('--port <port>', 'port of the API server; 0 is any free one', wholeNumber(0, 65535), 6443)
    .option('--bind-address <address>', 'address to listen on', '0.0.0.0')
    .option('--advertise-address <address>', 'where others find this server (default: its first address)')
    .option('--tls-san <name>', 'further name or address it is called by; may be repeated', many)
    .option(
      '--server <url>',
      'running server of the cluster to join; may be repeated or separated by commas',
      many,
    )
    .option('--token <token>', 'server token of the cluster to join (default: the one in the data directory)')
    .option('--kubeconfig <file>', "where the administrator's kubeconfig is written")
    .option('--verbose', 'show what components say, instead of keeping it in the log file only')
    .action(async (options, command) =>
      (await import('./commands/server.ts')).server({ ...options, all: flagValues(command) }),
    );
  program
    .command('agent')
    .description('run one node')
    .option('--config <file>', 'a whole node configuration, instead of the options below')
    .option('--server <url>', 'API server to join; may be repeated or separated by commas', many)
    .option('--token <token>', 'join token, needed the first time')
    .option('--discovery-token-ca-cert-hash <hash>', "hash the cluster's authority must have", many)
    .addOption(dataDirOption())
    .option('--node-name <name>', "name of the node (default: the machine's)")
    .option(
      '--node-ip <address>',
      'addresses of the node: one, or one of each family with a comma between them (default: the first of the machine, of the families that pods have)',
    )
    .addOption(
      new Option('--runtime <kind>', 'what runs the containers')
        .choices(['containerd', 'simulated'])
        .default('containerd'),
    )
    .action(async (options) => (await import('./commands/agent.ts')).agent(options));
  addTokens(program);
}

function addTokens(program: Command): void {
  const token = program.command('token').description('tokens with which machines join the cluster');
  const at = (command: Command) =>
    command
      .addOption(dataDirOption())
      .option('--kubeconfig <file>', "the administrator's kubeconfig (default: that of the data directory)");
  at(token.command('create [token]'))
    .description('make a token and print it')
    .option('--ttl <time>', 'how long it holds, such as 24h or 90m; 0 is for ever', '24h')
    .option('--usages <usages>', 'what it is for', 'signing,authentication')
    .option('--groups <groups>', 'groups of its holder', 'system:bootstrappers:kubeadm:default-node-token')
    .option('--description <text>', 'what it is for, in words')
    .option('--print-join-command', 'print the command for a new node instead of the token alone')
    .action(async (text, options) => (await import('./commands/token.ts')).create(text, options));
  at(token.command('list'))
    .description('show all tokens')
    .action(async (options) => (await import('./commands/token.ts')).list(options));
  at(token.command('delete <token...>'))
    .description('take tokens back, by their ids')
    .action(async (ids, options) => (await import('./commands/token.ts')).remove(ids, options));
  token
    .command('generate')
    .description('print a token that no cluster knows yet')
    .action(async () => (await import('./commands/token.ts')).generate());
}

function addSnapshot(program: Command): void {
  const snapshot = program.command('snapshot').description('all objects of a cluster in one file');
  snapshot
    .command('save <file>')
    .description('save the objects and keys of a cluster, whether it runs or not')
    .addOption(dataDirOption())
    .option('--without-history', 'only the newest version of each object')
    .option('--without-keys', 'not the authorities and keys: a cluster restored from it trusts nobody of old')
    .action(async (file, options) => (await import('./commands/snapshot.ts')).save(file, options));
  snapshot
    .command('restore <file>')
    .description('make the data directory of a cluster that does not run')
    .addOption(dataDirOption())
    .option('--replace', 'also where the directory is not empty; what is replaced is kept beside it')
    .option(
      '--bump-revision <n>',
      'how far above that of the snapshot the revision goes on, so that none comes twice (default: 1000000000)',
      wholeNumber(0, 2 ** 40),
    )
    .action(async (file, options) => (await import('./commands/snapshot.ts')).restore(file, options));
  snapshot
    .command('inspect <file>')
    .description('what is in a snapshot, and whether it is whole')
    .addOption(new Option('-o, --output <form>', 'how to say it').choices(['json']))
    .action(async (file, options) => (await import('./commands/snapshot.ts')).inspect(file, options));
}

function addMigrate(program: Command): void {
  const kinds = ['embedded', 'etcd'];
  const from = new Option('--from <kind>', 'where the objects are').choices(kinds).makeOptionMandatory();
  const to = new Option('--to <kind>', 'where they go').choices(kinds).makeOptionMandatory();
  const migrate = program
    .command('migrate')
    .description('move the objects of a cluster that does not run from one kind of store to another')
    .addOption(from)
    .addOption(to)
    .addOption(dataDirOption())
    .action(async (options) => (await import('./commands/migrate.ts')).migrate(options));
  withEtcdFlags(migrate, 'from or to which the objects go');
}

function addEtcd(program: Command): void {
  program
    .command('etcd')
    .description("serve the embedded store by itself, under etcd's v3 interface: a cluster of one node")
    .option('--data-dir <dir>', 'where it is kept', directory, `${defaultDataDir()}/etcd`)
    .option('--name <name>', 'the name of its one member', 'default')
    .option('--listen-client-urls <urls>', 'where to listen, separated by commas', 'http://127.0.0.1:2379')
    .option('--cert-file <file>', 'the certificate to show to clients')
    .option('--key-file <file>', 'its key')
    .option('--trusted-ca-file <file>', 'authorities that certificates of clients must stand on')
    .option('--client-cert-auth', 'send clients away that show no such certificate')
    .option('--max-txn-ops <n>', 'operations in a transaction', wholeNumber(1, 4096), 128)
    .option('--max-request-bytes <n>', 'size of a request', wholeNumber(1024, 2 ** 30), 1_572_864)
    .option(
      '--experimental-watch-progress-notify-interval <time>',
      'how often watches are told how far they are (default: 10m)',
      spanMs,
    )
    .action(async (options) => (await import('./commands/etcd.ts')).etcd(options));
}

async function main(): Promise<void> {
  const { version } = await import('../cluster/version.ts');
  const program = new Command('k8ts')
    .description('Kubernetes in TypeScript: a whole cluster in a second')
    .version(version)
    .showHelpAfterError('(add --help for the options)');
  addUp(program);
  addOthers(program);
  addSnapshot(program);
  addMigrate(program);
  addMachines(program);
  addEtcd(program);
  await program.parseAsync(process.argv);
}

keepHangupIgnored();
// Nobody may be listening any more; that is no reason to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
process.on('unhandledRejection', (error) => {
  printError(error);
  process.exit(1);
});
// A timer of the cluster's clock does not keep the process alive; a command that is not done does.
const alive = setInterval(() => {}, 2 ** 30);
main()
  .catch(fail)
  .finally(() => clearInterval(alive));
