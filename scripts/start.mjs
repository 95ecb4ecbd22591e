// `npm start`: sets up what is missing, then a cluster with the guestbook. Without root, the control plane alone.
import { spawn, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'bin', 'k8ts');

const setup = spawnSync(process.execPath, [join(root, 'scripts', 'setup.mjs')], { stdio: ['ignore', 2, 2] });
if (setup.status !== 0) process.exit(setup.status ?? 1);

const doctor = spawnSync(process.execPath, [program, 'doctor'], { stdio: ['ignore', 'pipe', 'inherit'] });
const args = process.argv.slice(2);
if (doctor.status !== 0 && !args.includes('--nodes')) {
  process.stderr.write(doctor.stdout);
  process.stderr.write(
    '\nStarting the control plane alone (--nodes 0): the API with its controllers and scheduler.\n',
  );
  args.push('--nodes', '0');
} else args.push('--example', join(root, 'examples', 'guestbook'));

const child = spawn(program, ['up', ...args], { stdio: 'inherit' });
// Ctrl-C reaches the child by itself; this process waits for it to clean up.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal === 'SIGINT' || child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
