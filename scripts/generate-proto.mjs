// Derives messages and services from proto/: of container runtimes into src/kubelet/runtimes/generated/, of plugins into
// src/kubelet/plugins/generated/, of etcd into src/store/etcd/generated/, of key services into src/apiserver/encryption/kms/generated/; nothing of it is committed. Does nothing when neither the input nor the generator has changed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const protoDir = join(root, 'proto');
const parts = [
  { template: 'buf.gen.yaml', out: join(root, 'src', 'kubelet', 'runtimes', 'generated') },
  { template: 'buf.gen.plugins.yaml', out: join(root, 'src', 'kubelet', 'plugins', 'generated') },
  { template: 'buf.gen.etcd.yaml', out: join(root, 'src', 'store', 'etcd', 'generated') },
  {
    template: 'buf.gen.kms.yaml',
    out: join(root, 'src', 'apiserver', 'encryption', 'kms', 'generated'),
  },
];

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
const isFresh = (stamp) => existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
for (const { template, out } of parts) {
  const stamp = join(out, '.input');
  if (isFresh(stamp)) continue;
  mkdirSync(out, { recursive: true });
  const args = ['generate', '--template', template];
  execFileSync(join(root, 'node_modules', '.bin', 'buf'), args, { cwd: protoDir, stdio: 'inherit' });
  writeFileSync(stamp, hash);
  console.log(`generated ${out.slice(root.length + 1)}`);
}
