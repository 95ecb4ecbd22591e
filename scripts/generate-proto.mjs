// Derives messages and services from proto/ for the container runtimes. Writes src/kubelet/runtimes/generated/;
// nothing of it is committed. Does nothing when neither the input nor the generator has changed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const protoDir = join(root, 'proto');
const outDir = join(root, 'src', 'kubelet', 'runtimes', 'generated');
const stamp = join(outDir, '.input');

function inputHash() {
  const files = readdirSync(protoDir, { recursive: true }).filter((name) => /\.(proto|yaml)$/.test(name));
  const hash = createHash('sha256');
  const generator = join(root, 'node_modules', '@bufbuild', 'protoc-gen-es', 'package.json');
  for (const path of [...files.sort().map((name) => join(protoDir, name)), generator]) {
    hash.update(`${path.slice(root.length)}\n`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

const hash = inputHash();
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) {
  console.log('runtime messages are up to date');
} else {
  execFileSync(join(root, 'node_modules', '.bin', 'buf'), ['generate'], { cwd: protoDir, stdio: 'inherit' });
  writeFileSync(stamp, hash);
  console.log('generated runtime messages');
}
