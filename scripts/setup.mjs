// Makes a checkout ready to run: packages from npm, generated sources, the bundle, and (as root on Debian or
// Ubuntu) the programs that nodes with real containers need. Does only what is missing, so it is cheap to repeat.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Debian's packages, with a file by which each is known to be there. */
const packages = {
  containerd: '/usr/bin/containerd',
  runc: '/usr/sbin/runc',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  nftables: '/usr/sbin/nft',
  iproute2: '/usr/sbin/ip',
  conntrack: '/usr/sbin/conntrack',
  catatonit: '/usr/bin/catatonit',
  'busybox-static': '/usr/bin/busybox',
  // The server itself, without a service that starts by itself: redis-server is a name of redis-check-rdb.
  'redis-tools': '/usr/bin/redis-check-rdb',
};

/** What the tests need beside that. */
const testPackages = { strace: '/usr/bin/strace' };

/** Programs of Debian's packages that only the tests run: taken out of them, since installed they would start by themselves. */
const testPrograms = { 'etcd-server': 'etcd', 'etcd-client': 'etcdctl' };
const programsDir = join(root, 'node_modules', '.cache', 'debian');

/** A newer etcd beside it, of the release of Debian after the one that the tests are made for; it runs on both. */
const newerRelease = { suite: 'trixie', keyring: '/usr/share/keyrings/debian-archive-keyring.gpg' };
const newerDir = join(root, 'node_modules', '.cache', 'debian-newer');

const forTests = process.argv.includes('--for-tests');

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (result.error) throw new Error(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed with exit code ${result.status}`);
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  const inside = readdirSync(path)
    .filter((n) => n !== 'generated')
    .map((name) => newest(join(path, name)));
  return Math.max(0, ...inside);
}

function installNpmPackages() {
  const stamp = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(stamp) && newest(stamp) >= newest(join(root, 'package-lock.json'))) return;
  console.error('setup: installing npm packages');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

function buildIfStale() {
  const built = newest(join(root, 'dist', 'main.js'));
  const sources = Math.max(
    ...['src', 'proto', 'scripts', 'package-lock.json'].map((p) => newest(join(root, p))),
  );
  if (built > sources && existsSync(join(root, 'src', 'api', 'generated', 'resources.ts'))) return;
  console.error('setup: building');
  run('npm', ['run', '--silent', 'generate'], { stdio: ['ignore', 'ignore', 'inherit'] });
  run('npm', ['run', '--silent', 'build']);
}

function isDebian() {
  return existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

/** Not a failure where it cannot be done: without these programs, a cluster without nodes still runs. */
function installDebianPackages() {
  const missing = Object.entries({ ...packages, ...(forTests && testPackages) })
    .filter(([, file]) => !existsSync(file))
    .map(([name]) => name);
  if (missing.length === 0 || process.getuid?.() !== 0 || !isDebian()) return;
  console.error(`setup: installing Debian packages ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, stdio: ['ignore', 'ignore', 'inherit'] };
  try {
    run('apt-get', ['update', '-qq'], options);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], options);
  } catch (error) {
    console.error(`setup: ${error.message}; \`bin/k8ts doctor\` says what is missing`);
  }
}

/** Not a failure either: tests that need them are skipped and say so. */
function unpackTestPrograms() {
  const missing = Object.entries(testPrograms)
    .filter(
      ([, name]) => !existsSync(join(programsDir, 'usr', 'bin', name)) && !existsSync(`/usr/bin/${name}`),
    )
    .map(([name]) => name);
  if (missing.length === 0 || !isDebian()) return;
  console.error(`setup: unpacking Debian packages ${missing.join(' ')}`);
  mkdirSync(programsDir, { recursive: true });
  try {
    if (process.getuid?.() === 0)
      run('apt-get', ['update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'] });
    run('apt-get', ['download', '-qq', ...missing], { cwd: programsDir });
    unpackArchives(programsDir);
  } catch (error) {
    console.error(`setup: ${error.message}; tests against etcd will be skipped`);
  }
}

function unpackArchives(dir) {
  const archives = readdirSync(dir).filter((name) => name.endsWith('.deb'));
  for (const name of archives) run('dpkg-deb', ['--extract', name, '.'], { cwd: dir });
}

/** By lists of apt's that are kept here alone: what the machine itself installs stays as it is. */
function unpackNewerTestPrograms() {
  const names = Object.values(testPrograms);
  if (names.every((name) => existsSync(join(newerDir, 'usr', 'bin', name))) || !isDebian()) return;
  console.error(`setup: unpacking etcd of Debian ${newerRelease.suite}`);
  const apt = join(newerDir, 'apt');
  for (const dir of ['lists/partial', 'archives/partial']) mkdirSync(join(apt, dir), { recursive: true });
  const { suite, keyring } = newerRelease;
  const source = `deb [signed-by=${keyring}] http://deb.debian.org/debian ${suite} main\n`;
  writeFileSync(join(apt, 'sources.list'), source);
  writeFileSync(join(apt, 'status'), '');
  const settings = {
    'Dir::Etc::sourcelist': join(apt, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State': apt,
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache': apt,
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  try {
    run('apt-get', [...options, 'update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'] });
    run('apt-get', [...options, 'download', '-qq', ...Object.keys(testPrograms)], { cwd: newerDir });
    unpackArchives(newerDir);
  } catch (error) {
    console.error(`setup: ${error.message}; tests against etcd 3.5 will be skipped`);
  }
  rmSync(apt, { recursive: true });
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`k8ts needs Node.js 20.19 or newer; this is ${process.versions.node}`);
  process.exit(1);
}

checkNode();
try {
  installNpmPackages();
  buildIfStale();
  if (!process.argv.includes('--no-system-packages')) installDebianPackages();
  if (forTests) {
    unpackTestPrograms();
    unpackNewerTestPrograms();
  }
} catch (error) {
  console.error(`setup: ${error.message}`);
  process.exit(1);
}
